"""Where an emergency could go now, and what each place costs those who are on the list already.

Pure: from the day as it is to be expected, to proposals. :mod:`scheduling.services.emergencies` writes one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduling.period import Period

GRID = timedelta(minutes=5)
OVERTIME_WEIGHT = 1.75
"""A minute over the session costs as much as so many within it; see r in the glossary's measures, section 3.4."""
BUMP_WEIGHT = 120
"""Putting a case back on the waiting list weighs as much as so many minutes of delay: the patient goes home."""
MOST_OVER = 30
"""A pushed case that would end more minutes after the theatre closes is put back on the waiting list instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A case of the theatre's list that has not begun; minutes, and the version that was looked at."""

    number: int
    version: int
    planned: Period
    set_up: int
    clean_up: int
    turnover: int = 0
    """Its specialty's standard minutes, 0 without any of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TheatreNow:
    """One theatre: when its patient will be out (None: it is empty), the clean-up after, its list, when it closes.

    ``turnover`` is its standard minutes, ``turnover_now`` those after the patient in it.
    """

    theatre: int
    free_from: datetime | None
    clean_up: int
    turnover: int
    turnover_now: int = 0
    listed: Sequence[Listed]
    closes: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A case that is pushed back, and by how many minutes."""

    case: Listed
    start: datetime
    late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One proposal.

    ``over`` is the minutes beyond closing that it adds, ``after_limit`` those after the urgency's limit.
    """

    theatre: int
    period: Period
    moved: tuple[Moved, ...]
    bumped: tuple[Listed, ...]
    over: int
    after_limit: int

    @property
    def minutes_late(self) -> int:
        """Minutes of delay, over all cases that are pushed back."""
        return sum(one.late for one in self.moved)

    @property
    def cost(self) -> float:
        """What it costs the others, in minutes of delay."""
        return self.minutes_late + OVERTIME_WEIGHT * self.over + BUMP_WEIGHT * len(self.bumped)


def place_in(
    theatre: TheatreNow,
    *,
    minutes: int,
    set_up: int,
    clean_up: int,
    turnover: int = 0,
    now: datetime,
    limit: datetime,
    bumped: frozenset[int],
) -> Place:
    """Return the earliest place in a theatre, with what it does to the list.

    ``minutes`` is wheels-in to wheels-out, ``bumped`` are numbers of cases that can't be pushed and go back to the
    waiting list. A case keeps its place where it can; those that can't wait in line are pushed back one after another.
    """
    start = now + timedelta(minutes=set_up)
    if theatre.free_from:
        gap = max(theatre.turnover, theatre.turnover_now, turnover, theatre.clean_up + set_up)
        start = max(start, theatre.free_from + timedelta(minutes=gap))
    period = Period.lasting(_up(start), minutes)
    moved: list[Moved] = []
    gone: list[Listed] = [case for case in theatre.listed if case.number in bumped]
    end, after, last_turnover = period.end, clean_up, turnover
    for case in sorted(theatre.listed, key=lambda one: one.planned):
        if case.number in bumped:
            continue
        earliest = end + timedelta(minutes=max(theatre.turnover, last_turnover, case.turnover, after + case.set_up))
        begins = max(case.planned.start, _up(earliest)) if earliest > case.planned.start else case.planned.start
        ends = begins + timedelta(minutes=case.planned.minutes)
        if begins > case.planned.start and theatre.closes and ends > theatre.closes + timedelta(minutes=MOST_OVER):
            gone.append(case)
            continue
        if begins > case.planned.start:
            moved.append(Moved(case=case, start=begins, late=_minutes(begins - case.planned.start)))
        end, after, last_turnover = ends, case.clean_up, case.turnover
    last = max((case.planned.end for case in theatre.listed), default=now)
    return Place(
        theatre=theatre.theatre,
        period=period,
        moved=tuple(moved),
        bumped=tuple(gone),
        over=_beyond(end, theatre.closes) - _beyond(last, theatre.closes) if theatre.closes else 0,
        after_limit=max(0, _minutes(period.start - limit)),
    )


def ranked(places: Sequence[Place], most: int = 3) -> list[Place]:
    """Return the best: within the limit first, then what costs the others least, then the earliest."""
    return sorted(places, key=lambda one: (one.after_limit, max(0, one.cost), one.period.start, one.theatre))[:most]


def _beyond(end: datetime, closes: datetime) -> int:
    return max(0, _minutes(end - closes))


def _minutes(length: timedelta) -> int:
    return round(length / timedelta(minutes=1))


def _up(at: datetime) -> datetime:
    """Return the next five minutes."""
    past = timedelta(seconds=at.timestamp() % GRID.total_seconds())
    return at + (GRID - past if past else past)
