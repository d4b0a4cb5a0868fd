"""What stands behind the bell on the site."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from messaging.models.delivery import Delivery


class Notice(models.Model):
    """One message that somebody reads on the site itself. As all words to staff, it names no patient."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    delivery = models.OneToOneField(Delivery, on_delete=models.CASCADE, related_name="notice")
    subject = models.CharField(max_length=200)
    text = models.TextField()
    link = models.CharField(max_length=300, blank=True, default="", db_default="")
    urgent = models.BooleanField(default=False, db_default=False)
    at = models.DateTimeField(default=timezone.now, db_default=Now())
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-at", "-pk")
        indexes = (
            models.Index(fields=("user",), condition=Q(read_at=None), name="notice_unread"),
            models.Index(fields=("user", "-at"), name="notice_latest"),
        )

    def __str__(self) -> str:
        """Return our own number only."""
        return f"Notice {self.pk}"
