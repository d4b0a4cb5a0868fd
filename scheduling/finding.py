"""What the search for patients asks of operations."""

from datetime import timedelta
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from patients import permissions as patient_permissions
from patients.finding.operations import Operations, know_operations
from scheduling import access
from scheduling.models import Operation
from scheduling.status import EXPECTED, Status


def register() -> None:
    """Say it."""
    know_operations(Operations(coming=patients_expected, reached=patients_reached))


def operations_expected() -> Q:
    """Return the operations to come: those that wait, and those planned from today on or still under way."""
    since_yesterday = DateTimeTZRange(timezone.now() - timedelta(days=1), None)
    waiting = Q(status__in=(Status.REQUESTED, Status.WAITING))
    return waiting | Q(period__overlap=since_yesterday, status__in=EXPECTED)


def patients_expected() -> QuerySet[Any]:
    """Return the numbers of the patients who have one."""
    return Operation.objects.filter(operations_expected()).order_by().values("patient_id")


def patients_reached(user: User, most: int) -> set[int] | None:
    """Return the patients whom roles open to ``user``, if they are no more than ``most``: asked part by part.

    Each part is one that an index answers; all at once they would be asked of every operation.
    """
    parts = access.parts_of_reach(user, patient_permissions.VIEW)
    if parts is None:
        return None
    reached = [Operation.objects.filter(part).order_by().values_list("patient_id", flat=True) for part in parts]
    if any(numbers[: most + 1].count() > most for numbers in reached):  # counting them costs less than fetching them
        return None
    found = {number for numbers in reached for number in numbers}
    return found if len(found) <= most else None
