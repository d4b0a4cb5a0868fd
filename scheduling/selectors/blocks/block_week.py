"""Whose theatre time it is, week by week."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from resources.models import (
    BlockRelease,
    LayOut,
    Theatre,
)
from resources.models.sessions import RELEASE_STANDS
from scheduling.models import Operation
from scheduling.period import Period, merged
from scheduling.querysets import local_midnight
from scheduling.selectors.blocks.laying_out import laid_out_until
from scheduling.selectors.blocks.theatre_time import state_of
from scheduling.selectors.sessions import theatre_days
from scheduling.selectors.week import DAYS, monday_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One session in its cell. ``used`` and ``minutes`` are in-room minutes and the session's length.

    ``state``: owned, open, first (its specialty has it first), hold, closed or emergency.
    """

    number: int
    owner: str
    hue: str
    clock: str
    minutes: int
    used: int
    state: str
    released: bool

    @property
    def load(self) -> int:
        """Percent of the session that is booked."""
        return round(100 * self.used / self.minutes) if self.minutes else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockCell:
    """One theatre on one day; ``closed`` says why where it is not open."""

    day: date
    chips: list[Chip]
    closed: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockWeek:
    """Theatres down, days across. ``laid_out_until`` is the last day with a session, or None."""

    days: list[date]
    rows: list[tuple[Theatre, list[BlockCell]]]
    laid_out_until: date | None
    last_run: LayOut | None

    @property
    def previous(self) -> date:
        """A day of the week before."""
        return self.days[0] - timedelta(days=DAYS)

    @property
    def next(self) -> date:
        """A day of the week after."""
        return self.days[0] + timedelta(days=DAYS)

    @property
    def is_empty(self) -> bool:
        """Say whether no session is laid out in this week."""
        return not any(cell.chips for _, cells in self.rows for cell in cells)


def block_week(day: date) -> BlockWeek:
    """Return the week of ``day``, in a fixed number of queries."""
    days = [monday_of(day) + timedelta(days=offset) for offset in range(DAYS)]
    theatres = list(Theatre.objects.filter(in_use=True))
    entries = theatre_days(theatres, days)
    numbers = [session.number for entry in entries.values() for session in entry.sessions]
    released = set(
        BlockRelease.objects.filter(RELEASE_STANDS, session__in=numbers).values_list("session_id", flat=True)
    )
    booked = _in_room(theatres, days)
    now = timezone.now()
    rows = []
    for theatre in theatres:
        cells = []
        for one in days:
            entry = entries[theatre.pk, one]
            chips = [
                Chip(
                    number=session.number,
                    owner=session.owner,
                    hue=session.hue,
                    clock=str(session.period),
                    minutes=session.period.minutes,
                    used=sum(a.shared_minutes(session.period) for a in booked[theatre.pk, one]),
                    state=state_of(session.kind, session.open_from, now),
                    released=session.number in released,
                )
                for session in entry.sessions
            ]
            cells.append(BlockCell(day=one, chips=chips, closed=" · ".join(entry.closed), is_open=bool(entry.opened)))
        rows.append((theatre, cells))
    run = LayOut.objects.select_related("by").first()
    return BlockWeek(days=days, rows=rows, laid_out_until=laid_out_until(), last_run=run)


def _in_room(theatres: Sequence[Theatre], days: Sequence[date]) -> dict[tuple[int, date], list[Period]]:
    window = Period(local_midnight(days[0]), local_midnight(days[-1] + timedelta(days=1)))
    rows = Operation.objects.filter(theatre__in=theatres, period__overlap=window.as_range())
    found: dict[tuple[int, date], list[Period]] = defaultdict(list)
    for theatre, period in rows.values_list("theatre_id", "period"):
        planned = Period.of(period)
        found[theatre, timezone.localdate(planned.start)].append(planned)
    return defaultdict(list, {key: merged(periods) for key, periods in found.items()})
