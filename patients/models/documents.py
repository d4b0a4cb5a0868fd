"""Papers of a patient's record: scanned forms, letters, reports. Their bytes are sealed, and lie in pieces."""

from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.encryption.fields import EncryptedCharField
from patients.models.identity import Patient

LARGEST = 20 * 1024 * 1024
"""Bytes of one document; a scan of some pages has less than a tenth of it."""


class DocumentKind(models.TextChoices):
    """What a paper is."""

    CONSENT = "consent", "Consent form"
    REFERRAL = "referral", "Referral letter"
    IMAGING = "imaging", "Imaging report"
    ECG = "ecg", "ECG"
    OTHER = "other", "Other"


class ContentType(models.TextChoices):
    """What every browser shows, and nothing runs."""

    PDF = "application/pdf", "PDF"
    JPEG = "image/jpeg", "JPEG"
    PNG = "image/png", "PNG"


class DocumentQuerySet(models.QuerySet["Document"]):
    """``patient.documents.counting()``."""

    def counting(self) -> Self:
        """Those that were not entered in error."""
        return self.filter(withdrawn_at=None)


class Document(models.Model):
    """One paper. What was entered in error is withdrawn: it stays, says by whom and why, and never counts.

    ``size`` is in bytes of the content as it is stored. ``fingerprint`` is a keyed hash of that, by which the same
    file is recognised. ``content_key`` opens the pieces.
    """

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=8, choices=DocumentKind)
    title = EncryptedCharField(max_length=120, blank=True)
    dated_on = models.DateField("date on the document", null=True, blank=True)
    content_type = models.CharField(max_length=15, choices=ContentType, editable=False)
    size = models.PositiveIntegerField(
        editable=False, validators=[MinValueValidator(1), MaxValueValidator(LARGEST)], help_text="Bytes."
    )
    fingerprint = models.CharField(max_length=64, editable=False)
    content_key = EncryptedCharField(max_length=44, editable=False)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, editable=False, related_name="+"
    )
    uploaded_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    withdrawn_because = EncryptedCharField(max_length=300, blank=True, default="", db_default="", editable=False)
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        ordering = ("-uploaded_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("patient", "fingerprint"), condition=Q(withdrawn_at=None), name="document_once_per_patient"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="document_withdrawn_by_somebody",
            ),
            models.CheckConstraint(condition=Q(size__range=(1, LARGEST)), name="document_size"),
        )

    def __str__(self) -> str:
        """Return our own number only: both trails of changes keep what this says."""
        return f"Document {self.pk}"

    @property
    def name(self) -> str:
        """Return what people call it: its title, or else what it is."""
        return self.title or str(self.get_kind_display())

    @property
    def is_withdrawn(self) -> bool:
        """Say whether it was entered in error."""
        return self.withdrawn_at is not None


class DocumentPart(models.Model):
    """One piece of a document's bytes, sealed: see :mod:`accounts.encryption.pieces`."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveSmallIntegerField()
    sealed = models.BinaryField()

    class Meta:
        ordering = ("document", "number")
        constraints = (models.UniqueConstraint(fields=("document", "number"), name="document_part_once"),)

    def __str__(self) -> str:
        """Return our own numbers."""
        return f"Part {self.number} of document {self.document_id}"
