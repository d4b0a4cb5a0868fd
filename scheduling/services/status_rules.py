"""What a command demands of an operation's status."""

from scheduling.models import Operation, Status
from scheduling.services.errors import NotPossibleError
from scheduling.status import MOVABLE, may_follow


def demand(operation: Operation, then: str) -> None:
    """Raise :class:`NotPossibleError` unless the operation may go to status ``then``."""
    if not may_follow(operation.status, then):
        now, wanted = operation.get_status_display().lower(), Status(then).label.lower()
        msg = f"This operation is {now}; it can't become {wanted}."
        raise NotPossibleError(msg)


def demand_movable(operation: Operation) -> None:
    """Raise :class:`NotPossibleError` unless the operation is placed and has not started."""
    if operation.status in MOVABLE:
        return
    demand_placed(operation)
    msg = "This operation has already started; its plan can't change any more."
    raise NotPossibleError(msg)


def demand_placed(operation: Operation) -> None:
    """Raise :class:`NotPossibleError` unless the operation has a theatre and a time."""
    if not operation.is_placed:
        msg = "This operation is not on the calendar. Book it first."
        raise NotPossibleError(msg)
