"""The chainable read language of operations."""

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from scheduling.status import Status

if TYPE_CHECKING:
    from scheduling.models.operation import Operation  # noqa: F401


def local_midnight(day: date) -> datetime:
    """Return the first instant of ``day`` in the hospital's zone, in UTC.

    Midnight itself can be missing on a clock-change night in some zones; the fold rule of
    PEP 495 then gives the instant at which the clock jumped, which is what "the day begins" means.
    """
    return timezone.make_aware(datetime.combine(day, time.min)).astimezone(UTC)


def day_period(day: date) -> DateTimeTZRange:
    """Return local midnight to local midnight: 23, 24 or 25 hours."""
    return DateTimeTZRange(local_midnight(day), local_midnight(day + timedelta(days=1)))


class OperationQuerySet(models.QuerySet["Operation"]):
    """``Operation.objects.on(day).with_facts()``."""

    def on(self, day: date) -> Self:
        """Operations whose planned time touches ``day``."""
        return self.filter(period__overlap=day_period(day))

    def unplaced(self) -> Self:
        """Operations that wait for a theatre and a time."""
        return self.filter(status__in=(Status.REQUESTED, Status.WAITING))

    def waiting(self) -> Self:
        """Operations on the waiting list that may be booked now."""
        return self.filter(status=Status.WAITING)

    def with_facts(self) -> Self:
        """Join what every list shows beside an operation."""
        return self.select_related("patient", "procedure", "specialty", "lead_surgeon", "priority", "theatre")
