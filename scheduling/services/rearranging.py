"""Commands that move several operations at once."""

from collections.abc import Sequence
from uuid import uuid4

from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from scheduling import permissions
from scheduling.models import ChangeVerb, Operation, Reservation
from scheduling.models.operation import MAX_MINUTES
from scheduling.period import Period
from scheduling.plan import Plan
from scheduling.querysets import day_period
from scheduling.services.errors import InvalidPlanError, StaleVersionError
from scheduling.services.locking import (
    check_constraints,
    command,
    defer_constraints,
    lock_operations,
    lock_patients_and_resources,
    reservations_of,
)
from scheduling.services.overriding import Override, resolve_conflicts
from scheduling.services.status_rules import demand_movable
from scheduling.services.writing import Story, place, record, snapshot
from scheduling.status import MOVABLE

Rows = dict[int, list[Reservation]]


def swap_operations(
    *, actor: User, first: tuple[int, int], second: tuple[int, int], override: Override | None = None
) -> tuple[Operation, Operation]:
    """Let two booked operations change places: theatre and start; each keeps its team and length.

    ``first`` and ``second`` are (operation, version seen). Raises what ``move_operation`` raises.
    """
    authorise(actor, permissions.MOVE)
    if first[0] == second[0]:
        raise InvalidPlanError("other", "Choose another operation to swap with.")
    with command():
        operations = lock_operations(dict([first, second]))
        rows = _rows_of_movable(operations)
        plans = [Plan.current(operation, rows[operation.pk]) for operation in operations]
        one, other = plans
        swapped = [
            one.at(other.period.start, theatre_id=other.theatre_id),
            other.at(one.period.start, theatre_id=one.theatre_id),
        ]
        _lock_places(swapped, rows)
        _rearrange(actor, swapped, rows, ChangeVerb.SWAPPED, override)
    by_number = {operation.pk: operation for operation in operations}
    return by_number[first[0]], by_number[second[0]]


def push_following(
    *, actor: User, operation_id: int, version: int, minutes: int, override: Override | None = None
) -> list[Operation]:
    """Move an operation and all that follow it in its theatre on its day by ``minutes``.

    Negative minutes pull the list forward. ``version`` is that of the first; a list that changes
    meanwhile is refused. Raises what ``move_operation`` raises.
    """
    authorise(actor, permissions.MOVE)
    if minutes == 0 or abs(minutes) > MAX_MINUTES:
        raise InvalidPlanError("minutes", "Say by how many minutes: at most 24 hours, and not 0.")
    with command():
        versions = _following(operation_id)
        versions[operation_id] = version
        operations = lock_operations(versions)
        rows = _rows_of_movable(operations)
        plans = [Plan.current(operation, rows[operation.pk]) for operation in operations]
        pushed = [plan.at(plan.period.shifted(minutes).start) for plan in plans]
        _lock_places(pushed, rows)
        _demand_same_list(operations, operation_id, version)
        _rearrange(actor, pushed, rows, ChangeVerb.PUSHED, override)
    return sorted(operations, key=lambda operation: Period.of(operation.period))


def _following(operation_id: int) -> dict[int, int]:
    """Return number and version of the operation and of those after it on the same list."""
    first = Operation.objects.filter(pk=operation_id, period__isnull=False).first()
    if first is None or first.starts_at is None:
        return {}
    later = Operation.objects.filter(
        theatre=first.theatre_id,
        period__overlap=day_period(timezone.localtime(first.starts_at).date()),
        period__startswith__gte=first.starts_at,
        status__in=MOVABLE,
    )
    return dict(later.values_list("pk", "version"))


def _demand_same_list(operations: Sequence[Operation], operation_id: int, seen: int) -> None:
    """Refuse when an operation joined the list before its theatre was locked."""
    if set(_following(operation_id)) - {operation.pk for operation in operations}:
        raise StaleVersionError(next(o for o in operations if o.pk == operation_id), seen)


def _rows_of_movable(operations: Sequence[Operation]) -> Rows:
    for operation in operations:
        demand_movable(operation)
    return reservations_of(operations)


def _lock_places(plans: Sequence[Plan], rows: Rows) -> None:
    """Lock everything that the plans hold now or are to hold."""
    held = {row.resource_id for group in rows.values() for row in group if row.active}
    held.update(hold.resource_id for plan in plans for hold in plan.holds)
    lock_patients_and_resources([plan.operation for plan in plans], held)


def _rearrange(actor: User, plans: Sequence[Plan], rows: Rows, verb: ChangeVerb, override: Override | None) -> None:
    """Write locked plans that may take each other's places, as one command of the history."""
    accepted = resolve_conflicts(actor, plans, override)
    defer_constraints()
    batch = uuid4()
    for plan in plans:
        operation = plan.operation
        before = snapshot(operation, rows[operation.pk])
        operation.confirmed_at = operation.confirmed_by = None
        place(operation, plan, rows[operation.pk], status=operation.status)
        story = Story(overrides=accepted.get(operation.pk, []), batch=batch)
        record(actor=actor, operation=operation, verb=verb, before=before, rows=rows[operation.pk], story=story)
    check_constraints()
