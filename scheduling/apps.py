"""Django's entry to the scheduling app."""

from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    """Scheduling."""

    name = "scheduling"

    def ready(self) -> None:
        """Register the audit trail of this app's models, and say which patients roles open."""
        from patients.access import let_in  # noqa: PLC0415
        from scheduling import access, audit, finding, held  # noqa: PLC0415

        audit.register()
        held.register()
        finding.register()
        let_in(by_role=access.patients_by_role, intimate=access.patients_close, treating=access.patients_treated)
