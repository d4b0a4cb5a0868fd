"""Pages and commands of the schedule; each view fetches, asks a service or selector, and answers."""
