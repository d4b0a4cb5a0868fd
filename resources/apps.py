"""Django's entry to the resources app."""

from django.apps import AppConfig


class ResourcesConfig(AppConfig):
    """Resources."""

    name = "resources"

    def ready(self) -> None:
        """Register the audit trail of this app's models, and name the words that messages may hold."""
        from resources import audit, messages  # noqa: PLC0415

        audit.register()
        messages.register()
