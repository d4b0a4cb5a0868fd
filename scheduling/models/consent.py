"""What a patient said to one operation: consent, refusal, withdrawal."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.encryption.fields import EncryptedCharField
from accounts.models import User
from patients.models import Document
from resources.models import StaffMember
from scheduling.models.catalogue import Procedure
from scheduling.models.operation import Operation, Side, procedure_in_words


class ConsentAnswer(models.TextChoices):
    """What was said, or why nobody could say it."""

    GIVEN = "given", "Given"
    REFUSED = "refused", "Refused"
    NOT_POSSIBLE = "not_possible", "Patient can’t be asked"
    WITHDRAWN = "withdrawn", "Withdrawn"


class OperationConsent(models.Model):
    """One answer of a patient to one operation; the newest that was not entered in error stands.

    ``procedure`` and ``side`` are what it was given for: the operation's may change afterwards, and then it is a
    consent to something else. ``document`` is the signed form, where it was scanned.
    """

    operation = models.ForeignKey(Operation, on_delete=models.PROTECT, related_name="consents")
    answer = models.CharField(max_length=12, choices=ConsentAnswer)
    procedure = models.ForeignKey(Procedure, on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=14, choices=Side)
    signed_on = models.DateField("date")
    taken_by = models.ForeignKey(StaffMember, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    document = models.ForeignKey(Document, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    note = EncryptedCharField(max_length=300, blank=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(default=timezone.now, db_default=Now())
    taken_back_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    taken_back_at = models.DateTimeField(null=True, blank=True)
    taken_back_because = EncryptedCharField(max_length=300, blank=True, default="", db_default="")

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(taken_back_at=None, taken_back_by=None)
                | Q(taken_back_at__isnull=False, taken_back_by__isnull=False),
                name="consent_taken_back_by_somebody",
            ),
        )

    def __str__(self) -> str:
        """Return our own number only: both trails of changes keep what this says."""
        return f"Consent {self.pk}"

    @property
    def procedure_with_side(self) -> str:
        """Return what it was given for."""
        return procedure_in_words(self.procedure, self.side)
