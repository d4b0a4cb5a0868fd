"""What comes back: the provider's reports, and what recipients answer."""

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from accounts.encryption.fields import EncryptedCharField, EncryptedTextField
from messaging.models.delivery import Delivery


class ProviderReport(models.Model):
    """One thing that a provider told about one message; told again, it is the same row."""

    provider_id = models.CharField(max_length=200)
    status = models.CharField(max_length=20)
    error = models.CharField(max_length=20, blank=True, default="", db_default="")
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, null=True, related_name="reports")
    at = models.DateTimeField(default=timezone.now, db_default=Now())

    class Meta:
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("provider_id", "status"), name="provider_report_once"),)

    def __str__(self) -> str:
        """Return the report's number."""
        return f"Report {self.pk}"


class ReplyMeaning(models.TextChoices):
    """What an answer means to us."""

    STOP = "stop", "No more messages"
    START = "start", "Messages again"
    HELP = "help", "Asks for help"
    YES = "yes", "I will come"
    NO = "no", "I cannot come"
    OTHER = "other", "Something else"


class InboundMessage(models.Model):
    """What somebody wrote to us, and the message it answers, as far as we know."""

    channel = models.CharField(max_length=12)
    provider_id = models.CharField(max_length=200)
    address = EncryptedCharField(max_length=254)
    address_index = models.CharField(max_length=64, db_index=True)
    text = EncryptedTextField(blank=True)
    meaning = models.CharField(max_length=5, choices=ReplyMeaning)
    delivery = models.ForeignKey(Delivery, on_delete=models.SET_NULL, null=True, blank=True, related_name="replies")
    recipient_label = models.CharField(max_length=40, blank=True, default="", db_default="")
    recipient_id = models.BigIntegerField(null=True, blank=True)
    received_at = models.DateTimeField(default=timezone.now, db_default=Now())

    class Meta:
        ordering = ("-received_at", "-pk")
        constraints = (models.UniqueConstraint(fields=("channel", "provider_id"), name="inbound_once"),)
        indexes = (models.Index(fields=("recipient_label", "recipient_id"), name="inbound_recipient"),)

    def __str__(self) -> str:
        """Return our own number only."""
        return f"Inbound message {self.pk}"
