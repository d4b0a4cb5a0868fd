"""Dates as FHIR writes them: a day, a month or a year alone, or an instant with its zone."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from patients.importing.texts import BadValueError
from patients.models import BirthAccuracy

YEAR, MONTH, DAY = 4, 7, 10
"""Characters of a date that is known to the year, the month, the day."""
OLDEST = date(1850, 1, 1)
TOLERANCE = timedelta(days=1)
"""Clocks and zones differ; beyond a day, what has not come yet is a typing error."""


@dataclass(frozen=True, slots=True)
class Day:
    """A date as far as it is known: the first and the last day that it can be, in the hospital's zone."""

    first: date
    last: date
    accuracy: BirthAccuracy

    @property
    def is_exact(self) -> bool:
        """Say whether it is one day."""
        return self.first == self.last


def read_day(value: Any, element: str) -> Day | None:
    """Return a FHIR date or dateTime as days; raises for one that can't be."""
    if value is None:
        return None
    text = value.as_json()
    day = _day(text)
    if day.first < OLDEST:
        raise BadValueError(element, f"{text} is before {OLDEST.year}. Check the year.")
    return day


def past_day(value: Any, element: str) -> Day | None:
    """Return a date that must have come."""
    day = read_day(value, element)
    if day and day.first > timezone.localdate() + TOLERANCE:
        raise BadValueError(element, f"{value.as_json()} has not come yet.")
    return day


def _day(text: str) -> Day:
    if len(text) > DAY:
        local = timezone.localtime(datetime.fromisoformat(text)).date()
        return Day(local, local, BirthAccuracy.DAY)
    if len(text) == DAY:
        day = date.fromisoformat(text)
        return Day(day, day, BirthAccuracy.DAY)
    year, month = int(text[:YEAR]), int(text[YEAR + 1 :] or 0)
    if len(text) == MONTH:
        following = date(year + month // 12, month % 12 + 1, 1)
        return Day(date(year, month, 1), following - timedelta(days=1), BirthAccuracy.MONTH)
    return Day(date(year, 1, 1), date(year, 12, 31), BirthAccuracy.YEAR)


def instant(value: Any) -> datetime | None:
    """Return an instant, or ``None`` for a date without a time."""
    text = value.as_json() if value is not None else ""
    return datetime.fromisoformat(text) if len(text) > DAY else None


def in_order(start: Day | None, end: Day | None, element: str) -> None:
    """Raise where something certainly ended before it began."""
    if start and end and end.last < start.first:
        raise BadValueError(element, f"{end.last} is before it began, {start.first}.")
