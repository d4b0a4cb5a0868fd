"""Django's entry to the analytics app."""

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    """Measures and reports of what the other apps hold."""

    name = "analytics"

    def ready(self) -> None:
        """Register the audit trail of this app's models."""
        from analytics import audit, held  # noqa: PLC0415

        audit.register()
        held.register()
