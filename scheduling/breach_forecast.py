"""How many of those who wait will be past their due date, week by week.

Pure: from who waits, what is booked and how fast a specialty works, to counts. In words:

* A patient is **past the due date** at the end of a week if the due date is before the first day after that week.
  While the clock is paused no day counts: whoever was in time when the pause began stays in time.
* **If nothing is booked**: everybody who waits now goes on waiting.
* **At the recent pace**: the specialty does as many planned operations a week as it did on average over the last
  :data:`PACE_WEEKS` weeks. What is booked already takes its part of that; the rest goes to those who wait, in order of
  due date. Who is paused is passed over until the pause ends.

As a formula, with P operations a week and B(j) booked in week j::

    room(k)   = floor( sum over j = 1..k of max(0, P - B(j)) )
    past(k)   = number of those not among the first room(k) in order of due date, with due date < today + 7 k

New patients who join the list are not in it, and nobody is counted who is booked: this is about those who wait now.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import floor

WEEKS = 12
"""How far ahead the forecast looks."""
PACE_WEEKS = 8
"""Weeks back from which the pace is taken."""
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """One operation that waits. ``paused_since``: a pause without an end; ``away_until``: one that ends on that day.

    ``counts`` says whether it is among those asked about: the others stand in the same queue.
    """

    number: int
    due_on: date | None
    paused_since: date | None = None
    away_until: date | None = None
    counts: bool = True

    def is_past(self, day: date) -> bool:
        """Say whether the due date is before ``day``."""
        limit = min(day, self.paused_since) if self.paused_since else day
        return self.due_on is not None and self.due_on < limit

    def can_come(self, day: date) -> bool:
        """Say whether it could be done before ``day``."""
        return self.paused_since is None and (self.away_until is None or self.away_until < day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """The count at the end of one week, which is the day before ``ends``."""

    ends: date
    if_nothing: int
    at_pace: int

    @property
    def last_day(self) -> date:
        """The week's last day."""
        return self.ends - timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What to expect of one queue: how many wait and are past due now, and the weeks to come."""

    waiting: int
    past_now: int
    done: int
    booked: int
    weeks: tuple[Week, ...]

    @property
    def pace(self) -> float:
        """Planned operations a week over the last weeks."""
        return self.done / PACE_WEEKS


def forecast(queue: Sequence[Waits], *, today: date, done: int, booked: Sequence[int], weeks: int = WEEKS) -> Forecast:
    """Return the forecast of one specialty.

    ``done`` is how many planned operations it did in the last :data:`PACE_WEEKS` weeks, ``booked`` how many are booked
    in each of the weeks from today on.
    """
    in_order = sorted(queue, key=lambda one: (one.due_on or date.max, one.number))
    pace, room, taken = Fraction(done, PACE_WEEKS), Fraction(0), set[int]()
    found = []
    for week in range(1, weeks + 1):
        ends = today + week * WEEK
        room += max(Fraction(0), pace - (booked[week - 1] if week <= len(booked) else 0))
        _take(in_order, taken, floor(room), ends)
        past = [one for one in in_order if one.counts and one.is_past(ends)]
        left = sum(one.number not in taken for one in past)
        found.append(Week(ends=ends, if_nothing=len(past), at_pace=left))
    counted = [one for one in queue if one.counts]
    return Forecast(
        waiting=len(counted),
        past_now=sum(one.is_past(today) for one in counted),
        done=done,
        booked=sum(booked[:weeks]),
        weeks=tuple(found),
    )


def _take(in_order: Sequence[Waits], taken: set[int], room: int, ends: date) -> None:
    """Let those come who are first in order and can, until ``room`` have come in all."""
    for one in in_order:
        if len(taken) >= room:
            return
        if one.number not in taken and one.can_come(ends):
            taken.add(one.number)


def together(forecasts: Collection[Forecast]) -> Forecast:
    """Return the sum of the forecasts of several queues for the same weeks."""
    columns = zip(*(one.weeks for one in forecasts), strict=True)
    return Forecast(
        waiting=sum(one.waiting for one in forecasts),
        past_now=sum(one.past_now for one in forecasts),
        done=sum(one.done for one in forecasts),
        booked=sum(one.booked for one in forecasts),
        weeks=tuple(
            Week(
                ends=column[0].ends,
                if_nothing=sum(week.if_nothing for week in column),
                at_pace=sum(week.at_pace for week in column),
            )
            for column in columns
        ),
    )
