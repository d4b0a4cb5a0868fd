"""When the order of a theatre's list is settled: the hospital's rule, and what people decide about one list."""

from datetime import time

from django.db import models
from django.db.models import Q

from accounts.encryption.fields import EncryptedTextField
from accounts.models import User
from resources.models import Specialty, Theatre


class ListClosing(models.Model):
    """From when on a theatre's list of a day is closed by itself; without any row, lists stay open.

    A specialty's own row goes before the one for all. Working days are Monday to Friday.
    """

    specialty = models.ForeignKey(
        Specialty,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="Lists with a session of this specialty. Empty: all others.",
    )
    closes = models.BooleanField(
        default=True, help_text="Untick: these lists are closed by hand only, whatever holds for all others."
    )
    working_days_before = models.PositiveSmallIntegerField(
        default=1, help_text="So many working days before the list; 0 is the day itself."
    )
    at = models.TimeField(default=time(14), help_text="By the hospital's clock.")

    class Meta:
        verbose_name = "closing time of lists"
        verbose_name_plural = "closing times of lists"
        ordering = ("specialty__name",)
        constraints = (
            models.UniqueConstraint(
                fields=("specialty",),
                name="list_closing_one_of_a_specialty",
                nulls_distinct=False,
                violation_error_message="There is a closing time for these lists already. Change that one.",
            ),
            models.CheckConstraint(
                condition=Q(working_days_before__lte=14),
                name="list_closing_days",
                violation_error_message="At most 14 working days before.",
            ),
        )

    def __str__(self) -> str:
        """Return for whom, and when."""
        who = str(self.specialty) if self.specialty else "All lists"
        if not self.closes:
            return f"{who}: by hand only"
        days = self.working_days_before
        when = f"{days} working day{'' if days == 1 else 's'} before" if days else "on the day"
        return f"{who}: {self.at:%H:%M} {when}"


class ListDecision(models.Model):
    """A theatre's list of a day, closed or opened again by hand; each decision is kept, the last one counts."""

    theatre = models.ForeignKey(Theatre, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    closed = models.BooleanField()
    reason = EncryptedTextField(blank=True)
    decided_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("decided_at", "id")
        indexes = (models.Index(fields=("theatre", "day"), name="list_decision_list"),)

    def __str__(self) -> str:
        """Return what was decided about which list."""
        return f"List of {self.day:%d %b %Y} {'closed' if self.closed else 'opened again'}"
