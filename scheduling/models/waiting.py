"""What is known of an operation while it waits: whether the patient is fit, and when the clock stood still."""

from datetime import date

from django.db import models
from django.db.models import F, Q

from accounts.encryption.fields import EncryptedTextField
from accounts.models import User
from scheduling.models.operation import Operation


class PauseKind(models.TextChoices):
    """Why nobody could be operated on; kept apart, because only one of them is the hospital's to change."""

    UNFIT = "unfit", "Patient not fit"
    UNAVAILABLE = "unavailable", "Patient not available"


class ClockPause(models.Model):
    """Days that don't count as waiting: from ``starts`` up to but without ``ends``; no end, still paused."""

    operation = models.ForeignKey(Operation, on_delete=models.PROTECT, related_name="pauses")
    kind = models.CharField(max_length=12, choices=PauseKind)
    starts = models.DateField()
    ends = models.DateField(null=True, blank=True)
    note = EncryptedTextField(blank=True)
    recorded_at = models.DateTimeField(auto_now_add=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("starts", "id")
        constraints = (
            models.CheckConstraint(condition=Q(ends__isnull=True) | Q(ends__gt=F("starts")), name="pause_in_order"),
            models.UniqueConstraint(fields=("operation",), condition=Q(ends=None), name="pause_one_open"),
        )

    def __str__(self) -> str:
        """Return why and since when."""
        return f"{self.get_kind_display()} from {self.starts:%d %b %Y}"

    @property
    def days(self) -> int | None:
        """Days that don't count; None while it goes on."""
        return (self.ends - self.starts).days if self.ends else None

    def days_until(self, day: date) -> int:
        """Days before ``day`` that don't count."""
        return max((min(self.ends or day, day) - self.starts).days, 0)
