"""One row of a theatre list, read and checked, and what is said of a row that can't be."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scheduling.milestones import status_of
from scheduling.models import EventKind, Side, Status
from scheduling.period import Period


class ImportFileError(Exception):
    """The file, or its mapping, is not what it should be; no row of it was read."""


class BadRowError(ValueError):
    """One row can't be understood; the message says which value and what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A row that could not be read: ``line`` is where it starts in the file, counted from 1."""

    line: int
    number: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row: ``period`` is the booked wheels-in to wheels-out, ``events`` what really happened.

    ``theatre`` and ``specialty`` are the file's own words, ``number`` its case number, ``mrn`` the
    patient's number where the file has one.
    """

    line: int
    number: str
    theatre: str
    specialty: str
    procedure_code: str
    procedure: str
    period: Period
    events: Mapping[str, datetime]
    mrn: str = ""
    side: str = Side.NOT_APPLICABLE

    @property
    def minutes(self) -> int:
        """Booked minutes in theatre."""
        return self.period.minutes

    @property
    def status(self) -> Status:
        """Return how far the case has come, as its actual times prove; wheels out completes it."""
        if EventKind.OUT in self.events:
            return Status.COMPLETED
        return Status(status_of(self.events))

    def __str__(self) -> str:
        """Return the case as a report names it."""
        return f"case {self.number} (line {self.line})"
