"""The patient's record: what it consists of, how each part is changed, and what it was before."""
