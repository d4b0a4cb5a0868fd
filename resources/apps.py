"""Django's entry to the resources app."""

from django.apps import AppConfig


class ResourcesConfig(AppConfig):
    """Resources."""

    name = "resources"

    def ready(self) -> None:
        """Register the audit trail of this app's models."""
        from resources import audit  # noqa: PLC0415

        audit.register()
