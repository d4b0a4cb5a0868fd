"""What laying out rosters would do to whom, and which booked operations it would leave without a shift."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from resources.models import PatternShift, RosterAssignment, RosterException, Shift, StaffMember, Unavailability
from resources.permissions import AVAILABILITY
from scheduling.access import staff_within
from scheduling.period import Period
from scheduling.querysets import local_midnight
from scheduling.rostering import Difference, Standing, Verb, differences, digest_of, planned_shifts
from scheduling.selectors.uncovered import Uncovered, uncovered

DAY = timedelta(days=1)
SHOWN = 300
"""So many lines are written out; the counts are of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which days, both included, and whose rosters: one person's, one profession's, or all."""

    first: date
    last: date
    profession: str = ""
    person_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the preview, with the name of the person."""

    name: str
    difference: Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Everything that the page shows before one confirms. ``open_ended`` have no last day."""

    scope: Scope
    counts: dict[str, int]
    rows: list[Row]
    total: int
    digest: str
    uncovered: list[Uncovered]
    open_ended: int

    @property
    def changes(self) -> int:
        """Return how many shifts would be written or removed."""
        return sum(self.counts[verb] for verb in (Verb.ADD, Verb.CHANGE, Verb.REMOVE))


def people_of(actor: User, scope: Scope) -> dict[int, str]:
    """Return numbers and names of those within ``scope`` whose roster ``actor`` may change."""
    rows = StaffMember.objects.filter(staff_within(actor, AVAILABILITY))
    if scope.profession:
        rows = rows.filter(profession=scope.profession)
    if scope.person_id is not None:
        rows = rows.filter(pk=scope.person_id)
    return dict(rows.order_by("pk").values_list("pk", "name"))


def differences_in(people: dict[int, str], scope: Scope, now: datetime) -> list[Difference]:
    """Return the lines of the preview; the number of queries does not grow with people or days."""
    first = max(scope.first, timezone.localdate(now))
    around = Period(local_midnight(first - DAY), local_midnight(scope.last + 2 * DAY)).as_range()
    owned = RosterAssignment.objects.filter(staff_member__in=people)
    assignments = owned.filter(Q(ends_on=None) | Q(ends_on__gte=first), starts_on__lte=scope.last)
    assignments = assignments.filter(staff_member__in_use=True).select_related("pattern").order_by("pk")
    patterns = PatternShift.objects.filter(pattern__assignments__in=assignments).distinct().select_related("kind")
    from_pattern = Q(assignment__in=owned) | Q(assignment=None, by_hand=False, staff_member__in=people)
    rows = Shift.objects.select_related("kind").order_by("pk")
    laid_out = list(rows.filter(from_pattern, day__range=(first, scope.last)))
    others = rows.filter(staff_member__in=people, period__overlap=around)
    exceptions = RosterException.objects.filter(assignment__in=owned, day__range=(first, scope.last))
    standing = Standing(
        laid_out=laid_out,
        others=list(others.exclude(pk__in=[shift.pk for shift in laid_out])),
        taken_out=set(exceptions.values_list("assignment_id", "day", "kind_id")),
        away=_away(people, around),
    )
    return differences(planned_shifts(list(assignments), list(patterns), first, scope.last), standing, now)


def preview_rosters(actor: User, scope: Scope) -> Preview:
    """Return what laying out would do; nothing is written."""
    now = timezone.now()
    people = people_of(actor, scope)
    lines = differences_in(people, scope, now)
    counts = dict.fromkeys(Verb, 0)
    for line in lines:
        counts[line.verb] += 1
    told = [line for line in lines if line.verb != Verb.SAME and not _has_begun(line)]
    endless = RosterAssignment.objects.filter(staff_member__in=people, ends_on=None, starts_on__lte=scope.last)
    return Preview(
        scope=scope,
        counts={str(verb): many for verb, many in counts.items()},
        rows=[Row(name=people.get(line.staff_member_id, "Somebody else"), difference=line) for line in told[:SHOWN]],
        total=len(told),
        digest=digest_of(lines),
        uncovered=_left_without(actor, lines, scope),
        open_ended=endless.count(),
    )


def _has_begun(line: Difference) -> bool:
    """Say whether a line is kept for no other reason; there would be one for everybody at work."""
    return line.verb == Verb.KEEP and line.shift is not None and not line.shift.by_hand


def _away(people: dict[int, str], around: object) -> dict[int, list[Period]]:
    found: dict[int, list[Period]] = {}
    for person, period in Unavailability.objects.filter(resource__in=people, period__overlap=around).values_list(
        "resource_id", "period"
    ):
        begin, end = period.lower or around.lower, period.upper or around.upper  # type: ignore[attr-defined]
        found.setdefault(person, []).append(Period(begin, end))
    return found


def _left_without(actor: User, lines: list[Difference], scope: Scope) -> list[Uncovered]:
    """Return the operations that have a shift now and would have none."""
    going = {line.shift.pk for line in lines if line.shift and line.verb in (Verb.REMOVE, Verb.CHANGE)}
    if not going:
        return []
    people = {line.shift.staff_member_id for line in lines if line.shift and line.shift.pk in going}
    coming = [
        (line.staff_member_id, line.planned.period, line.planned.kind.on_call)
        for line in lines
        if line.planned and line.verb in (Verb.ADD, Verb.CHANGE)
    ]
    window = Period(local_midnight(scope.first - DAY), local_midnight(scope.last + 2 * DAY))
    before = {one.key for one in uncovered(actor, window, people)}
    return [one for one in uncovered(actor, window, people, without=going, with_=coming) if one.key not in before]
