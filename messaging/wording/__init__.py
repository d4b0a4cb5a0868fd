"""What is said: kinds of messages, the fields that may stand in them, and their words."""
