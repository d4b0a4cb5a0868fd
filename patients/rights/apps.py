"""Django's entry to the rights of the patient."""

from django.apps import AppConfig


class RightsConfig(AppConfig):
    """Rights of the patient."""

    name = "patients.rights"
    label = "rights"
    verbose_name = "Rights of the patient"

    def ready(self) -> None:
        """Register the audit trail of this app's models, and what it and ``patients`` hold of a patient."""
        from patients.rights import audit, held  # noqa: PLC0415

        audit.register()
        held.register()
