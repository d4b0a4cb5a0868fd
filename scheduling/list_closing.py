"""When a theatre's list of a day is closed. Pure: from the hospital's rules and what people decided, to an instant.

A list closes by itself at the time that the rule names, so many working days before it, by the clock on the wall; a
working day is Monday to Friday and no holiday of the site, so Monday's and the weekend's lists close on Friday. A list
with sessions of several specialties closes with the earliest of them. What people decide counts from when they decide
it: a list that was opened again is open until somebody closes it, or until its own closing time comes after that.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from scheduling.localtime import wall_clock

SATURDAY = 6
FARTHEST = timedelta(days=42)
"""A list further ahead can't have closed by itself: the most is 14 working days before, with holidays among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingTime:
    """A rule: for a specialty, or without one for all others. ``closes`` false: by hand only."""

    specialty: int | None
    closes: bool
    days_before: int
    at: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Somebody closed a list, or opened it again."""

    closed: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Since when a list is closed, and whether somebody did that by hand."""

    since: datetime
    by_hand: bool


def working_day_before(day: date, count: int, holidays: Collection[date] = ()) -> date:
    """Return the ``count``-th working day before ``day``; 0 is the day itself, whichever it is."""
    for _ in range(count):
        day -= timedelta(days=1)
        while day.isoweekday() >= SATURDAY or day in holidays:
            day -= timedelta(days=1)
    return day


def closes_by_itself(
    day: date, times: Sequence[ClosingTime], specialties: Collection[int], holidays: Collection[date] = ()
) -> datetime | None:
    """Return when the list of ``day`` with sessions of ``specialties`` closes by itself, ``None`` if never.

    ``holidays`` are those of the theatre's site.
    """
    by_specialty = {one.specialty: one for one in times}
    for_all = by_specialty.get(None)
    rules = [by_specialty.get(specialty, for_all) for specialty in specialties] or [for_all]
    instants = [
        wall_clock(working_day_before(day, rule.days_before, holidays), rule.at)
        for rule in rules
        if rule and rule.closes
    ]
    return min(instants, default=None)


def closed_list(by_itself: datetime | None, decisions: Sequence[Decision], now: datetime) -> Closed | None:
    """Return since when a list is closed at ``now``, ``None`` while it is open."""
    events = [(one.at, one.closed, True) for one in decisions if one.at <= now]
    if by_itself is not None and by_itself <= now:
        events.append((by_itself, True, False))
    found: Closed | None = None
    for at, closes, by_hand in sorted(events):
        if not closes:
            found = None
        elif found is None:
            found = Closed(since=at, by_hand=by_hand)
    return found
