"""The day board: theatres down, time across, in a fixed number of queries for any number of either."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from resources.models import Theatre
from scheduling.models import Operation, Status
from scheduling.period import Period, without
from scheduling.projection import Expected
from scheduling.querysets import local_midnight
from scheduling.selectors.closed_lists import ClosedLine, closed_lines
from scheduling.selectors.expecting import WORTH_SAYING, expected, milestones_of
from scheduling.selectors.sessions import TheatreDay, theatre_days
from scheduling.selectors.similar_names import similar_names

USUAL_HOURS = (7, 19)
"""What the board shows on a quiet day; cases and blocks outside widen it."""
NAMED_GAP = 30
"""Minutes from which free time is worth naming."""
STATES = {
    Status.SCHEDULED: "scheduled",
    Status.ARRIVED: "arrived",
    Status.IN_THEATRE: "progress",
    Status.RECOVERY: "done",
    Status.COMPLETED: "done",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A stretch of a lane: minutes of elapsed time from the board's start, and what to write on it."""

    start: int
    minutes: int
    label: str = ""
    hue: str = ""
    period: Period | None = None
    """The stretch itself where it is free and not over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseBar:
    """One operation in its lane; ``tail`` is the turnover after it, clipped at the next case.

    ``start`` and ``minutes`` are what the board has room for. A case over midnight begins before it
    (``begins`` is negative) or ends after it; ``lasts`` is its whole length. ``state`` is scheduled,
    arrived, delayed, emergency, progress or done; ``state_label`` says it in words.
    """

    operation: Operation
    start: int
    minutes: int
    begins: int
    lasts: int
    tail: int
    state: str
    state_label: str
    time_label: str
    expected_label: str
    """When it is expected instead, on the day itself; empty while it is as planned."""
    similar: str
    """That another patient at the site has the same surname, or nearly so; empty where nobody has."""

    @property
    def standing(self) -> str:
        """Return what may be said of it: open, confidential, nameless or busy (that there is something)."""
        operation: Any = self.operation
        if operation.is_open:
            return "open"
        return "confidential" if operation.is_listed else "nameless" if operation.is_nameless else "busy"

    @property
    def hue(self) -> str:
        """Return the specialty's colour."""
        return self.operation.specialty.hue

    @property
    def ends_here(self) -> bool:
        """Say whether its end is on the board, where it can be taken hold of."""
        return self.begins + self.lasts <= self.start + self.minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class TheatreRow:
    """One theatre's day. ``utilisation`` is planned in-room minutes within opening hours, in percent."""

    theatre: Theatre
    owners: str
    blocks: list[Bar]
    closed: list[Bar]
    free: list[Bar]
    cases: list[CaseBar]
    used_minutes: int
    open_minutes: int
    closed_list: ClosedLine | None
    """Since when the order of its list is settled."""

    @property
    def utilisation(self) -> int | None:
        """Return percent, or ``None`` on a day on which the theatre is not open."""
        return round(100 * self.used_minutes / self.open_minutes) if self.open_minutes else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBoard:
    """Everything the day page shows; positions are minutes of elapsed time from ``period.start``.

    ``hours`` are the marks on the board. ``jumps`` are the hours of the day after it at which the
    clock does not go on as usual: a case over midnight may reach beyond a change of clocks.
    """

    day: date
    period: Period
    now: int | None
    hours: list[tuple[int, str]]
    jumps: list[tuple[int, str]]
    rows: list[TheatreRow]

    @property
    def span(self) -> int:
        """Minutes across."""
        return self.period.minutes

    @property
    def cases(self) -> int:
        """How many operations are on the board."""
        return sum(len(row.cases) for row in self.rows)

    @property
    def utilised(self) -> int | None:
        """Planned utilisation of all open theatres: sum over sum, in percent."""
        opened = sum(row.open_minutes for row in self.rows)
        return round(100 * sum(row.used_minutes for row in self.rows) / opened) if opened else None

    def _count(self, state: str) -> int:
        return sum(case.state == state for row in self.rows for case in row.cases)

    @property
    def delayed(self) -> int:
        """How many should have started and have not."""
        return self._count("delayed")

    @property
    def emergencies(self) -> int:
        """How many emergencies are not yet in theatre."""
        return self._count("emergency")

    @property
    def previous_day(self) -> date:
        """The day before."""
        return self.day - timedelta(days=1)

    @property
    def next_day(self) -> date:
        """The day after."""
        return self.day + timedelta(days=1)


def day_board(day: date, viewer: User, *, now: datetime | None = None) -> DayBoard:
    """Return the board of a local day as it stands at ``now``, as far as ``viewer`` may see it."""
    now = now or timezone.now()
    operations = _by_theatre(
        Operation.objects.on(day).with_facts().with_board_standing(viewer).order_by("period", "pk")
    )
    theatres = [t for t in Theatre.objects.all() if t.in_use or t.pk in operations]
    days = {theatre: entry for (theatre, _), entry in theatre_days(theatres, [day]).items()}
    window = _window(day, operations, days.values())
    outlook = _outlook([one for rows in operations.values() for one in rows], day, now)
    similar = similar_names((one for rows in operations.values() for one in rows if one.is_open), day)
    settled = closed_lines([theatre.pk for theatre in theatres], day, now)
    rows = [
        _row(theatre, operations[theatre.pk], days[theatre.pk], window, now, outlook, similar, settled.get(theatre.pk))
        for theatre in theatres
    ]
    now_minute = _minute(window, now) if window.start <= now < window.end else None
    hours, jumps = _hours(window), _jumps(window)
    return DayBoard(day=day, period=window, now=now_minute, hours=hours, jumps=jumps, rows=rows)


def _outlook(operations: list[Operation], day: date, now: datetime) -> dict[int, Expected]:
    """Return what to expect of today's cases; other days are what was planned, or over."""
    if day != timezone.localdate(now):
        return {}
    return expected(operations, milestones_of(operations), now)


def _by_theatre(rows: Iterable[Any]) -> dict[int, list[Any]]:
    groups: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        groups[row.theatre_id].append(row)
    return groups


def _window(day: date, operations: dict[int, list[Operation]], entries: Iterable[TheatreDay]) -> Period:
    """Return the whole hours to show: the usual ones, widened to every case and session of the day."""
    whole = Period(local_midnight(day), local_midnight(day + timedelta(days=1)))
    first, last = USUAL_HOURS
    shown = [Period(_at_hour(day, first), _at_hour(day, last))]
    shown += [Period.of(o.period).widened(after=o.clean_up_minutes) for rows in operations.values() for o in rows]
    shown += [session.period for entry in entries for session in entry.sessions]
    start, end = min(p.start for p in shown), max(p.end for p in shown)
    return Period(max(whole.start, _floor_hour(start)), min(whole.end, _ceil_hour(end)))


def _at_hour(day: date, hour: int) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()).replace(hour=hour))


def _floor_hour(at: datetime) -> datetime:
    return at - timedelta(seconds=at.timestamp() % 3600)


def _ceil_hour(at: datetime) -> datetime:
    return at + timedelta(seconds=-at.timestamp() % 3600)


def _hours(window: Period) -> list[tuple[int, str]]:
    """Return a label for each elapsed hour; on a clock-change night one is missing or comes twice."""
    return [(minute, f"{_clock(window, minute):%H:%M}") for minute in range(0, window.minutes, 60)]


def _jumps(window: Period) -> list[tuple[int, str]]:
    after = range(window.minutes, window.minutes + 24 * 60, 60)
    return [
        (minute, f"{_clock(window, minute):%H:%M}")
        for minute in after
        if _clock(window, minute).utcoffset() != _clock(window, minute - 60).utcoffset()
    ]


def _clock(window: Period, minute: int) -> datetime:
    return timezone.localtime(window.start + timedelta(minutes=minute))


def _minute(window: Period, at: datetime) -> int:
    return int((at - window.start).total_seconds() // 60)


def _row(
    theatre: Theatre,
    operations: list[Operation],
    entry: TheatreDay,
    window: Period,
    now: datetime,
    outlook: dict[int, Expected],
    similar: dict[int, str],
    settled: ClosedLine | None,
) -> TheatreRow:
    in_room = [Period.of(operation.period) for operation in operations]
    taken = [
        p.widened(before=o.set_up_minutes, after=_tail(theatre, o)) for p, o in zip(in_room, operations, strict=True)
    ]
    gaps = [gap for period in entry.opened for gap in without(period, taken)]
    return TheatreRow(
        theatre=theatre,
        owners=entry.owners,
        blocks=[_bar(window, session.period, session.owner, session.hue) for session in entry.sessions],
        closed=[_bar(window, period, label) for period, label in entry.closures if period.overlaps(window)],
        free=[_free(window, gap, now) for gap in _shown(gaps, window) if gap.minutes >= NAMED_GAP],
        cases=_cases(theatre, operations, window, now, outlook, similar),
        used_minutes=entry.used_minutes(in_room),
        open_minutes=entry.open_minutes,
        closed_list=settled,
    )


def _shown(periods: Iterable[Period], window: Period) -> list[Period]:
    return [Period(max(p.start, window.start), min(p.end, window.end)) for p in periods if p.overlaps(window)]


def _bar(window: Period, period: Period, label: str = "", hue: str = "") -> Bar:
    (shown,) = _shown([period], window) or [Period(window.start, window.start)]
    return Bar(start=_minute(window, shown.start), minutes=shown.minutes, label=label, hue=hue)


def _free(window: Period, gap: Period, now: datetime) -> Bar:
    """Return a free stretch; what is left of it from now on can still be filled."""
    left = Period(max(gap.start, now), gap.end) if gap.end > now else None
    return replace(_bar(window, gap), period=left if left and left.minutes >= NAMED_GAP else None)


def _tail(theatre: Theatre, operation: Operation) -> int:
    standard = max(theatre.turnover_minutes, operation.specialty.turnover_minutes or 0)
    minutes: int = max(standard, operation.clean_up_minutes)
    return minutes


def _cases(
    theatre: Theatre,
    operations: list[Operation],
    window: Period,
    now: datetime,
    outlook: dict[int, Expected],
    similar: dict[int, str],
) -> list[CaseBar]:
    starts = [Period.of(operation.period).start for operation in operations[1:]] + [window.end]
    bars = []
    for operation, following in zip(operations, starts, strict=False):  # none: an empty theatre
        period = Period.of(operation.period)
        room_after = Period(period.end, max(following, period.end)).minutes
        state, label = _state(operation, now)
        bar = _bar(window, period)
        bars.append(
            CaseBar(
                operation=operation,
                start=bar.start,
                minutes=bar.minutes,
                begins=_minute(window, period.start),
                lasts=period.minutes,
                tail=min(_tail(theatre, operation), room_after),
                state=state,
                state_label=label,
                time_label=str(period),
                expected_label=_expected_label(outlook.get(operation.pk)),
                similar=similar.get(operation.pk, ""),
            )
        )
    return bars


def _expected_label(one: Expected | None) -> str:
    if one is None or one.case.ended or max(one.late, one.over) < WORTH_SAYING:
        return ""
    return str(one.period)


def _state(operation: Operation, now: datetime) -> tuple[str, str]:
    """Return state and words; a late start and an emergency matter more than "scheduled"."""
    if operation.is_movable and operation.priority.emergency:
        return "emergency", "Emergency"
    if operation.is_movable and Period.of(operation.period).start < now:
        return "delayed", "Should have started"
    return STATES[Status(operation.status)], operation.get_status_display()
