"""The lists that a new hospital starts from, as CSV files beside this module."""
