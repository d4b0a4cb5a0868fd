"""What django-auditlog keeps of this app: who wrote which words. Deliveries are a record of their own."""

from auditlog.registry import auditlog

from messaging import models


def register() -> None:
    """Trail the words of messages."""
    auditlog.register(models.MessageTemplate)
