"""Note why an operation was late, in codes that can be counted."""

from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from scheduling import permissions
from scheduling.models import DelayReason, OperationDelay
from scheduling.services.errors import InvalidPlanError, NotPossibleError
from scheduling.services.locking import GONE, command, lock_operation
from scheduling.services.status_rules import demand_placed

LONGEST_DELAY = 1440
"""Minutes; what is later than a day was postponed."""


def note_delay(*, actor: User, operation_id: int, reason: DelayReason, minutes: int, note: str = "") -> OperationDelay:
    """Note a delay of ``minutes`` minutes and its reason; an operation may have several.

    Raises :class:`NotPossibleError` for an operation that is not on the calendar, :class:`InvalidPlanError` for a
    reason that is no longer used and for minutes that can't be meant.
    """
    authorise(actor, permissions.RECORD)
    if not reason.in_use:
        raise InvalidPlanError("reason", "This reason is no longer used. Choose another one.")
    if not 1 <= minutes <= LONGEST_DELAY:
        raise InvalidPlanError("minutes", f"A delay takes 1 to {LONGEST_DELAY} minutes.")
    with command():
        operation = lock_operation(operation_id, actor=actor, capability=permissions.RECORD)
        demand_placed(operation)
        return OperationDelay.objects.create(
            operation=operation, reason=reason, minutes=minutes, note=note.strip(), recorded_by=actor
        )


def take_back_delay(*, actor: User, delay_id: int) -> OperationDelay:
    """Take back a delay that was noted by mistake; it stays on record, with who took it back and when."""
    authorise(actor, permissions.RECORD)
    found = OperationDelay.objects.filter(pk=delay_id).first()
    if found is None:
        raise NotPossibleError(GONE)
    with command():
        lock_operation(found.operation_id, actor=actor, capability=permissions.RECORD)
        found.refresh_from_db()
        if found.taken_back_at:
            raise NotPossibleError("This delay was taken back already.")
        found.taken_back_at, found.taken_back_by = timezone.now(), actor
        found.save(update_fields=["taken_back_at", "taken_back_by"])
    return found
