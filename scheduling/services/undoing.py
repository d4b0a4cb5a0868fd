"""Undo: the inverse command, through the same checks, as a change of its own."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from accounts.models import User
from accounts.permissions import authorise
from scheduling import permissions
from scheduling.conflicts import find_conflicts
from scheduling.conflicts.closing import leaving_conflicts
from scheduling.models import ChangeVerb, Operation, OperationChange, Reservation
from scheduling.period import Period
from scheduling.plan import Assignment, Plan
from scheduling.services.errors import NotPossibleError
from scheduling.services.locking import (
    check_constraints,
    command,
    defer_constraints,
    demand_reach,
    lock_operations,
    lock_patients_and_resources,
    reservations_of,
)
from scheduling.services.overriding import Accepted, Override, settle
from scheduling.services.waiting import NO_UNDO, can_undo, undo_waiting
from scheduling.services.writing import Story, place, record, restore_events, snapshot, take_off
from scheduling.status import MOVABLE, UNPLACED

CAPABILITY: dict[str, str] = {
    ChangeVerb.BOOKED: permissions.BOOK,
    ChangeVerb.MOVED: permissions.MOVE,
    ChangeVerb.SWAPPED: permissions.MOVE,
    ChangeVerb.PUSHED: permissions.MOVE,
    ChangeVerb.POSTPONED: permissions.POSTPONE,
    ChangeVerb.CANCELLED: permissions.CANCEL,
    ChangeVerb.ASSIGNED: permissions.ASSIGN,
    ChangeVerb.RELEASED: permissions.ASSIGN,
    ChangeVerb.CONFIRMED: permissions.CONFIRM,
    ChangeVerb.WAITED: permissions.BOOK,
}
"""What may be undone, and which capability that takes: the one that the command itself took.

Undoing an undo does the first command again and takes the same capability; a change of an operation that waits is
made again by itself.
"""


def undo_change(*, actor: User, change_id: int, override: Override | None = None) -> list[OperationChange]:
    """Restore what was before a change, if it is still the operation's last one.

    A command that changed several operations (swap, push) is undone as a whole. Returns the new
    changes, which can be undone in turn. Raises what ``move_operation`` raises: the old place may
    be taken by now.
    """
    if OperationChange.objects.filter(pk=change_id, verb=ChangeVerb.WAITED).exists():
        return [undo_waiting(actor=actor, change_id=change_id)]  # one of many of a bulk action goes by itself
    return _undo_command(actor, change_id, override)


def _undo_command(actor: User, change_id: int, override: Override | None) -> list[OperationChange]:
    undone = _changes_of_command(change_id)
    takes = undo_takes(undone[0])
    if not takes:
        raise NotPossibleError(NO_UNDO)
    for capability in {undo_takes(change) for change in undone}:  # one command may have done several things
        authorise(actor, capability or takes)
    with command():
        operations = lock_operations(
            {change.operation_id: change.version for change in undone}, actor=actor, capability=takes
        )
        _demand_not_started(operations)
        by_number = {change.operation_id: change for change in undone}
        for change in undone:  # each as the command would have asked for it alone
            demand_reach(actor, undo_takes(change), [change.operation_id])
        rows = reservations_of(operations)
        befores = {o.pk: snapshot(o, rows[o.pk]) for o in operations}
        plans = {o.pk: _restore(o, by_number[o.pk].before) for o in operations}
        standing = [plan for plan in plans.values() if plan]
        held = {row.resource_id for group in rows.values() for row in group if row.active}
        held.update(hold.resource_id for plan in standing for hold in plan.holds)
        lock_patients_and_resources(operations, held)
        leaving = leaving_conflicts([operation for operation in operations if plans[operation.pk] is None])
        for operation in operations:  # who leaves the calendar is not in the way of those who come back
            if plans[operation.pk] is None:
                _put_back(operation, by_number[operation.pk].before, None, rows[operation.pk])
        accepted = settle(actor, [*find_conflicts(standing), *leaving], override, _accepted_then(undone))
        defer_constraints()
        batch = uuid4() if len(operations) > 1 else None
        changes = []
        for operation in operations:
            change = by_number[operation.pk]
            if plan := plans[operation.pk]:
                _put_back(operation, change.before, plan, rows[operation.pk])
            story = Story(overrides=accepted.get(operation.pk, []), undoes=change, batch=batch)
            told: dict[str, Any] = {"before": befores[operation.pk], "rows": rows[operation.pk], "story": story}
            changes.append(record(actor=actor, operation=operation, verb=ChangeVerb.UNDONE, **told))
            restore_events(change)
        check_constraints()
    return changes


def _put_back(operation: Operation, then: dict[str, Any], plan: Plan | None, rows: list[Reservation]) -> None:
    if plan:
        place(operation, plan, rows, status=then["status"])
    else:
        take_off(operation, rows, status=then["status"])
    _restore_rest(operation, then)


def _changes_of_command(change_id: int) -> list[OperationChange]:
    change = OperationChange.objects.filter(pk=change_id).first()
    if change is None:
        raise NotPossibleError(NO_UNDO)
    if change.batch is None:
        return [change]
    return list(OperationChange.objects.filter(batch=change.batch).order_by("operation_id"))


def undo_takes(change: OperationChange) -> str:
    """Return the capability that undoing a change takes; empty if it can't be undone."""
    first = change
    while first.undoes is not None:
        first = first.undoes
    if first.verb == ChangeVerb.WAITED and (first is not change or not can_undo(change)):
        return ""
    return CAPABILITY.get(first.verb, "")


def _demand_not_started(operations: list[Operation]) -> None:
    if any(o.status not in (*MOVABLE, *UNPLACED) for o in operations):
        msg = "This operation has already started; its plan can't change any more."
        raise NotPossibleError(msg)


def _restore(operation: Operation, then: dict[str, Any]) -> Plan | None:
    """Set the minutes back and return the plan that was, or ``None`` if there was none."""
    (
        operation.set_up_minutes,
        operation.anaesthesia_minutes,
        operation.surgery_minutes,
        operation.clean_up_minutes,
    ) = then["minutes"]
    if then["theatre"] is None:
        return None
    return Plan(
        operation=operation,
        theatre_id=then["theatre"],
        period=Period(datetime.fromisoformat(then["start"]), datetime.fromisoformat(then["end"])),
        assignments=tuple(
            Assignment(
                resource_id=item["resource"],
                role=item["role"],
                exclusive=item["exclusive"],
                tail_minutes=item["tail"],
            )
            for item in then["team"]
        ),
    )


def _restore_rest(operation: Operation, then: dict[str, Any]) -> None:
    operation.lead_surgeon_id = then["lead_surgeon"]
    operation.estimate_source = then["estimate_source"]
    operation.cancelled_for_id = then["cancelled_for"]
    confirmed_at = then["confirmed_at"]
    operation.confirmed_at = datetime.fromisoformat(confirmed_at) if confirmed_at else None
    operation.confirmed_by_id = then["confirmed_by"]


def _accepted_then(undone: list[OperationChange]) -> Accepted:
    """Return the conflicts that were accepted before the changes, so that no reason is asked twice."""
    accepted: Accepted = {}
    for change in undone:
        earlier = OperationChange.objects.filter(operation=change.operation_id, version=change.version - 1).first()
        accepted[change.operation_id] = earlier.overrides if earlier else []
    return accepted
