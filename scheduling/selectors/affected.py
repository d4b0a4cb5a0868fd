"""Which booked operations an absence, closure or maintenance entered later has hit, and what could be done for each."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.db.models import DurationField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Extract, Lower, Upper
from django.utils import timezone

from accounts.models import User
from resources.models import Bed, EquipmentItem, Resource, ResourceKind, Shift, StaffMember, Unavailability
from scheduling.conflicts import find_conflicts
from scheduling.conflicts.rules_hard import PROFESSIONS
from scheduling.models import Operation, Reservation, ReservationRole
from scheduling.period import Period
from scheduling.plan import Assignment, Plan
from scheduling.services.locking import reservations_of
from scheduling.services.planning import team
from scheduling.slots import Slot, find_free_slots
from scheduling.status import MOVABLE

SHOWN = 40
HORIZON = timedelta(days=14)
OFFERED = 3
ASKED = 8
"""So many who look free are tried, by all the rules, until enough of them may do it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitute:
    """Somebody or something that is free and may do it; ``minutes`` are booked in the week, fewest first."""

    resource: Resource
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """One operation that holds what can't be used then, and a substitute or another place for it."""

    operation: Operation
    reservation: Reservation
    absence: Unavailability
    substitutes: list[Substitute]
    slot: Slot | None

    @property
    def choice(self) -> str:
        """Return the proposal as the form sends it back; empty where there is none."""
        number, version = self.operation.pk, self.operation.version
        if self.substitutes:
            return f"substitute:{number}:{version}:{self.reservation.resource_id}:{self.substitutes[0].resource.pk}"
        if self.slot:
            return f"move:{number}:{version}:{self.slot.theatre_id}:{int(self.slot.period.start.timestamp())}"
        return ""


def affected(viewer: User, *, absence_id: int | None = None) -> tuple[list[Affected], int]:
    """Return what is affected from now on and still movable, in order of time, and how much there is in all.

    Only operations open to ``viewer``. A person who is not the lead surgeon, a device and a bed get a substitute, a
    theatre and a lead surgeon another place.
    """
    away = Unavailability.objects.filter(resource=OuterRef("resource"), period__overlap=OuterRef("period"))
    if absence_id is not None:
        away = away.filter(pk=absence_id)
    rows = (
        Reservation.objects.filter(Exists(away), active=True, period__endswith__gt=timezone.now())
        .filter(operation__in=Operation.objects.filter(status__in=MOVABLE).visible_to(viewer))
        .select_related("resource")
        .order_by("period", "pk")
    )
    total = rows.count()
    shown = list(rows[:SHOWN])
    operations = {one.pk: one for one in Operation.objects.with_facts().filter(pk__in={r.operation_id for r in shown})}
    held = reservations_of(list(operations.values()))
    absences = list(Unavailability.objects.filter(resource__in={row.resource_id for row in shown}))
    found = []
    for row in shown:
        operation = operations[row.operation_id]
        moves = row.role in (ReservationRole.THEATRE, ReservationRole.LEAD_SURGEON)
        found.append(
            Affected(
                operation=operation,
                reservation=row,
                absence=next(one for one in absences if _hits(one, row, absence_id)),
                substitutes=[] if moves else list(_substitutes(operation, row, held[operation.pk])),
                slot=_slot(operation) if moves else None,
            )
        )
    return found, total


def _hits(absence: Unavailability, row: Reservation, absence_id: int | None) -> bool:
    wanted = absence_id in (None, absence.pk)
    return wanted and absence.resource_id == row.resource_id and Period.of(row.period).touches(absence.period)


def _slot(operation: Operation) -> Slot | None:
    """Return the nearest place in which everything the operation needs is free."""
    planned = Period.of(operation.period)
    start = max(planned.start - timedelta(days=2), timezone.now())
    slots = find_free_slots(operation, start, start + HORIZON, limit=1, order="nearest", near=planned.start)
    return slots[0] if slots else None


def _substitutes(operation: Operation, row: Reservation, rows: list[Reservation]) -> Iterator[Substitute]:
    """Yield who is free and qualified, those with the fewest minutes this week first."""
    plan = Plan.current(operation, rows)
    found = 0
    for resource in _free(row)[:ASKED]:
        (new,) = team([(resource.pk, row.role)])
        if _may_join(plan, row.resource_id, new):
            found += 1
            yield Substitute(resource=resource, minutes=resource.week_minutes)
        if found == OFFERED:
            return


def _instead(plan: Plan, old: int, new: Assignment) -> Plan:
    return replace(plan, assignments=tuple(new if one.resource_id == old else one for one in plan.assignments))


def _may_join(plan: Plan, old: int, new: Assignment) -> bool:
    """Say whether nothing speaks against the newcomer; what spoke against the plan before is not asked again."""
    return all(one.resource_id != new.resource_id for one in find_conflicts(_instead(plan, old, new)))


def _free(row: Reservation) -> list[Any]:
    """Return those of the same kind who hold nothing and are not away then, with their minutes of the week."""
    week = Period.of(row.period).start
    monday = week - timedelta(days=timezone.localtime(week).weekday() + 1)
    length = ExpressionWrapper(Upper("period") - Lower("period"), output_field=DurationField())
    busy = Reservation.objects.filter(resource=OuterRef("pk"), active=True)
    minutes = (
        busy.filter(period__overlap=Period(monday, monday + timedelta(days=8)).as_range())
        .order_by()
        .values("resource")
        .annotate(total=Sum(Extract(length, "epoch") / 60.0))
        .values("total")
    )
    away = Unavailability.objects.filter(resource=OuterRef("pk"), period__overlap=row.period)
    found = (
        _alike(row)
        .filter(~Exists(busy.filter(period__overlap=row.period)), ~Exists(away), in_use=True)
        .annotate(week_minutes=Coalesce(minutes, 0.0))
        .order_by("week_minutes", "name")
    )
    return list(found)


def _alike(row: Reservation) -> QuerySet[Any]:
    """Return the resources that could stand in for this one."""
    if row.resource.kind == ResourceKind.STAFF:
        on_duty = Shift.objects.filter(staff_member=OuterRef("pk"), period__contains=row.period)
        trained = StaffMember.objects.filter(profession__in=PROFESSIONS[row.role])
        return trained.filter(Q(rostered=False) | Exists(on_duty))
    if row.resource.kind == ResourceKind.EQUIPMENT:
        return EquipmentItem.objects.filter(type=row.resource.equipmentitem.type_id)
    return Bed.objects.filter(bed_kind=row.resource.bed.bed_kind)
