"""What became of a list that was imported."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from scheduling.importing.case import Case
from scheduling.importing.overlaps import DoubleBooking


class Outcome(StrEnum):
    """What became of one row."""

    BOOKED = "booked"
    THERE = "already there"
    DIFFERS = "differs, left as it is"
    REFUSED = "refused"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row's outcome; ``reason`` is a sentence, ``others`` the case numbers that stand in the way."""

    outcome: Outcome
    case: Case
    reason: str = ""
    others: tuple[str, ...] = ()


@dataclass(slots=True)
class Imported:
    """The outcome of every row that could be read, and what was made or accepted on the way.

    ``accepted`` counts the soft conflicts by rule, ``made`` the rows added to the hospital's lists.
    """

    entries: list[Entry] = field(default_factory=list)
    accepted: Counter[str] = field(default_factory=Counter)
    made: dict[str, list[str]] = field(default_factory=dict)
    double_bookings: list[DoubleBooking] = field(default_factory=list)
