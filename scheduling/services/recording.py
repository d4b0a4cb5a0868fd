"""Record what really happened; reality is never refused, whatever the plan says."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from scheduling import permissions
from scheduling.models import ChangeVerb, EventKind, Operation, OperationEvent, Status
from scheduling.services.errors import InvalidPlanError
from scheduling.services.locking import command, lock_operation, reservations_of
from scheduling.services.status_rules import demand_placed
from scheduling.services.writing import Story, record, snapshot
from scheduling.status import PLACED

STATUS_AFTER: dict[str, Status] = {
    EventKind.ARRIVED: Status.ARRIVED,
    EventKind.IN_THEATRE: Status.IN_THEATRE,
    EventKind.ANAESTHESIA: Status.IN_THEATRE,
    EventKind.KNIFE_TO_SKIN: Status.IN_THEATRE,
    EventKind.CLOSING: Status.IN_THEATRE,
    EventKind.OUT: Status.RECOVERY,
    EventKind.RECOVERY: Status.RECOVERY,
    EventKind.DISCHARGED: Status.COMPLETED,
}
"""The least far status that an event proves."""

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far a tablet's clock may run ahead of the server's."""


def record_event(*, actor: User, operation_id: int, kind: str, at: datetime) -> OperationEvent:
    """Record that something happened at ``at``; a second time of the same kind corrects the first.

    The status follows and never goes back. Raises :class:`~scheduling.services.NotPossibleError` for an operation that
    is not on the calendar, :class:`InvalidPlanError` for a time that has not come yet.
    """
    authorise(actor, permissions.RECORD)
    check_times({kind: at})
    with command():
        operation = lock_operation(operation_id, actor=actor, capability=permissions.RECORD)
        demand_placed(operation)
        event = _replace_current(operation, kind, at, actor)
        rows = reservations_of([operation])[operation.pk]
        before = snapshot(operation, rows)
        if PLACED.index(STATUS_AFTER[kind]) > PLACED.index(Status(operation.status)):
            operation.status = STATUS_AFTER[kind]
        story = Story(note=f"{EventKind(kind).label} {timezone.localtime(at):%H:%M}")
        record(actor=actor, operation=operation, verb=ChangeVerb.RECORDED, before=before, rows=rows, story=story)
    return event


def check_times(times: Mapping[str, datetime]) -> None:
    """Refuse unknown kinds of event and times that can't be meant (kind to instant)."""
    for kind, at in times.items():
        if kind not in STATUS_AFTER:
            raise InvalidPlanError("kind", "Choose one of the listed events.")
        if timezone.is_naive(at):
            raise InvalidPlanError("at", "The time needs a time zone.")
        if at > timezone.now() + CLOCK_TOLERANCE:
            raise InvalidPlanError("at", "This time has not come yet.")


def _replace_current(operation: Operation, kind: str, at: datetime, actor: User) -> OperationEvent:
    earlier = OperationEvent.objects.filter(operation=operation, kind=kind, current=True).first()
    if earlier:
        earlier.current = False
        earlier.save(update_fields=["current"])
    return OperationEvent.objects.create(operation=operation, kind=kind, at=at, recorded_by=actor, supersedes=earlier)
