"""Django's entry to the messaging app."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """Words and live updates delivered to people."""

    name = "messaging"

    def ready(self) -> None:
        """Register the audit trail of this app's models."""
        from messaging import audit  # noqa: PLC0415

        audit.register()
