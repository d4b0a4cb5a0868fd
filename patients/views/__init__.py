"""Pages about access to a patient."""
