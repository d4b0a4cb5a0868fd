"""Which booked operations an absence, closure or maintenance entered later has hit, and what could be done for each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from resources.models import Resource, ResourceKind, StaffMember, Unavailability
from resources.permissions import AVAILABILITY
from scheduling.access import staff_within
from scheduling.conflicts import Facts, check_plan
from scheduling.models import Operation, Reservation, ReservationRole
from scheduling.period import Period
from scheduling.plan import Assignment, Plan
from scheduling.selectors.substitutes import Candidate, candidates
from scheduling.services.locking import reservations_of
from scheduling.slots import Slot, find_free_slots
from scheduling.status import MOVABLE

SHOWN = 40
NEAR, HORIZON = timedelta(days=2), timedelta(days=14)
"""Another place is looked for so far around the planned one first, then so far ahead."""
OFFERED = 3
PLACES = 6
"""So many places are found for an operation, because one may be proposed for another already."""
SEARCHED = 8
"""For so many operations another place is looked for at once: each search takes its time."""
AWAY = "Away"
"""All that is said of a person to those who don't keep the roster."""
MOVES = (ReservationRole.THEATRE, ReservationRole.LEAD_SURGEON)
"""What nothing is put in the place of: the operation gets another place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitute:
    """Somebody or something that is free and may do it; ``minutes`` are booked in the week, fewest first."""

    resource: Resource
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """One thing that an operation holds and that can't be used then, with a substitute or another place.

    ``moves`` says that the operation gets another place, with all that it holds; where several things are missing, the
    first of them carries the proposal, and the others go ``with_the_move``.
    """

    operation: Operation
    reservation: Reservation
    absence: Unavailability
    why: str
    moves: bool
    substitutes: list[Substitute]
    slot: Slot | None = None
    with_the_move: bool = False
    is_later: bool = False
    """Its place is looked for once those before it are decided."""

    @property
    def choice(self) -> str:
        """Return the proposal as the form sends it back; empty where there is none."""
        number, version = self.operation.pk, self.operation.version
        if self.substitutes:
            return f"substitute:{number}:{version}:{self.reservation.resource_id}:{self.substitutes[0].resource.pk}"
        if self.slot:
            return f"move:{number}:{version}:{self.slot.theatre_id}:{int(self.slot.period.start.timestamp())}"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One operation that can't stay as it is, for a reason in words, with another place or somebody instead.

    It has what the page shows of any: see :class:`Affected`.
    """

    operation: Operation
    reservation: Reservation
    why: str
    slot: Slot | None = None
    substitutes: list[Substitute]
    is_later: bool = False
    absence: None = None
    moves: bool = True
    with_the_move: bool = False

    @property
    def choice(self) -> str:
        """Return the proposal as the form sends it back; empty where there is none."""
        number, version = self.operation.pk, self.operation.version
        if self.slot:
            return f"move:{number}:{version}:{self.slot.theatre_id}:{int(self.slot.period.start.timestamp())}"
        if self.substitutes:
            return f"substitute:{number}:{version}:{self.reservation.resource_id}:{self.substitutes[0].resource.pk}"
        return ""


def affected(viewer: User, *, absence_id: int | None = None) -> tuple[list[Affected], int]:
    """Return what is affected from now on and still movable, in order of time, and how much there is in all.

    Only operations open to ``viewer``; why a person is away is for those who keep the roster. A person who is not the
    lead surgeon, a device and a bed get a substitute, a theatre and a lead surgeon another place. The proposals go
    together: each is worked out with those before it done.
    """
    rows = _rows(viewer, absence_id)
    total = rows.count()
    shown = list(rows[:SHOWN])
    if not shown:
        return [], 0
    operations = {one.pk: one for one in Operation.objects.with_facts().filter(pk__in={r.operation_id for r in shown})}
    absences = list(Unavailability.objects.filter(resource__in={row.resource_id for row in shown}))
    moving = {row.operation_id for row in shown if row.role in MOVES}
    substitutes = _substitutes(operations, [row for row in shown if row.operation_id not in moving])
    proposed = places(
        [operations[number] for number in dict.fromkeys(r.operation_id for r in shown) if number in moving]
    )
    open_reasons = _open_reasons(viewer, shown)
    found, told = [], set()
    for row in shown:
        number = row.operation_id
        absence = next(one for one in absences if _hits(one, row, absence_id))
        found.append(
            Affected(
                operation=operations[number],
                reservation=row,
                absence=absence,
                why=_why(absence) if row.resource_id in open_reasons else AWAY,
                moves=number in moving,
                substitutes=substitutes.get(row.pk, []),
                slot=proposed.get(number) if number not in told else None,
                with_the_move=number in told and proposed.get(number) is not None,
                is_later=number in moving and number not in proposed,
            )
        )
        told |= {number} & moving
    return found, total


def _rows(viewer: User, absence_id: int | None) -> QuerySet[Reservation]:
    """Return what is held by movable operations to come and can't be used then, what belongs together in a row."""
    away = Unavailability.objects.filter(resource=OuterRef("resource"), period__overlap=OuterRef("period"))
    if absence_id is not None:
        away = away.filter(pk=absence_id)
    return (
        Reservation.objects.filter(Exists(away), active=True, period__endswith__gt=timezone.now())
        .filter(operation__in=Operation.objects.filter(status__in=MOVABLE).visible_to(viewer))
        .select_related("resource")
        .order_by("operation__period", "operation", "pk")
    )


def _hits(absence: Unavailability, row: Reservation, absence_id: int | None) -> bool:
    wanted = absence_id in (None, absence.pk)
    return wanted and absence.resource_id == row.resource_id and Period.of(row.period).touches(absence.period)


def _open_reasons(viewer: User, rows: Sequence[Reservation]) -> set[int]:
    """Return the resources of which ``viewer`` may read why they can't be used: all but people on others' rosters."""
    people = {row.resource_id for row in rows if row.resource.kind == ResourceKind.STAFF}
    kept = StaffMember.objects.filter(staff_within(viewer, AVAILABILITY) | Q(user=viewer), pk__in=people)
    return {row.resource_id for row in rows} - people | set(kept.values_list("pk", flat=True))


def _why(absence: Unavailability) -> str:
    kind = absence.get_kind_display()
    return f"{kind}: {absence.note}" if absence.note else kind


def _substitutes(operations: dict[int, Operation], rows: Sequence[Reservation]) -> dict[int, list[Substitute]]:
    """Return for each reservation who is free and may do it, those with the fewest minutes this week first.

    Each plan is judged with the substitutes of those before it, the same operation's too, so that all can be done.
    """
    free = candidates(row.pk for row in rows)
    held = reservations_of([operations[number] for number in {row.operation_id for row in rows}])
    plans = {number: Plan.current(operations[number], group) for number, group in held.items()}
    asked = [_joined(plans[row.operation_id], row, free[row.pk]) for row in rows if row.pk in free]
    if not asked:
        return {}
    facts = Facts.load([*asked, *plans.values()])
    for plan in plans.values():
        facts.occupy(plan)
    found = {}
    for row in rows:
        plan = plans[row.operation_id]
        able = []
        for one in free.get(row.pk, ()):
            tried = _instead(plan, row, one)
            # What is not about the newcomer stood before, and is not asked about again.
            if all(conflict.resource_id != one.resource_id for conflict in check_plan(tried, facts)):
                able.append((one, tried))
            if len(able) == OFFERED:
                break
        if able:
            first, plans[row.operation_id] = able[0]
            facts.hold(plans[row.operation_id], {first.resource_id})
        found[row.pk] = [
            Substitute(resource=Resource(pk=one.resource_id, name=one.name), minutes=one.minutes) for one, _ in able
        ]
    return found


def _assignment(row: Reservation, one: Candidate) -> Assignment:
    exclusive = row.role != ReservationRole.SUPERVISING_ANAESTHETIST
    return Assignment(resource_id=one.resource_id, role=row.role, exclusive=exclusive, tail_minutes=one.tail_minutes)


def _joined(plan: Plan, row: Reservation, able: Sequence[Candidate]) -> Plan:
    """Return the plan with everybody who could stand in on it: what the facts have to know about."""
    return replace(plan, assignments=(*plan.assignments, *(_assignment(row, one) for one in able)))


def _instead(plan: Plan, row: Reservation, one: Candidate) -> Plan:
    new = _assignment(row, one)
    return replace(plan, assignments=tuple(new if a.resource_id == row.resource_id else a for a in plan.assignments))


def places(operations: Sequence[Operation]) -> dict[int, Slot | None]:
    """Return for the first :data:`SEARCHED` operations the nearest place that is free and not proposed before."""
    found: dict[int, Slot | None] = {}
    proposed: list[Plan] = []
    held = reservations_of(operations[:SEARCHED])
    for operation in operations[:SEARCHED]:
        plan = Plan.current(operation, held[operation.pk])
        found[operation.pk] = None
        for slot in _slots(operation):
            moved = plan.at(slot.period.start, theatre_id=slot.theatre_id)
            if not any(_meet(moved, other) for other in proposed):
                found[operation.pk] = slot
                proposed.append(moved)
                break
    return found


def _slots(operation: Operation) -> list[Slot]:
    """Return the nearest places in which everything the operation needs is free."""
    planned = Period.of(operation.period)
    start = max(planned.start - NEAR, timezone.now())
    for reach in (NEAR, HORIZON):
        end = max(planned.start, start) + reach
        if slots := find_free_slots(operation, start, end, limit=PLACES, order="nearest", near=planned.start):
            return slots
    return []


def _meet(one: Plan, other: Plan) -> bool:
    """Say whether two plans want the same thing at the same time."""
    return any(
        mine.resource_id == theirs.resource_id and mine.period.overlaps(theirs.period)
        for mine in one.holds
        for theirs in other.holds
    )
