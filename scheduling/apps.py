"""Django's entry to the scheduling app."""

from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    """Scheduling."""

    name = "scheduling"

    def ready(self) -> None:
        """Register the audit trail of this app's models."""
        from scheduling import audit  # noqa: PLC0415

        audit.register()
