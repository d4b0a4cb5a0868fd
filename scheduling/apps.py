"""Django's entry to the scheduling app."""

from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    """Scheduling."""

    name = "scheduling"

    def ready(self) -> None:
        """Register the audit trail of this app's models, say which patients roles open, and take surgical orders."""
        from patients.access import let_in  # noqa: PLC0415
        from patients.importing.orders import take_orders  # noqa: PLC0415
        from scheduling import access, audit, finding, held, merging  # noqa: PLC0415
        from scheduling.services import ordering  # noqa: PLC0415

        audit.register()
        held.register()
        finding.register()
        take_orders(ordering.take_order)
        merging.register()
        let_in(by_role=access.patients_by_role, intimate=access.patients_close, treating=access.patients_treated)
