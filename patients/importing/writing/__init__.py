"""Writes what a file says of patients: locks, compares with what is here, then creates, updates or leaves alone."""

from patients.importing.writing.batches import Writer

__all__ = ["Writer"]
