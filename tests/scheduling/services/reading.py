"""Read what an operation holds, in words and local times."""

from scheduling.integrity import find_breaches
from scheduling.models import Operation
from scheduling.period import Period
from scheduling.services.writing import snapshot


def listed(operation: Operation) -> dict[int, int]:
    """Return what somebody sees who opens the list from an operation on: numbers and versions."""
    operation = Operation.objects.filter(pk=operation.pk).first() or operation
    return {o.pk: o.version for o in (operation, *Operation.objects.following(operation))}


def held(operation: Operation) -> dict[str, str]:
    """Return role and time of everything that is held; also check that the history says the same."""
    rows = list(operation.reservations.select_related("resource").order_by("pk"))
    operation = Operation.objects.get(pk=operation.pk)
    last = operation.changes.get(version=operation.version)
    assert last.after == snapshot(operation, rows)
    assert find_breaches() == []
    return {f"{row.role} {row.resource}": str(Period.of(row.period)) for row in rows if row.active}
