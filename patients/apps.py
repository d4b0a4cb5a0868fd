"""Django's entry to the patients app."""

from django.apps import AppConfig


class PatientsConfig(AppConfig):
    """Patients."""

    name = "patients"

    def ready(self) -> None:
        """Register the audit trail of this app's models."""
        from patients import audit  # noqa: PLC0415

        audit.register()
