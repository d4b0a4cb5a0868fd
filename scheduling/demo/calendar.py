"""The demo's days: which are worked, and when a day's work begins and ends."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from scheduling.models import Operation
from scheduling.period import Period

DAY_OPENS, DAY_CLOSES = time(8), time(18)
"""When the elective theatres open and close."""

LONG_DAY = (time(7, 30), time(18, 30))
"""A day shift: set-up before the first patient to clean-up after the last."""

WORKING_WEEK = frozenset({1, 2, 3, 4, 5})
"""Monday to Friday as ISO 8601 numbers them."""

CALL_DAY, CALL_NIGHT = (time(7, 30), time(20)), (time(20), time(7, 30))
"""The two shifts of the emergency team."""


def at(day: date, clock: time) -> datetime:
    """Return the instant of a local time."""
    return timezone.make_aware(datetime.combine(day, clock))


def stretch(day: date, starts: time, ends: time) -> Period:
    """Return a local stretch; one that ends at or before its start ends the next day."""
    last = day if ends > starts else day + timedelta(days=1)
    return Period(at(day, starts), at(last, ends))


def is_worked(day: date, today: date) -> bool:
    """Say whether elective theatres work: Monday to Friday, and the weekday of ``today`` itself."""
    return day.isoweekday() in WORKING_WEEK or day == today


def working_days(today: date, count: int) -> Iterator[date]:
    """Yield the ``count`` working days before (negative) or after ``today``, the nearest first."""
    step = timedelta(days=1 if count > 0 else -1)
    day, left = today, abs(count)
    while left:
        day += step
        if is_worked(day, today):
            left -= 1
            yield day


def planned(operation: Operation) -> Period:
    """Return the planned wheels-in to wheels-out of an operation that is booked."""
    return Period.of(operation.period)
