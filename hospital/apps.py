"""Django's entry to the project itself."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class HospitalConfig(AppConfig):
    """The pieces that belong to no app: commands, servers, the background queue."""

    name = "hospital"

    def ready(self) -> None:
        """Make our Celery app the one that ``shared_task`` and ``.delay()`` use."""
        from hospital.celery import app  # noqa: PLC0415  # settings must be loaded first

        app.set_default()


class ReferenceAdminConfig(AdminConfig):
    """Django's admin with our own site."""

    default_site = "hospital.admin_site.ReferenceSite"
