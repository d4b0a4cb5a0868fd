"""The demo hospital's rosters: kinds of shift, patterns, who follows them, and what a session needs."""

from collections.abc import Iterable
from datetime import date, time, timedelta

from resources.cycle import CYCLE_MONDAY
from resources.models import (
    Hue,
    PatternShift,
    Profession,
    RosterAssignment,
    RosterPattern,
    Shift,
    ShiftKind,
    Specialty,
    StaffMember,
    TeamNeed,
    Unavailability,
)
from resources.models.availability import UnavailabilityKind
from scheduling.demo.calendar import CALL_DAY, CALL_NIGHT, LONG_DAY, WORKING_WEEK
from scheduling.demo.staff import ON_CALL
from scheduling.period import Period
from scheduling.rostering import planned_shifts

KINDS = (
    ("early", "Early", (time(7), time(15)), False, Hue.TEAL),
    ("late", "Late", (time(12), time(20)), False, Hue.AMBER),
    ("long", "Long day", LONG_DAY, False, Hue.BLUE),
    ("emergency-day", "Emergency day", CALL_DAY, False, Hue.RED),
    ("night", "Night", CALL_NIGHT, False, Hue.INDIGO),
    ("on-call", "On call", (time(18, 30), time(7, 30)), True, Hue.VIOLET),
)
"""Code, name, hours, on call, colour."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
CALLED_IN = frozenset({Profession.RADIOGRAPHER, Profession.PERFUSIONIST})
"""Who is on call from home the night before the day off."""
EVERYWHERE = (
    Profession.ANAESTHETIST,
    Profession.ANAESTHETIC_NURSE,
    Profession.SCRUB_NURSE,
    Profession.CIRCULATING_NURSE,
)
BESIDE = {
    "cardiothoracic": Profession.PERFUSIONIST,
    "vascular": Profession.RADIOGRAPHER,
    "orthopaedics": Profession.RADIOGRAPHER,
}
"""Whom some specialties need beside those whom every session needs; they need two scrub nurses, too."""

Kinds = dict[str, ShiftKind]


def make_rosters(people: Iterable[StaffMember], days: list[date], today: date) -> None:
    """Give everybody a pattern, lay it out for ``days``, and say what sessions need.

    Most work four long days a week, the last of each profession day and night in turn in the emergency theatre.
    """
    kinds = {
        code: ShiftKind.objects.create(code=code, name=name, starts=hours[0], ends=hours[1], on_call=on_call, hue=hue)
        for code, name, hours, on_call, hue in KINDS
    }
    _make_needs()
    by_profession: dict[str, list[StaffMember]] = {}
    for person in people:
        by_profession.setdefault(person.profession, []).append(person)
    patterns = _Patterns(kinds, WORKING_WEEK | {today.isoweekday()})
    assignments = [
        RosterAssignment(staff_member=person, pattern=pattern, starts_on=starts_on)
        for profession, group in by_profession.items()
        for person, pattern, starts_on in (
            *patterns.elective(group[:-ON_CALL], days[0], called_in=profession in CALLED_IN),
            *patterns.emergency(group[-ON_CALL:], days[0]),
        )
    ]
    RosterAssignment.objects.bulk_create(assignments)
    _lay_out(assignments, days)


def lay_out_again(first: date, last: date) -> None:
    """Give everybody the shifts of ``first`` through ``last``, days that have none yet, by the pattern they follow.

    Patterns that began when the demo was loaded are followed back before that.
    """
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    assignments = list(RosterAssignment.objects.select_related("pattern"))
    for one in assignments:
        if one.starts_on > first:  # whole turns earlier, so that every week stays the week of the pattern it is
            turn = timedelta(weeks=one.pattern.weeks)
            one.starts_on -= turn * -(-(one.starts_on - first) // turn)
    RosterAssignment.objects.bulk_update(assignments, ["starts_on"])
    _lay_out(assignments, days)


def _make_needs() -> None:
    specialties = {row.code: row for row in Specialty.objects.all()}
    needs = [TeamNeed(profession=profession) for profession in EVERYWHERE]
    for code, profession in BESIDE.items():
        needs += [
            TeamNeed(specialty=specialties[code], profession=one, quantity=2 if one == Profession.SCRUB_NURSE else 1)
            for one in (*EVERYWHERE, profession)
        ]
    TeamNeed.objects.bulk_create(needs)


class _Patterns:
    """Makes each pattern when the first person needs it."""

    def __init__(self, kinds: Kinds, worked: frozenset[int]) -> None:
        self.kinds, self.worked = kinds, worked
        self.made: dict[str, RosterPattern] = {}

    def elective(
        self, group: list[StaffMember], first: date, *, called_in: bool
    ) -> Iterable[tuple[StaffMember, RosterPattern, date]]:
        """Give each another day off, where there are enough people."""
        many = len(group) > len(WEEKDAYS)
        for number, person in enumerate(group):
            off = number % len(WEEKDAYS) + 1 if many else 0
            yield person, self.long_days(off, called_in=called_in and bool(off)), first

    def long_days(self, off: int, *, called_in: bool) -> RosterPattern:
        """Return long days on all weekdays that are worked but ``off``."""
        name = f"Long days, {WEEKDAYS[off - 1]} off" if off else "Long days"
        if not called_in:
            return self.make(name, 1, [(1, day, "long") for day in self.worked - {off}])
        night = (off - 2) % 7 + 1
        shifts = [(1, day, "long") for day in self.worked - {off}]
        return self.make(f"{name}, on call the night before", 1, [*shifts, (1, night, "on-call")])

    def emergency(self, group: list[StaffMember], first: date) -> Iterable[tuple[StaffMember, RosterPattern, date]]:
        """Give all the same three weeks, each a week later than the one before: a day, a night, a day off."""
        days = [(week, weekday) for week in (1, 2, 3) for weekday in range(1, 8)]
        turns = [(*day, "emergency-day") for day in days[::ON_CALL]] + [(*day, "night") for day in days[1::ON_CALL]]
        pattern = self.make("Emergency team: day, night, off", ON_CALL, turns)
        monday = first - timedelta(days=first.weekday())
        monday -= timedelta(weeks=(monday - CYCLE_MONDAY).days // 7 % ON_CALL)
        for number, person in enumerate(group):
            yield person, pattern, monday - timedelta(weeks=number)

    def make(self, name: str, weeks: int, shifts: Iterable[tuple[int, int, str]]) -> RosterPattern:
        if name not in self.made:
            pattern = RosterPattern.objects.create(name=name, weeks=weeks)
            PatternShift.objects.bulk_create(
                PatternShift(pattern=pattern, week=week, weekday=weekday, kind=self.kinds[code])
                for week, weekday, code in shifts
            )
            self.made[name] = pattern
        return self.made[name]


def _leave() -> dict[int, list[Period]]:
    """Return when people are on leave."""
    leave: dict[int, list[Period]] = {}
    rows = Unavailability.objects.filter(kind=UnavailabilityKind.LEAVE)
    for person, period in rows.values_list("resource", "period"):
        leave.setdefault(person, []).append(Period.of(period))
    return leave


def _lay_out(assignments: list[RosterAssignment], days: list[date]) -> None:
    """Lay out but for leave, which was known; who is sick since has shifts all the same."""
    leave = _leave()
    shifts = PatternShift.objects.select_related("kind")
    Shift.objects.bulk_create(
        (
            Shift(
                staff_member_id=one.assignment.staff_member_id,
                period=one.period.as_range(),
                kind=one.kind,
                on_call=one.kind.on_call,
                assignment=one.assignment,
                day=one.day,
                by_hand=False,
            )
            for one in planned_shifts(assignments, list(shifts), days[0], days[-1])
            if not any(one.period.overlaps(away) for away in leave.get(one.assignment.staff_member_id, ()))
        ),
        batch_size=500,
    )
