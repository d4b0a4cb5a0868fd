"""Pages about a patient's rights."""
