"""Where an operation would fit: theatre, surgeon and everything it needs free at once."""

from scheduling.slots.finding import Slot, find_free_slots

__all__ = ["Slot", "find_free_slots"]
