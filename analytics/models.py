"""What reports keep: findings about the site's security, the runs that looked for them, and unusual access."""

from django.db import models
from django.utils import timezone

from accounts.encryption.fields import EncryptedTextField
from accounts.models import User
from patients.models import Patient


class Severity(models.IntegerChoices):
    """How soon somebody has to act."""

    LOW = 1, "Low"
    MEDIUM = 2, "Medium"
    HIGH = 3, "High"


class FindingState(models.TextChoices):
    """Where a finding stands."""

    OPEN = "open", "Open"
    ACCEPTED = "accepted", "Accepted"
    FIXED = "fixed", "Fixed"


class SecurityReport(models.Model):
    """One run of the security audit, as it was: later changes of a finding don't change it.

    ``results`` lists what was found (see :mod:`analytics.security.running`), ``not_checked`` what could not be
    looked at and why, ``facts`` what a later run compares with.
    """

    at = models.DateTimeField(default=timezone.now)
    results = models.JSONField(default=list)
    not_checked = models.JSONField(default=list)
    facts = models.JSONField(default=dict)

    class Meta:
        ordering = ("-at", "-pk")
        get_latest_by = "at"

    def __str__(self) -> str:
        """Return the day."""
        return f"Security audit of {timezone.localtime(self.at):%d %b %Y %H:%M}"


class SecurityFinding(models.Model):
    """One thing that is not as it should be; found again, it is the same finding."""

    code = models.CharField(max_length=60)
    subject = models.CharField(max_length=100, blank=True, help_text="What it is about, such as an account's number.")
    found_by = models.CharField(max_length=60, help_text="The check that finds it.")
    severity = models.PositiveSmallIntegerField(choices=Severity)
    title = models.CharField(max_length=200)
    evidence = models.TextField()
    remedy = models.TextField()
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    state = models.CharField(max_length=8, choices=FindingState, default=FindingState.OPEN)
    accepted_until = models.DateField(null=True, blank=True)
    accepted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    note = models.TextField(blank=True)

    class Meta:
        ordering = ("-severity", "code", "subject")
        constraints = (
            models.UniqueConstraint(fields=("code", "subject"), name="security_finding_unique"),
            models.CheckConstraint(
                condition=models.Q(state="accepted", accepted_until__isnull=False) | ~models.Q(state="accepted"),
                name="security_finding_accepted_until",
            ),
        )

    def __str__(self) -> str:
        """Return the finding's code and number: titles may name people."""
        return f"{self.code} {self.pk}"


class UnusualRule(models.TextChoices):
    """Why a look at records may need a question; :mod:`analytics.unusual.rules` has one function for each."""

    CONFIDENTIAL = "confidential", "Confidential record"
    OWN_RECORD = "own_record", "Own record, perhaps"
    SAME_SURNAME = "same_surname", "Same surname"
    COLLEAGUE = "colleague", "Colleague, perhaps"
    NO_APPOINTMENT = "no_appointment", "No operation near"
    OFF_DUTY = "off_duty", "Outside the roster"
    NIGHT = "night", "At night"
    VOLUME = "volume", "Many records"


class UnusualOutcome(models.TextChoices):
    """What the privacy officer found."""

    OPEN = "", "Not reviewed yet"
    JUSTIFIED = "justified", "Justified"
    NOT_JUSTIFIED = "not_justified", "Not justified"
    FOLLOW_UP = "follow_up", "Followed up"


class UnusualAccess(models.Model):
    """What one rule found about one person on one local day, and what came of the question.

    ``evidence`` is a sentence with numbers, without any patient's data.
    """

    rule = models.CharField(max_length=20, choices=UnusualRule)
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, related_name="+")
    day = models.DateField()
    evidence = models.CharField(max_length=200)
    outcome = models.CharField(max_length=14, choices=UnusualOutcome, blank=True, default="")
    note = EncryptedTextField(max_length=1000, blank=True)
    reviewed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-day", "rule", "actor", "pk")
        verbose_name_plural = "unusual accesses"
        indexes = (models.Index(fields=("-day", "rule"), name="unusual_access_open", condition=models.Q(outcome="")),)
        constraints = (
            models.UniqueConstraint(
                fields=("day", "rule", "actor", "patient"), name="unusual_access_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=models.Q(outcome="", reviewed_by=None)
                | (~models.Q(outcome="") & models.Q(reviewed_by__isnull=False)),
                name="unusual_access_outcome_by_somebody",
            ),
            models.CheckConstraint(
                condition=models.Q(reviewed_by=None) | ~models.Q(reviewed_by=models.F("actor")),
                name="unusual_access_not_own_review",
            ),
        )

    def __str__(self) -> str:
        """Return the numbers only: names stay out of logs and audit rows."""
        return f"Unusual access {self.pk}"


class DataExportKind(models.TextChoices):
    """What a file for analysis may hold."""

    DEIDENTIFIED = "deidentified", "Without patients (Safe Harbor)"
    LIMITED = "limited", "Limited data set, with dates"


class DataExport(models.Model):
    """One file for analysis that was made. A limited data set names its purpose, recipient and agreement."""

    kind = models.CharField(max_length=12, choices=DataExportKind)
    year = models.PositiveSmallIntegerField()
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    rows = models.PositiveIntegerField()
    purpose = models.CharField(max_length=200, blank=True)
    recipient = models.CharField(max_length=200, blank=True)
    agreement = models.CharField(max_length=60, blank=True, help_text="The number of the data use agreement.")

    class Meta:
        ordering = ("-at", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(kind="limited")
                | (~models.Q(purpose="") & ~models.Q(recipient="") & ~models.Q(agreement="")),
                name="data_export_limited_by_agreement",
            ),
        )

    def __str__(self) -> str:
        """Return number and kind."""
        return f"Data export {self.pk} ({self.kind})"
