"""What brought patients in: each import, the rows that it made, and what it changed in others."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.encryption.fields import EncryptedCharField, EncryptedJSONField, EncryptedTextField
from patients.models.identity import Patient


class ImportKind(models.TextChoices):
    """What the files are written in."""

    FHIR = "fhir", "FHIR"
    CSV = "csv", "CSV"


class ImportState(models.TextChoices):
    """How far an import is."""

    UPLOADED = "uploaded", "Uploaded"
    WAITING = "waiting", "Waiting to start"
    RUNNING = "running", "Under way"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class ImportRun(models.Model):
    """One import of one or more files.

    ``options`` is how they were read: a CSV file's columns, for example. ``report`` is what the command prints:
    counts and lines with their places. The lines name no person, and can hold what a file says of one.
    """

    kind = models.CharField(max_length=4, choices=ImportKind)
    state = models.CharField(max_length=8, choices=ImportState, default=ImportState.WAITING)
    dry_run = models.BooleanField(default=False)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    title = EncryptedCharField(max_length=200)
    source = models.CharField(max_length=200, blank=True)
    options = EncryptedJSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now())
    finished_at = models.DateTimeField(null=True)
    done = models.PositiveIntegerField(default=0, db_default=0, help_text="Entries worked through so far.")
    total = models.PositiveIntegerField(default=0, db_default=0)
    counts = models.JSONField(default=dict)
    report = EncryptedJSONField(default=dict)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)
    undo_report = EncryptedJSONField(default=dict)

    class Meta:
        ordering = ("-created_at", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(undone_by=None, undone_at=None) | Q(undone_by__isnull=False, undone_at__isnull=False),
                name="import_run_undone_by_somebody",
            ),
        )

    def __str__(self) -> str:
        """Return our own number only: a file's name may be a patient's."""
        return f"Import {self.pk}"

    @property
    def name(self) -> str:
        """Return the files' names, or our number once they are forgotten."""
        return self.title or str(self)

    @property
    def is_open(self) -> bool:
        """Say whether more is to come."""
        return self.state in (ImportState.WAITING, ImportState.RUNNING)


class ImportFile(models.Model):
    """A part of a file that was uploaded: compressed, in base64, encrypted; gone once it has been worked through."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="parts")
    name = EncryptedCharField(max_length=200)
    size = models.PositiveIntegerField(help_text="Bytes of the whole file.")
    number = models.PositiveSmallIntegerField(help_text="Of the file within the upload.")
    part = models.PositiveSmallIntegerField(help_text="Of the part within the file.")
    content = EncryptedTextField()

    class Meta:
        ordering = ("number", "part")
        constraints = (models.UniqueConstraint(fields=("run", "number", "part"), name="import_file_part_once"),)

    def __str__(self) -> str:
        """Return the numbers only: a file's name may be a patient's."""
        return f"Part {self.part} of file {self.number} of import {self.run_id}"


class ImportedRecord(models.Model):
    """A row here that another system knows under a name of its own: by it the next import finds the row again.

    ``kind`` and ``record_id`` are the row. ``said`` is what the system said of it last, field by field: where the
    row says something else, somebody here changed it. ``digest`` is a keyed hash of the whole of what was said.
    ``begun_by`` is the import that first met it, ``run`` the last that had something new, ``made_by`` the one that
    made the row; empty where that was here before.
    """

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="imported_records")
    source = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=200, help_text="Of the other system, such as AllergyIntolerance/17.")
    record_id = models.BigIntegerField(null=True)
    remote_version = models.CharField(max_length=64, blank=True)
    remote_updated_at = models.DateTimeField(null=True)
    digest = models.CharField(max_length=64)
    said = EncryptedJSONField(default=dict)
    begun_by = models.ForeignKey(ImportRun, on_delete=models.PROTECT, related_name="begun_records")
    run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, related_name="last_records")
    made_by = models.ForeignKey(ImportRun, on_delete=models.PROTECT, null=True, related_name="made_records")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("source", "kind", "key"), name="imported_record_once_from_a_source"),
        )
        indexes = (models.Index(fields=("kind", "record_id"), name="imported_record_of_a_row"),)

    def __str__(self) -> str:
        """Return our own number only."""
        return f"Imported record {self.pk}"


class ImportChange(models.Model):
    """What one import changed in a row, or in what is known of it: the fields before and after, for undo."""

    run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, related_name="changes")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="import_changes")
    kind = models.CharField(max_length=20)
    record_id = models.BigIntegerField(null=True)
    before = EncryptedJSONField(default=dict)
    after = EncryptedJSONField(default=dict)
    link = EncryptedJSONField(default=dict, help_text="What the imported record said before.")

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        """Return our own number only."""
        return f"Change {self.pk} of import {self.run_id}"
