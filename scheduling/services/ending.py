"""Take an operation off the calendar: back to the waiting list, or for good."""

from accounts.models import User
from accounts.permissions import authorise
from scheduling import permissions
from scheduling.conflicts.closing import leaving_conflicts
from scheduling.models import CancellationReason, ChangeVerb, Operation, Status
from scheduling.services.errors import InvalidPlanError
from scheduling.services.locking import (
    command,
    lock_operations,
    lock_patients_and_resources,
    reservations_of,
)
from scheduling.services.overriding import as_kept
from scheduling.services.status_rules import demand, demand_movable
from scheduling.services.writing import Story, record, snapshot, take_off


def postpone_operation(
    *, actor: User, operation_id: int, version: int, reason: CancellationReason, note: str = ""
) -> Operation:
    """Put a booked operation back on the waiting list; it keeps its date listed and its due date."""
    authorise(actor, permissions.POSTPONE)
    _demand_in_use(reason)
    if reason.applies_to == CancellationReason.AppliesTo.CANCEL:
        raise InvalidPlanError("reason", "This reason is for cancelling. Choose one for postponing.")
    return _take_off(actor, operation_id, version, Status.WAITING, ChangeVerb.POSTPONED, reason, note)


def cancel_operation(
    *, actor: User, operation_id: int, version: int, reason: CancellationReason, note: str = ""
) -> Operation:
    """Cancel an operation that has not started and release everything it holds."""
    authorise(actor, permissions.CANCEL)
    _demand_in_use(reason)
    if reason.applies_to == CancellationReason.AppliesTo.POSTPONE:
        raise InvalidPlanError("reason", "This reason is for postponing. Choose one for cancelling.")
    return _take_off(actor, operation_id, version, Status.CANCELLED, ChangeVerb.CANCELLED, reason, note)


def _demand_in_use(reason: CancellationReason) -> None:
    if not reason.in_use:
        raise InvalidPlanError("reason", "This reason is no longer used. Choose another one.")


def _take_off(
    actor: User,
    operation_id: int,
    version: int,
    status: Status,
    verb: ChangeVerb,
    reason: CancellationReason,
    note: str,
) -> Operation:
    with command():
        capability = permissions.CANCEL if status == Status.CANCELLED else permissions.POSTPONE
        (operation,) = lock_operations({operation_id: version}, actor=actor, capability=capability)
        if verb == ChangeVerb.POSTPONED:
            demand_movable(operation)
        demand(operation, status)
        rows = reservations_of([operation])[operation.pk]
        lock_patients_and_resources([operation], [row.resource_id for row in rows if row.active])
        before = snapshot(operation, rows)
        # The coded reason is the reason for changing a closed list: that a patient does not come is a fact, not a plan.
        said = f"{reason.label}: {note.strip()}" if note.strip() else reason.label
        overrides = [as_kept(conflict, said, actor) for conflict in leaving_conflicts([operation])]
        take_off(operation, rows, status=status)
        operation.cancelled_for = reason if status == Status.CANCELLED else None
        story = Story(reason=reason, note=note.strip(), overrides=overrides)
        record(actor=actor, operation=operation, verb=verb, before=before, rows=rows, story=story)
    return operation
