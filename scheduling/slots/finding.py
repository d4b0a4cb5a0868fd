"""Free slots for one operation."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from django.db import connection
from django.utils import timezone

from resources.models import Bed, EquipmentItem, StaffMember
from scheduling.conflicts.rules_hard import PROFESSIONS
from scheduling.models import Operation, ReservationRole
from scheduling.period import Period
from scheduling.plan import Assignment, hold_period
from scheduling.slots.query import FIND_SLOTS

Order = Literal["earliest", "best_fit", "nearest"]
MARGIN = timedelta(days=31)
"""How far beyond the window bookings are looked at, so that long stays at its edges count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A theatre and time in which the operation fits; ``left_over`` minutes of the gap stay free."""

    theatre_id: int
    theatre_name: str
    period: Period
    left_over: int


def find_free_slots(
    operation: Operation,
    start: datetime,
    end: datetime,
    limit: int = 5,
    *,
    order: Order = "earliest",
    near: datetime | None = None,
    theatre_ids: Sequence[int] | None = None,
) -> list[Slot]:
    """Return starts from ``start`` up to ``end`` at which everything the operation needs is free.

    That is: a theatre with the features it needs, open, not owned by others, with set-up, clean-up
    and standard turnover; the patient; the lead surgeon if one is named; and for each needed kind
    of equipment, staff role and bed as many as it takes. One slot per stretch of possible starts,
    on the 5-minute grid, at its earliest point or the one nearest to ``near``. ``order``:
    ``earliest``; ``best_fit``, the tightest gap first; ``nearest`` to ``near``.
    """
    requirements = _requirements(operation)
    params = {
        "operation": operation.pk or 0,
        "patient": operation.patient_id,
        "specialty": operation.specialty_id,
        "surgeon": operation.lead_surgeon_id or 0,
        "minutes": operation.in_room_minutes,
        "set_up": operation.set_up_minutes,
        "clean_up": operation.clean_up_minutes,
        "theatres": list(theatre_ids) if theatre_ids is not None else None,
        "requirements": json.dumps(requirements),
        "keys": sorted({row["key"] for row in requirements} | set(_unservable(operation, requirements))),
        "window": Period(start, end).as_range(),
        "wide": Period(start - MARGIN, end + MARGIN).as_range(),
        "first_day": timezone.localtime(start).date() - timedelta(days=1),
        "last_day": timezone.localtime(end).date() + timedelta(days=1),
        "zone": timezone.get_current_timezone_name(),
        "near": near or start,
        "order": order,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(FIND_SLOTS, params)
        rows = cursor.fetchall()
    return [
        Slot(
            theatre_id=theatre_id,
            theatre_name=name,
            period=Period.lasting(begin, operation.in_room_minutes),
            left_over=max(0, int(left_over)),
        )
        for theatre_id, name, begin, left_over in rows
    ]


def _requirements(operation: Operation) -> list[dict[str, Any]]:
    """Return one row per resource that could serve a need: who, for which need, from when to when."""
    rows = []
    if operation.lead_surgeon_id:
        rows.append(_row(operation, "surgeon", 1, operation.lead_surgeon_id, ReservationRole.LEAD_SURGEON))
    for need in operation.equipment_needs.select_related("equipment_type"):
        items = EquipmentItem.objects.filter(type=need.equipment_type_id, in_use=True).values_list(
            "pk", flat=True
        )
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


def _unservable(operation: Operation, requirements: list[dict[str, Any]]) -> list[str]:
    """Return the needs that nothing in the hospital can serve, so that no slot is promised."""
    keys = [f"equipment {need.equipment_type_id}" for need in operation.equipment_needs.all()]
    keys += [f"staff {need.role}" for need in operation.staff_needs.all()]
    keys += ["bed"] if operation.bed_kind else []
    return [key for key in keys if key not in {row["key"] for row in requirements}]


def _row(
    operation: Operation, key: str, quantity: int, resource_id: int, role: str, tail: int = 0
) -> dict[str, Any]:
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
