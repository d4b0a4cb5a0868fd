"""One message to one recipient: what is to be said, when, and what became of it."""

from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.encryption.fields import EncryptedJSONField
from messaging.models.audience import Audience


class Status(models.TextChoices):
    """How far a message is."""

    PLANNED = "planned", "Planned"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Failed"
    UNCERTAIN = "uncertain", "Uncertain"
    WITHDRAWN = "withdrawn", "Withdrawn"
    EXPIRED = "expired", "Expired"


UNSETTLED = (Status.UNCERTAIN, Status.FAILED, Status.EXPIRED)
"""What a person has to look at."""


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """``Delivery.objects.about("operation", 12).needing_hands()``."""

    def about(self, label: str, number: int) -> Self:
        """Those about one thing, which the app that plans them names."""
        return self.filter(context_label=label, context_id=number)

    def to(self, label: str, number: int) -> Self:
        """Those to one person outside the staff."""
        return self.filter(recipient_label=label, recipient_id=number)

    def needing_hands(self) -> Self:
        """Those that failed, came too late or that nobody can be sure of, and that nobody has seen to yet."""
        return self.filter(status__in=UNSETTLED, settled_at=None)


class Delivery(models.Model):
    """One message to one recipient, once.

    ``messaging`` knows neither patients nor operations: ``recipient_label`` and ``recipient_id`` are the name and
    number under which the app that planned it knows a person outside the staff, ``context_*`` what it is about.
    ``channels`` are those that the recipient allows, the best first, ``channel`` the one whose turn it is.
    ``lease`` is whoever sends it at this moment, until ``leased_until``.
    """

    kind = models.CharField(max_length=40)
    audience = models.CharField(max_length=8, choices=Audience)
    channel = models.CharField(max_length=12)
    channels = ArrayField(models.CharField(max_length=12))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="deliveries"
    )
    recipient_label = models.CharField(max_length=40, blank=True, default="", db_default="")
    recipient_id = models.BigIntegerField(null=True, blank=True)
    context_label = models.CharField(max_length=40, blank=True, default="", db_default="")
    context_id = models.BigIntegerField(null=True, blank=True)
    addresses = EncryptedJSONField(default=dict, blank=True, help_text="By channel.")
    address_index = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    language = models.CharField(max_length=16, default="en", db_default="en")
    fields = EncryptedJSONField(default=dict, blank=True, help_text="What stands in the message.")
    urgent = models.BooleanField(default=False, db_default=False, help_text="Goes first, and in quiet hours too.")
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    dedupe_key = models.CharField(max_length=160, unique=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.PLANNED, db_default=Status.PLANNED)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    next_attempt_at = models.DateTimeField()
    attempted_at = models.DateTimeField(null=True, blank=True, help_text="When the last attempt began.")
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    template_version = models.PositiveIntegerField(null=True, blank=True)
    segments = models.PositiveSmallIntegerField(null=True, blank=True)
    provider_id = models.CharField(max_length=200, blank=True, default="", db_default="")
    provider_status = models.CharField(max_length=20, blank=True, default="", db_default="")
    last_error = models.CharField(max_length=40, blank=True, default="", db_default="")
    withdrawn_at = models.DateTimeField(null=True, blank=True, help_text="Not wanted any more, if it has not gone.")
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    settled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ("-due_at", "-pk")
        verbose_name_plural = "deliveries"
        indexes = (
            # What the dispatcher asks; sent rows are not in it, and of a million planned ones it reads the first.
            models.Index(
                fields=("channel", "urgent", "next_attempt_at"),
                condition=Q(status=Status.PLANNED),
                name="delivery_due",
            ),
            models.Index(fields=("leased_until",), condition=Q(status=Status.SENDING), name="delivery_leased"),
            models.Index(
                fields=("due_at",),
                condition=Q(status__in=UNSETTLED, settled_at=None),
                name="delivery_unsettled",
            ),
            models.Index(fields=("expires_at",), condition=Q(status=Status.PLANNED), name="delivery_expiring"),
            models.Index(fields=("context_label", "context_id"), name="delivery_context"),
            models.Index(fields=("recipient_label", "recipient_id"), name="delivery_recipient"),
            models.Index(
                fields=("address_index", "sent_at"), condition=Q(sent_at__isnull=False), name="delivery_address"
            ),
            models.Index(fields=("provider_id",), condition=~Q(provider_id=""), name="delivery_provider"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(audience=Audience.STAFF, user__isnull=False, recipient_id__isnull=True)
                | Q(audience=Audience.PATIENT, user__isnull=True, recipient_id__isnull=False),
                name="delivery_one_recipient",
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("due_at")), name="delivery_expires_after_due"),
        )

    def __str__(self) -> str:
        """Return our own number only."""
        return f"Delivery {self.pk}"

    @property
    def address(self) -> str:
        """Return where it goes by the channel whose turn it is."""
        return str(self.addresses.get(self.channel, ""))

    @property
    def next_channel(self) -> str | None:
        """Return the channel that the recipient allows after this one, if there is one."""
        later = self.channels[self.channels.index(self.channel) + 1 :] if self.channel in self.channels else []
        return later[0] if later else None
