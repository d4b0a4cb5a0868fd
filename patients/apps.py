"""Django's entry to the patients app."""

from django.apps import AppConfig


class PatientsConfig(AppConfig):
    """Patients."""

    name = "patients"

    def ready(self) -> None:
        """Register the audit trail of this app's models, guard merged records, and say who may be written to."""
        from django.db.models.signals import post_migrate  # noqa: PLC0415

        from patients import audit, messages  # noqa: PLC0415
        from patients.merging import guarding  # noqa: PLC0415

        audit.register()
        messages.register()
        post_migrate.connect(guarding.install, sender=self)
