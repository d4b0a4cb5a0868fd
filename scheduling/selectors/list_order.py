"""The operations around one on its day: those after it in its theatre, those it could change places with."""

from django.utils import timezone

from scheduling.models import Operation
from scheduling.querysets import OperationQuerySet, day_period
from scheduling.status import MOVABLE


def following(operation: Operation) -> list[Operation]:
    """Return the operation and those after it on its list that may still move, in order."""
    if operation.starts_at is None:
        return []
    later = _movable_on_day_of(operation).filter(
        theatre=operation.theatre_id, period__startswith__gte=operation.starts_at
    )
    return list(later.order_by("period"))


def swappable(operation: Operation) -> list[Operation]:
    """Return the other operations of the day that may still move, by theatre and time."""
    return list(
        _movable_on_day_of(operation).exclude(pk=operation.pk).order_by("theatre__position", "theatre__name", "period")
    )


def _movable_on_day_of(operation: Operation) -> OperationQuerySet:
    if operation.starts_at is None:
        return Operation.objects.none()
    day = timezone.localtime(operation.starts_at).date()
    return Operation.objects.with_facts().filter(period__overlap=day_period(day), status__in=MOVABLE)
