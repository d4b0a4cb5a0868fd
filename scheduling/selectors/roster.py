"""The roster of a week: people down, days across, and where people are lacking."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from resources.models import Profession, Shift, StaffMember, Unavailability
from resources.models.availability import UnavailabilityKind
from resources.permissions import AVAILABILITY
from scheduling.access import staff_within
from scheduling.period import Period, without
from scheduling.querysets import local_midnight
from scheduling.rostering import seen_of
from scheduling.selectors.roster_gaps import Duty, Gap, gaps
from scheduling.selectors.uncovered import Uncovered, uncovered

DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterFilter:
    """What the address asks for; ``day`` is the one that a phone shows."""

    day: date
    profession: str = ""
    mine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One shift in a cell; ``seen`` goes back with a change, to notice that somebody else made one."""

    number: int
    seen: str
    name: str
    period: Period
    hue: str
    on_call: bool
    by_hand: bool

    @property
    def times(self) -> str:
        """Return the times by the clock; the day is the cell's, and an end before the start is on the next."""
        return f"{_clock(self.period.start)}–{_clock(self.period.end)}"


@dataclass(slots=True, kw_only=True)
class Cell:
    """One day of one person."""

    day: date
    chips: list[Chip] = field(default_factory=list)
    absences: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class RosterRow:
    """One person. ``minutes`` are worked in shifts that begin this week, absence taken off; ``on_call`` beside them."""

    number: int
    name: str
    may_change: bool
    cells: list[Cell]
    minutes: int = 0
    on_call: int = 0


@dataclass(slots=True, kw_only=True)
class Group:
    """One profession, with what its days lack."""

    profession: str
    label: str
    rows: list[RosterRow]
    gaps: list[Gap]

    @property
    def short(self) -> int:
        """Return on how many days somebody is lacking."""
        return sum(1 for gap in self.gaps if gap.missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """Everything that the page shows."""

    wanted: RosterFilter
    days: list[date]
    groups: list[Group]
    uncovered: list[Uncovered]
    may_change: bool

    @property
    def previous(self) -> date:
        """Return the chosen day a week before."""
        return self.wanted.day - timedelta(days=DAYS)

    @property
    def next(self) -> date:
        """Return the chosen day a week later."""
        return self.wanted.day + timedelta(days=DAYS)

    @property
    def short(self) -> int:
        """Return how many gaps there are."""
        return sum(group.short for group in self.groups)


def roster(viewer: User, wanted: RosterFilter) -> Roster:
    """Return the week of ``wanted.day``, in a fixed number of queries.

    Why a colleague is away is for those who keep this person's roster, and for the person; others read "Away".
    """
    monday = wanted.day - timedelta(days=wanted.day.weekday())
    days = [monday + timedelta(days=offset) for offset in range(DAYS)]
    week = Period(local_midnight(days[0]), local_midnight(days[-1] + timedelta(days=1)))
    people = list(_people(viewer, wanted, week))
    sheet = _Sheet(viewer, people, days, week)
    short = {} if wanted.mine else gaps(sheet.duties, days, {person.profession for person in people if person.rostered})
    numbers = {person.pk for person in people}
    return Roster(
        wanted=wanted,
        days=days,
        groups=[
            Group(
                profession=profession,
                label=profession.label,
                rows=[row for person, row in sheet.rows if person.profession == profession],
                gaps=short.get(profession, []),
            )
            for profession in Profession
            if any(person.profession == profession for person in people)
        ],
        uncovered=uncovered(viewer, week, numbers),
        may_change=viewer.can(AVAILABILITY),
    )


def _people(viewer: User, wanted: RosterFilter, week: Period) -> Iterable[Any]:
    """Return those who work by a roster, and who else has a shift this week, each marked as the viewer's to change."""
    shifts = Shift.objects.filter(staff_member=OuterRef("pk"), period__overlap=week.as_range())
    within = StaffMember.objects.filter(staff_within(viewer, AVAILABILITY), pk=OuterRef("pk"))
    rows = StaffMember.objects.annotate(is_mine_to_change=Exists(within))
    if wanted.profession:
        rows = rows.filter(profession=wanted.profession)
    if wanted.mine:
        return rows.filter(user=viewer)
    return rows.filter(Q(rostered=True, in_use=True) | Q(Exists(shifts))).order_by("name")


class _Sheet:
    """The rows, filled with shifts and absences."""

    def __init__(self, viewer: User, people: list[Any], days: list[date], week: Period) -> None:
        self.viewer, self.days, self.week = viewer, days, week
        self.may_change = viewer.can(AVAILABILITY)
        self.duties: list[Duty] = []
        self.people = {person.pk: person for person in people}
        self.by_number = {
            person.pk: RosterRow(
                number=person.pk,
                name=person.name,
                may_change=self.may_change and person.is_mine_to_change,
                cells=[Cell(day=day) for day in days],
            )
            for person in people
        }
        self.away: dict[int, list[Period]] = defaultdict(list)
        self._add_absences()
        self._add_shifts()

    @property
    def rows(self) -> list[tuple[Any, RosterRow]]:
        """Return people and their rows in order."""
        return [(person, self.by_number[number]) for number, person in self.people.items()]

    def _add_absences(self) -> None:
        seen = self.week.widened(after=24 * 60)  # the last night goes on into the next week
        rows = Unavailability.objects.filter(resource__in=self.people, period__overlap=seen.as_range())
        for row in rows.order_by("period"):
            period = Period(row.period.lower or seen.start, row.period.upper or seen.end)
            self.away[row.resource_id].append(period)
            line = self.by_number[row.resource_id]
            own = self.people[row.resource_id].user_id == self.viewer.pk
            kind = UnavailabilityKind(row.kind).label if line.may_change or own else "Away"
            for cell in line.cells:
                if words := _on_day(kind, period, cell.day):
                    cell.absences.append(words)

    def _add_shifts(self) -> None:
        rows = Shift.objects.filter(staff_member__in=self.people, period__overlap=self.week.as_range())
        for shift in rows.select_related("kind").order_by("period"):
            period, person = Period.of(shift.period), self.people[shift.staff_member_id]
            there = without(period, self.away[person.pk])
            self.duties += [Duty(profession=person.profession, period=one, on_call=shift.on_call) for one in there]
            if period.start < self.week.start:
                continue  # it is on the page of the week before
            row = self.by_number[person.pk]
            minutes = sum(one.minutes for one in there)
            if shift.on_call:
                row.on_call += minutes
            else:
                row.minutes += minutes
            row.cells[(timezone.localtime(period.start).date() - self.days[0]).days].chips.append(_chip(shift, period))


def _chip(shift: Shift, period: Period) -> Chip:
    kind = shift.kind
    return Chip(
        number=shift.pk,
        seen=seen_of(shift),
        name=kind.name if kind else "On call" if shift.on_call else "Shift",
        period=period,
        hue=kind.hue if kind else "slate",
        on_call=shift.on_call,
        by_hand=shift.by_hand,
    )


def _on_day(kind: str, period: Period, day: date) -> str:
    """Return what a cell says of an absence: the times where it is a part of the day; empty if it is not on it."""
    whole = Period(local_midnight(day), local_midnight(day + timedelta(days=1)))
    if not period.overlaps(whole):
        return ""
    if period.contains(whole):
        return kind
    return f"{kind} {_clock(max(period.start, whole.start))}–{_clock(min(period.end, whole.end))}"


def _clock(at: datetime) -> str:
    return f"{timezone.localtime(at):%H:%M}"
