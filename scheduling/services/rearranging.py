"""Commands that move several operations at once."""

from collections.abc import Sequence
from uuid import uuid4

from accounts.models import User
from accounts.permissions import authorise
from scheduling import permissions
from scheduling.models import ChangeVerb, Operation, Reservation
from scheduling.models.operation import MAX_MINUTES
from scheduling.period import Period
from scheduling.plan import Plan
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
        operations = lock_operations(dict([first, second]), actor=actor, capability=permissions.MOVE)
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
    *, actor: User, operation_id: int, versions: dict[int, int], minutes: int, override: Override | None = None
) -> list[Operation]:
    """Move an operation and all that follow it in its theatre on its day by ``minutes``.

    Negative minutes pull the list forward. ``versions`` names every operation that the actor saw on
    the list, the first included, with its version. Raises :class:`StaleVersionError` when the list
    is another one by now, and what ``move_operation`` raises.
    """
    authorise(actor, permissions.MOVE)
    if minutes == 0 or abs(minutes) > MAX_MINUTES:
        raise InvalidPlanError("minutes", "Say by how many minutes: at most 24 hours, and not 0.")
    with command():
        operations = lock_operations(versions, actor=actor, capability=permissions.MOVE)
        rows = _rows_of_movable(operations)
        plans = [Plan.current(operation, rows[operation.pk]) for operation in operations]
        pushed = [plan.at(plan.period.shifted(minutes).start) for plan in plans]
        _lock_places(pushed, rows)
        _demand_same_list(operations, operation_id)
        _rearrange(actor, pushed, rows, ChangeVerb.PUSHED, override)
    return sorted(operations, key=lambda operation: Period.of(operation.period))


def _demand_same_list(locked: Sequence[Operation], operation_id: int) -> None:
    """Refuse unless those locked are the list: their theatre is locked too, so nobody can join any more."""
    listed = {operation.pk for operation in locked}
    first = next((operation for operation in locked if operation.pk == operation_id), None)
    now = {operation.pk: operation for operation in Operation.objects.following(first)} if first else {}
    for number, operation in now.items():
        if number not in listed:
            raise StaleVersionError(operation, operation.version - 1)
    if first is None or now.keys() != listed:
        raise InvalidPlanError("listed", "This is not the list of that theatre. Look at it again, then repeat.")


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
