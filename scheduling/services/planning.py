"""From what an actor asks to a plan that can be checked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from resources.models import EquipmentItem, Theatre
from scheduling.models import EstimateSource, Operation, ReservationRole
from scheduling.models.operation import MAX_MINUTES
from scheduling.period import Period
from scheduling.plan import Assignment, Plan
from scheduling.services.errors import InvalidPlanError

LATEST = timedelta(days=5 * 366)
"""How far ahead anything may be booked; later is a typing error."""
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Earlier is a typing error too."""


class Unchanged:
    """The type of :data:`UNCHANGED`."""


UNCHANGED = Unchanged()
"""Said instead of a lead surgeon: keep the one there is."""


def set_minutes(operation: Operation, minutes: int | None) -> None:
    """Set the planned minutes in theatre; anaesthesia keeps its share and surgery takes the rest."""
    minutes = operation.in_room_minutes if minutes is None else minutes
    if not 1 <= minutes <= MAX_MINUTES:
        raise InvalidPlanError("minutes", f"An operation takes between 1 and {MAX_MINUTES} minutes in theatre.")
    if minutes == operation.in_room_minutes:
        return
    operation.anaesthesia_minutes = min(operation.anaesthesia_minutes, minutes - 1)
    operation.surgery_minutes = minutes - operation.anaesthesia_minutes
    operation.estimate_source = EstimateSource.BOOKER


def check_start(start: datetime) -> datetime:
    """Return ``start`` as an aware instant on a whole minute; refuse what can't be meant."""
    if timezone.is_naive(start):
        raise InvalidPlanError("start", "The start needs a time zone.")
    if start > timezone.now() + LATEST:
        raise InvalidPlanError("start", "That is more than five years ahead. Check the year.")
    if start < EARLIEST:
        raise InvalidPlanError("start", "That is before the year 2000. Check the year.")
    return start.replace(second=0, microsecond=0)


def make_plan(operation: Operation, *, theatre_id: int, start: datetime, assignments: Sequence[Assignment]) -> Plan:
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


def check_role(role: str) -> None:
    """Refuse a role that nobody can be added in."""
    if role not in ReservationRole.values or role == ReservationRole.THEATRE:
        raise InvalidPlanError("role", "Choose a role. The theatre is changed by moving the operation.")


def team(members: Iterable[tuple[int, str]]) -> tuple[Assignment, ...]:
    """Return (resource, role) pairs as assignments.

    A supervisor is shared; equipment stays held while it is cleaned and sterilised.
    Raises :class:`InvalidPlanError` for a role that is none, a second lead, or a theatre.
    """
    members = list(members)
    for _, role in members:
        check_role(role)
    if sum(role == ReservationRole.LEAD_SURGEON for _, role in members) > 1:
        raise InvalidPlanError("lead_surgeon", "Name one lead surgeon; others assist.")
    items = [resource for resource, role in members if role == ReservationRole.EQUIPMENT]
    turnaround = (
        dict(EquipmentItem.objects.filter(pk__in=items).order_by().values_list("pk", "type__turnaround_minutes"))
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


def with_substitutes(plan: Plan, substitutes: Mapping[int, int]) -> Plan:
    """Return the plan with others on the team, each in the role of the one it replaces."""
    come = {item.resource_id: item.role for item in plan.assignments if item.resource_id in substitutes}
    newcomers = dict(zip(come, team([(substitutes[gone], role) for gone, role in come.items()]), strict=True))
    return replace(plan, assignments=tuple(newcomers.get(item.resource_id, item) for item in plan.assignments))
