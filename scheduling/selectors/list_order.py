"""The operations around one on its day: those after it in its theatre, those it could change places with."""

from django.utils import timezone

from accounts.models import User
from scheduling.models import Operation


def following(operation: Operation, viewer: User) -> list[Operation]:
    """Return the operation and those after it on its list that may still move, in order."""
    return list(Operation.objects.with_facts().with_standing(viewer).following(operation))


def swappable(operation: Operation, viewer: User) -> list[Operation]:
    """Return the other operations of the day that ``viewer`` sees and that may still move, by theatre and time."""
    if operation.starts_at is None:
        return []
    movable = (
        Operation.objects.with_facts()
        .visible_to(viewer)
        .with_standing(viewer)
        .movable()
        .on(timezone.localtime(operation.starts_at).date())
    )
    return list(movable.exclude(pk=operation.pk).order_by("theatre__position", "theatre__name", "period"))
