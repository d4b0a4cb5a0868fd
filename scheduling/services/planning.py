"""From what an actor asks to a plan that can be checked."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from resources.models import EquipmentItem, Theatre
from scheduling.models import EstimateSource, Operation, ReservationRole
from scheduling.models.operation import MAX_MINUTES
from scheduling.period import Period
from scheduling.plan import Assignment, Plan
from scheduling.services.errors import InvalidPlanError

LATEST = timedelta(days=5 * 366)
"""How far ahead anything may be booked; later is a typing error."""


class Unchanged:
    """The type of :data:`UNCHANGED`."""


UNCHANGED = Unchanged()
"""Said instead of a lead surgeon: keep the one there is."""


def set_minutes(operation: Operation, minutes: int | None) -> None:
    """Set the planned minutes in theatre; anaesthesia keeps its share and surgery takes the rest."""
    if minutes is None or minutes == operation.in_room_minutes:
        return
    if not 1 <= minutes <= MAX_MINUTES:
        raise InvalidPlanError(
            "minutes", f"An operation takes between 1 and {MAX_MINUTES} minutes in theatre."
        )
    operation.anaesthesia_minutes = min(operation.anaesthesia_minutes, minutes - 1)
    operation.surgery_minutes = minutes - operation.anaesthesia_minutes
    operation.estimate_source = EstimateSource.BOOKER


def check_start(start: datetime) -> datetime:
    """Return ``start`` as an aware instant on a whole minute; refuse what can't be meant."""
    if timezone.is_naive(start):
        raise InvalidPlanError("start", "The start needs a time zone.")
    if start > timezone.now() + LATEST:
        raise InvalidPlanError("start", "That is more than five years ahead. Check the year.")
    return start.replace(second=0, microsecond=0)


def make_plan(
    operation: Operation, *, theatre_id: int, start: datetime, assignments: Sequence[Assignment]
) -> Plan:
    """Return the plan for an operation whose minutes are set."""
    start = check_start(start)
    if not Theatre.objects.filter(pk=theatre_id).exists():
        raise InvalidPlanError("theatre", "This theatre does not exist. Choose one from the list.")
    return Plan(
        operation=operation,
        theatre_id=theatre_id,
        period=Period.lasting(start, operation.in_room_minutes),
        assignments=tuple(assignments),
    )


def team(members: Iterable[tuple[int, str]]) -> tuple[Assignment, ...]:
    """Return (resource, role) pairs as assignments.

    A supervisor is shared; equipment stays held while it is cleaned and sterilised.
    """
    members = list(members)
    items = [resource for resource, role in members if role == ReservationRole.EQUIPMENT]
    turnaround = (
        dict(EquipmentItem.objects.filter(pk__in=items).values_list("pk", "type__turnaround_minutes"))
        if items
        else {}
    )
    return tuple(
        Assignment(
            resource_id=resource,
            role=role,
            exclusive=role != ReservationRole.SUPERVISING_ANAESTHETIST,
            tail_minutes=turnaround.get(resource, 0),
        )
        for resource, role in members
    )
