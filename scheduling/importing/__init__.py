"""Reads a hospital's theatre list from a file; :mod:`scheduling.services.importing` books it."""
