"""Two records of one person: pairs that look so, and what was made one."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.encryption.fields import EncryptedJSONField, EncryptedTextField
from patients.models.identity import Patient


class PatientMerge(models.Model):
    """One time that a second record of a person, ``duplicate``, was merged into ``survivor``; never deleted.

    ``moved`` has the numbers of the rows that changed hands, by model. ``values`` is what undo needs beside: the
    survivor's fields before and after (``survivor``), the duplicate's before (``duplicate``), rows that took over
    something of an equal one (``rows``), rows that were made (``made``). ``kept`` says, once it is undone, what stayed
    as it was then, in sentences.
    """

    survivor = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="merges")
    duplicate = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="merges_away")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    reason = EncryptedTextField(max_length=300)
    moved = models.JSONField(default=dict)
    values = EncryptedJSONField(default=dict)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)
    undone_because = EncryptedTextField(max_length=300, blank=True)
    kept = EncryptedJSONField(default=list)

    class Meta:
        ordering = ("-at", "-pk")
        constraints = (
            models.UniqueConstraint(fields=("duplicate",), condition=Q(undone_at=None), name="patient_merge_once"),
            models.CheckConstraint(condition=~Q(survivor=F("duplicate")), name="patient_merge_of_two"),
            models.CheckConstraint(
                condition=Q(undone_by=None, undone_at=None) | Q(undone_by__isnull=False, undone_at__isnull=False),
                name="patient_merge_undone_by_somebody",
            ),
        )

    def __str__(self) -> str:
        """Return the numbers only: names stay out of logs and audit rows."""
        return f"Merge {self.pk} of patient {self.duplicate_id} into {self.survivor_id}"


class DuplicatePair(models.Model):
    """Two records that look like one person's, the lower number first; or that somebody found to be two people's.

    ``score`` goes to 100. ``signs`` are the names of what agrees (:class:`patients.merging.likeness.Sign`), no values.
    """

    first = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    score = models.PositiveSmallIntegerField()
    signs = models.JSONField(default=list)
    found_at = models.DateTimeField(default=timezone.now)
    distinct_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    distinct_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-score", "pk")
        indexes = (models.Index(fields=("-score", "id"), name="duplicate_pair_open", condition=Q(distinct_at=None)),)
        constraints = (
            models.UniqueConstraint(fields=("first", "second"), name="duplicate_pair_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="duplicate_pair_in_order"),
            models.CheckConstraint(
                condition=Q(distinct_by=None, distinct_at=None)
                | Q(distinct_by__isnull=False, distinct_at__isnull=False),
                name="duplicate_pair_distinct_by_somebody",
            ),
        )

    def __str__(self) -> str:
        """Return the numbers only."""
        return f"Patients {self.first_id} and {self.second_id}"
