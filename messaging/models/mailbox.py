"""What would have been sent, where nothing leaves the machine."""

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from accounts.encryption.fields import EncryptedCharField, EncryptedTextField


class KeptMessage(models.Model):
    """One message in the built-in mailbox of development; a hospital's site keeps none."""

    channel = models.CharField(max_length=12)
    message_id = models.CharField(max_length=200, unique=True)
    address = EncryptedCharField(max_length=254)
    subject = EncryptedCharField(max_length=200, blank=True)
    text = EncryptedTextField()
    html = EncryptedTextField(blank=True)
    calendar = EncryptedTextField(blank=True)
    at = models.DateTimeField(default=timezone.now, db_default=Now())

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        """Return our own number only."""
        return f"Kept message {self.pk}"
