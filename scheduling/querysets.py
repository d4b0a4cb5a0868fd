"""The chainable read language of operations."""

from datetime import UTC, date, datetime, time, timedelta
from types import ModuleType
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from scheduling.status import MOVABLE, Status

if TYPE_CHECKING:
    from accounts.models import User
    from scheduling.models.operation import Operation


def local_midnight(day: date) -> datetime:
    """Return the first instant of ``day`` in the hospital's zone, in UTC.

    Midnight itself can be missing on a clock-change night in some zones; the fold rule of
    PEP 495 then gives the instant at which the clock jumped, which is what "the day begins" means.
    """
    return timezone.make_aware(datetime.combine(day, time.min)).astimezone(UTC)


def day_period(day: date) -> DateTimeTZRange:
    """Return local midnight to local midnight: 23, 24 or 25 hours."""
    return DateTimeTZRange(local_midnight(day), local_midnight(day + timedelta(days=1)))


def _access() -> ModuleType:
    """Return :mod:`scheduling.access`, which asks the models that this module serves."""
    from scheduling import access  # noqa: PLC0415

    return access


class OperationQuerySet(models.QuerySet["Operation"]):
    """``Operation.objects.on(day).with_facts()``."""

    def on(self, day: date) -> Self:
        """Operations whose planned time touches ``day``."""
        return self.filter(period__overlap=day_period(day))

    def now_on(self, day: date) -> Self:
        """Operations of ``day`` as it runs: those planned for it, and those of the night before still in theatre."""
        still = models.Q(status=Status.IN_THEATRE, period__overlap=day_period(day - timedelta(days=1)))
        return self.filter(models.Q(period__overlap=day_period(day)) | still)

    def unplaced(self) -> Self:
        """Operations that wait for a theatre and a time."""
        return self.filter(status__in=(Status.REQUESTED, Status.WAITING))

    def waiting(self) -> Self:
        """Operations on the waiting list that may be booked now."""
        return self.filter(status=Status.WAITING)

    def overdue(self, day: date) -> Self:
        """Operations whose due date is before ``day``; of those that are paused, before the pause began."""
        paused = models.Q(paused_since=None) | models.Q(due_on__lt=models.F("paused_since"))
        return self.filter(paused, due_on__lt=day)

    def movable(self) -> Self:
        """Placed operations whose patient is not yet in theatre."""
        return self.filter(status__in=MOVABLE)

    def following(self, operation: "Operation") -> Self:
        """Return the operation and those after it in its theatre on its day that may still move, in order."""
        if operation.starts_at is None:
            return self.none()
        later = self.movable().on(timezone.localtime(operation.starts_at).date())
        later = later.filter(theatre=operation.theatre_id, period__startswith__gte=operation.starts_at)
        return later.order_by("period")

    def visible_to(self, user: "User", capability: str = "scheduling.view_operation") -> Self:
        """Operations that ``user`` may open, or, by another capability, work on."""
        return self.filter(_access().opened(user, capability))

    def listed_to(self, user: "User") -> Self:
        """Operations that lists show to ``user``; where ``is_open`` is false they must not say whose."""
        access = _access()
        return self.filter(access.listed(user)).with_standing(user)

    def with_standing(self, user: "User", capability: str = "scheduling.view_operation") -> Self:
        """Mark each as open to ``user`` or not (``is_open``)."""
        access = _access()
        return self.annotate(is_open=access.flag(access.opened(user, capability)))

    def with_board_standing(self, user: "User") -> Self:
        """Mark what the board may say: all (``is_open``), not whose (``is_nameless``), or only that (``is_listed``)."""
        access = _access()
        return self.with_standing(user).annotate(
            is_nameless=access.flag(access.shown_nameless(user)), is_listed=access.flag(access.listed(user))
        )

    def with_display_standing(self) -> Self:
        """Mark what a screen without a person may say: of nobody whose, of confidential patients only that."""
        access, public = _access(), models.Q(patient__confidential=False)
        return self.annotate(
            is_open=access.flag(access.NOTHING), is_nameless=access.flag(public), is_listed=access.flag(access.NOTHING)
        )

    def with_facts(self) -> Self:
        """Join what every list shows beside an operation."""
        return self.select_related("patient", "procedure", "specialty", "lead_surgeon", "priority", "theatre")

    def with_waits(self) -> Self:
        """Fetch along what ``days_waiting`` needs, for lists."""
        return self.prefetch_related("pauses")
