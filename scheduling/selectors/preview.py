"""What would speak against a place, and where it would be free, before anything is written.

These change the operation they are given in memory, never in the database.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from scheduling.conflicts import Conflict, find_conflicts
from scheduling.models import Operation, ReservationRole
from scheduling.plan import assignments_of
from scheduling.querysets import local_midnight
from scheduling.services.planning import Unchanged, make_plan, set_minutes, team
from scheduling.slots import Slot, find_free_slots

HORIZON = timedelta(days=14)
"""How far ahead free time is looked for."""
OFFERED = 4
"""How many slots are offered of each kind."""


def preview_conflicts(
    operation: Operation, placement: dict[str, Any], members: list[tuple[int, str]] | None
) -> list[Conflict]:
    """Return the conflicts of a placement as forms give it; ``members`` ``None`` keeps the team.

    Raises :class:`~scheduling.services.InvalidPlanError`.
    """
    set_minutes(operation, placement["minutes"])
    lead = _lead(operation, placement)
    if members is None:
        assignments = assignments_of(operation, operation.reservations.filter(active=True))
    else:
        people = [*([(lead, ReservationRole.LEAD_SURGEON.value)] if lead else []), *members]
        assignments = team(people)
    plan = make_plan(operation, theatre_id=placement["theatre_id"], start=placement["start"], assignments=assignments)
    return find_conflicts(plan.with_lead(lead))


def assume(operation: Operation, *, minutes: int | None, lead_surgeon_id: int | Unchanged | None) -> None:
    """Give the operation a length and a surgeon; what is not said stays."""
    set_minutes(operation, minutes)
    if not isinstance(lead_surgeon_id, Unchanged):
        operation.lead_surgeon_id = lead_surgeon_id


def nearest_slots(operation: Operation, placement: dict[str, Any]) -> Sequence[Slot]:
    """Return the free slots nearest to a placement that was refused, for its length and surgeon."""
    assume(operation, minutes=placement["minutes"], lead_surgeon_id=placement["lead_surgeon_id"])
    asked = placement["start"]
    start = max(asked - timedelta(days=1), timezone.now())
    end = max(asked, start) + HORIZON
    slots = find_free_slots(operation, start, end, OFFERED + 1, order="nearest", near=asked)
    refused = (placement["theatre_id"], asked)  # free, perhaps, but against a soft rule
    return [slot for slot in slots if (slot.theatre_id, slot.period.start) != refused][:OFFERED]


def offered_slots(operation: Operation, day: date) -> tuple[Sequence[Slot], Sequence[Slot]]:
    """Return the earliest free slots from ``day`` on, and those that leave the least time unused."""
    start = max(local_midnight(day), timezone.now())
    earliest = find_free_slots(operation, start, start + HORIZON, OFFERED)
    fitting = find_free_slots(operation, start, start + HORIZON, OFFERED, order="best_fit")
    return earliest, [slot for slot in fitting if slot not in earliest]


def _lead(operation: Operation, placement: dict[str, Any]) -> int | None:
    lead: int | None | Unchanged = placement["lead_surgeon_id"]
    return operation.lead_surgeon_id if isinstance(lead, Unchanged) else lead
