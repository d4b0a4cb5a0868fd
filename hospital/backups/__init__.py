"""Backups: the whole database in one encrypted file, read back when made, and restored for practice."""
