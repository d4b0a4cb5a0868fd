"""Reads lists of patients from CSV: any columns, any of the usual encodings, named by whoever imports."""
