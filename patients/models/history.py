"""Every value that a record had: who changed it, when, from what to what."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from accounts.encryption.fields import EncryptedJSONField
from patients.models.identity import Patient


class ChangeVerb(models.TextChoices):
    """What happened to a value."""

    ADDED = "added", "Added"
    CHANGED = "changed", "Changed"
    REMOVED = "removed", "Removed"


class RecordChange(models.Model):
    """One change of one part of a patient's record.

    ``part`` names the part (a kind of entry, or a card of the patient's own details), ``entry`` the number of the
    entry in it, 0 for the patient's own details. ``values`` maps each field that changed to what it was and what it
    became, as texts; the trails of the database leave these out, because they keep theirs in clear and for ever.
    """

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="record_changes")
    part = models.CharField(max_length=20)
    entry = models.PositiveBigIntegerField(default=0, db_default=0)
    verb = models.CharField(max_length=7, choices=ChangeVerb)
    values = EncryptedJSONField(default=dict)
    source = models.CharField(max_length=200, blank=True, default="", db_default="")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now, db_default=Now())

    class Meta:
        ordering = ("-pk",)
        indexes = (models.Index(fields=("patient", "part", "entry"), name="record_change_of_entry"),)

    def __str__(self) -> str:
        """Return our own number only: what was changed stays out of logs and audit rows."""
        return f"Record change {self.pk}"
