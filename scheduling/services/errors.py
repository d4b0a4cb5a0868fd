"""What a command says when it can't be done; nothing was written."""

from scheduling.models import Operation, OperationChange


class SchedulingError(Exception):
    """The base of what a command refuses; the message is for the person who asked."""


class InvalidPlanError(SchedulingError):
    """A value that can't be a plan; ``field`` names the form field beside which to say so."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NotPossibleError(SchedulingError):
    """The operation is in a status that does not allow the command."""


class StaleVersionError(SchedulingError):
    """Somebody changed the operation after the actor looked at it."""

    def __init__(self, operation: Operation, seen: int) -> None:
        self.operation = operation
        self.changes = tuple(
            OperationChange.objects.filter(operation=operation, version__gt=seen).select_related("actor")
        )
        done = "; ".join(f"{change.actor} – {change.get_verb_display().lower()}" for change in self.changes)
        super().__init__(f"This was changed meanwhile ({done or 'by somebody'}). Look at it again, then repeat.")
