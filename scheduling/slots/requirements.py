"""What an operation needs besides a theatre, as rows that the slot query reads."""

from datetime import UTC, datetime
from typing import Any

from resources.models import Bed, EquipmentItem, StaffMember
from scheduling.conflicts.rules_hard import PROFESSIONS
from scheduling.models import Operation, ReservationRole
from scheduling.period import Period
from scheduling.plan import Assignment, hold_period


def requirements_of(operation: Operation) -> list[dict[str, Any]]:
    """Return one row per resource that could serve a need: who, for which need, from when to when."""
    rows = []
    if operation.lead_surgeon_id:
        rows.append(_row(operation, "surgeon", 1, operation.lead_surgeon_id, ReservationRole.LEAD_SURGEON))
    for need in operation.equipment_needs.select_related("equipment_type"):
        items = EquipmentItem.objects.filter(type=need.equipment_type_id, in_use=True).values_list("pk", flat=True)
        tail = need.equipment_type.turnaround_minutes
        key = f"equipment {need.equipment_type_id}"
        rows += [_row(operation, key, need.quantity, item, ReservationRole.EQUIPMENT, tail) for item in items]
    for post in operation.staff_needs.all():
        able = StaffMember.objects.filter(profession__in=PROFESSIONS.get(post.role, ()), in_use=True)
        others = able.exclude(pk=operation.lead_surgeon_id or 0).values_list("pk", flat=True)
        rows += [_row(operation, f"staff {post.role}", post.quantity, pk, post.role) for pk in others]
    if operation.bed_kind:
        beds = Bed.objects.filter(bed_kind=operation.bed_kind, in_use=True).values_list("pk", flat=True)
        rows += [_row(operation, "bed", 1, bed, ReservationRole.BED) for bed in beds]
    return rows


def keys_of(operation: Operation) -> list[str]:
    """Return the name of each need, also of one that nothing in the hospital can serve."""
    keys = ["surgeon"] if operation.lead_surgeon_id else []
    keys += [f"equipment {need.equipment_type_id}" for need in operation.equipment_needs.all()]
    keys += [f"staff {need.role}" for need in operation.staff_needs.all()]
    return [*keys, "bed"] if operation.bed_kind else keys


def _row(operation: Operation, key: str, quantity: int, resource_id: int, role: str, tail: int = 0) -> dict[str, Any]:
    start = datetime(2000, 1, 3, tzinfo=UTC)
    assignment = Assignment(resource_id=resource_id, role=role, tail_minutes=tail)
    hold = hold_period(operation, Period.lasting(start, operation.in_room_minutes), assignment)
    return {
        "key": key,
        "quantity": quantity,
        "resource_id": resource_id,
        "before": int((hold.start - start).total_seconds() // 60),
        "after": int((hold.end - start).total_seconds() // 60),
    }
