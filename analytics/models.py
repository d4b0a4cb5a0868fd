"""What reports keep: the findings about the site's security, and each run that looked for them."""

from django.db import models
from django.utils import timezone

from accounts.models import User


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
