"""From patterns to dated shifts: what laying out a stretch of days would add, change, remove and leave.

Pure: it reads nothing and writes nothing. Nothing is laid out while somebody is away; what somebody changed or took
out by hand stays so; what has begun is over for the roster.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from resources.cycle import week_of_cycle
from resources.models import PatternShift, RosterAssignment, Shift, ShiftKind
from scheduling.localtime import wall_clock
from scheduling.period import Period

MOST_DAYS = 366
"""So many days are laid out in one go: an assignment without an end would never be done."""

Origin = tuple[int, date, int]
"""Assignment, day and kind of shift: which day of a pattern a shift is."""


class Verb(StrEnum):
    """What would happen to one shift."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"
    SAME = "same"
    KEEP = "keep"
    CLASH = "clash"
    AWAY = "away"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One shift as a pattern has it for a day."""

    assignment: RosterAssignment
    day: date
    kind: ShiftKind
    period: Period

    @property
    def origin(self) -> Origin:
        """Return what it is laid out from."""
        return self.assignment.pk, self.day, self.kind.pk


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One line of the preview. ``shift`` is what stands there, or, for a clash, what stands in the way."""

    verb: Verb
    staff_member_id: int
    day: date
    planned: Planned | None = None
    shift: Shift | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """Return what tells this line from another, to notice that something changed meanwhile."""
        planned, shift = self.planned, self.shift
        return (
            self.verb,
            self.staff_member_id,
            self.day.isoformat(),
            (*planned.origin, str(planned.period.start), str(planned.period.end)) if planned else None,
            (shift.pk, seen_of(shift)) if shift else None,
        )


def shift_period(day: date, starts: time, ends: time) -> Period | None:
    """Return a shift of ``day`` by the clock on the wall; one that does not end after its start ends the next day.

    ``None`` where the change of clocks leaves nothing of it.
    """
    last = day + timedelta(days=1) if ends <= starts else day
    start, end = wall_clock(day, starts), wall_clock(last, ends)
    return Period(start, end) if start < end else None


def seen_of(shift: Shift) -> str:
    """Return what a page sends back, to notice that somebody changed the shift after it was shown."""
    period = Period.of(shift.period)
    state = (shift.staff_member_id, period.start.isoformat(), period.end.isoformat(), shift.kind_id, shift.on_call)
    return hashlib.sha256(repr(state).encode()).hexdigest()[:16]


def digest_of(lines: Iterable[Difference]) -> str:
    """Return one word for a whole preview."""
    return hashlib.sha256(repr([line.key for line in lines]).encode()).hexdigest()[:32]


def planned_shifts(
    assignments: Iterable[RosterAssignment], shifts: Iterable[PatternShift], first: date, last: date
) -> Iterator[Planned]:
    """Yield the shifts that ``assignments`` have from ``first`` through ``last``; ``shifts`` are their patterns'.

    The first week of a pattern is the week in which the assignment begins.
    """
    by_place: dict[tuple[int, int, int], list[PatternShift]] = defaultdict(list)
    for shift in shifts:
        by_place[shift.pattern_id, shift.week, shift.weekday].append(shift)
    for assignment in assignments:
        begins = max(first, assignment.starts_on)
        ends = min(last, assignment.ends_on or last)
        for offset in range((ends - begins).days + 1):
            day = begins + timedelta(days=offset)
            week = week_of_cycle(day, assignment.pattern.weeks, assignment.starts_on)
            for shift in by_place[assignment.pattern_id, week, day.isoweekday()]:
                period = shift_period(day, shift.kind.starts, shift.kind.ends)
                if period is not None:
                    yield Planned(assignment=assignment, day=day, kind=shift.kind, period=period)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What stands already. ``laid_out`` are the shifts that came from the patterns, ``others`` all the rest.

    ``taken_out`` are days of patterns that somebody took out by hand. ``away`` is by person.
    """

    laid_out: Sequence[Shift]
    others: Sequence[Shift]
    taken_out: Collection[Origin]
    away: dict[int, list[Period]]


def differences(planned: Iterable[Planned], standing: Standing, now: datetime) -> list[Difference]:
    """Compare what is planned with what stands, in order of day and person.

    Of two that overlap, what stands and stays wins, then the earlier.
    """
    comparison = _Comparison(standing, now)
    by_day: dict[tuple[int, date], list[Planned]] = defaultdict(list)
    for one in planned:
        by_day[one.assignment.pk, one.day].append(one)
    pairs: list[tuple[Planned, Shift | None]] = []
    for key in sorted(by_day, key=lambda key: (key[1], key[0])):
        pairs += comparison.matched(key, sorted(by_day[key], key=lambda one: one.period))
    for one, shift in pairs:
        if shift and comparison.stays_while_away(one, shift):
            comparison.taken[shift.staff_member_id].append((Period.of(shift.period), shift))
    for one, shift in pairs:
        comparison.add(one, shift)
    return comparison.lines()


class _Comparison:
    def __init__(self, standing: Standing, now: datetime) -> None:
        self.standing, self.now = standing, now
        self.found: list[Difference] = []
        self.meant: set[int] = set()
        self.by_origin: dict[tuple[int | None, date | None], list[Shift]] = defaultdict(list)
        self.taken: dict[int, list[tuple[Period, Shift | None]]] = defaultdict(list)
        for shift in standing.laid_out:
            self.by_origin[shift.assignment_id, shift.day].append(shift)
        for shift in (*standing.others, *filter(self.is_fixed, standing.laid_out)):
            self.taken[shift.staff_member_id].append((Period.of(shift.period), shift))

    def is_fixed(self, shift: Shift) -> bool:
        """Say whether laying out leaves it alone."""
        return shift.by_hand or Period.of(shift.period).start <= self.now

    def stays_while_away(self, one: Planned, shift: Shift) -> bool:
        """Say whether the shift stays as it is because the person is away at the time that is planned."""
        return not self.is_fixed(shift) and one.period.start > self.now and self.is_away(one)

    def is_away(self, one: Planned) -> bool:
        away = self.standing.away.get(one.assignment.staff_member_id, ())
        return any(one.period.overlaps(period) for period in away)

    def matched(self, key: tuple[int, date], planned: list[Planned]) -> list[tuple[Planned, Shift | None]]:
        """Match the day's planned shifts with those that stand: the same kind first, then what is left of both.

        What was taken out by hand has no shift, and takes none from another of the day.
        """
        left = list(self.by_origin[key])
        pairs: dict[Origin, Shift] = {}
        for same_kind in (True, False):
            for one in planned:
                if not same_kind and one.origin in self.standing.taken_out:
                    continue
                match = next((s for s in left if not same_kind or s.kind_id == one.kind.pk), None)
                if match and one.origin not in pairs:
                    pairs[one.origin] = match
                    left.remove(match)
        return [(one, pairs.get(one.origin)) for one in planned]

    def add(self, one: Planned, shift: Shift | None) -> None:
        person = one.assignment.staff_member_id
        if shift and self.is_fixed(shift):
            self.note(Verb.KEEP, one, shift)
        elif one.period.start <= self.now:
            return  # it would have begun already
        elif one.origin in self.standing.taken_out and shift is None:
            self.note(Verb.KEEP, one)
        elif self.is_away(one):
            self.note(Verb.AWAY, one, shift)  # a shift that stands there stays, and does not count while away
        elif (in_the_way := self.in_the_way(one)) is not None:
            self.note(Verb.CLASH, one, in_the_way[1])
        else:
            verb = Verb.ADD if shift is None else Verb.SAME if _is_as_planned(shift, one) else Verb.CHANGE
            self.note(verb, one, shift)
            self.taken[person].append((one.period, None))

    def in_the_way(self, one: Planned) -> tuple[Period, Shift | None] | None:
        taken = self.taken[one.assignment.staff_member_id]
        return next((entry for entry in taken if entry[0].overlaps(one.period)), None)

    def note(self, verb: Verb, one: Planned, shift: Shift | None = None) -> None:
        if shift is not None and verb != Verb.CLASH:
            self.meant.add(shift.pk)
        person = one.assignment.staff_member_id
        self.found.append(Difference(verb=verb, staff_member_id=person, day=one.day, planned=one, shift=shift))

    def lines(self) -> list[Difference]:
        """Return everything, with what no pattern asks for any more."""
        for shift in self.standing.laid_out:
            if shift.pk not in self.meant and Period.of(shift.period).start > self.now and shift.day:
                verb = Verb.KEEP if shift.by_hand else Verb.REMOVE
                line = Difference(verb=verb, staff_member_id=shift.staff_member_id, day=shift.day, shift=shift)
                self.found.append(line)
        return sorted(self.found, key=_in_order)


def _in_order(line: Difference) -> tuple[date, int, datetime, str]:
    period = line.planned.period if line.planned else Period.of(line.shift.period) if line.shift else None
    return line.day, line.staff_member_id, period.start if period else datetime.max.replace(tzinfo=UTC), line.verb


def _is_as_planned(shift: Shift, one: Planned) -> bool:
    same_time = Period.of(shift.period) == one.period and shift.on_call == one.kind.on_call
    return same_time and shift.kind_id == one.kind.pk and shift.staff_member_id == one.assignment.staff_member_id
