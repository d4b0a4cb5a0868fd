"""The words of a message, in one language, in one version."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from messaging.wording.languages import LANGUAGES


class MessageTemplate(models.Model):
    """How one kind of message reads. A change is a new version: what was sent stays what it was.

    Which fields may stand in it is fixed in :mod:`messaging.wording.kinds`.
    """

    kind = models.CharField(max_length=40)
    language = models.CharField(max_length=16, choices=LANGUAGES, default="en")
    channel = models.CharField(max_length=12, blank=True, default="", db_default="", help_text="Empty: every channel.")
    version = models.PositiveIntegerField(editable=False)
    subject = models.CharField(max_length=120, help_text="Not shown in an SMS.")
    body = models.TextField(max_length=1200)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    written_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    class Meta:
        ordering = ("kind", "language", "channel", "-version")
        constraints = (
            models.UniqueConstraint(fields=("kind", "language", "channel", "version"), name="message_template_version"),
        )

    def __str__(self) -> str:
        """Return what it is, and its version."""
        where = f", {self.channel}" if self.channel else ""
        return f"{self.kind} ({self.language}{where}), version {self.version}"
