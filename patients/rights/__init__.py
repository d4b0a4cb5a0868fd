"""Rights of the patient: what is held, restriction, rectification, retention and erasure."""
