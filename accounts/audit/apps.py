"""The record that convinces: who changed and who saw what, in a chain that shows every tampering."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Row triggers, the access log, the chain over both, and the pages that show them."""

    name = "accounts.audit"
    label = "audit"
    verbose_name = "Audit record"

    def ready(self) -> None:
        """Say on every connection who writes, and attach the triggers after each migration."""
        from celery.signals import task_postrun, task_prerun  # noqa: PLC0415
        from django.db.backends.signals import connection_created  # noqa: PLC0415
        from django.db.models.signals import post_migrate  # noqa: PLC0415

        from accounts.audit import triggers, who  # noqa: PLC0415

        connection_created.connect(who.watch)
        task_prerun.connect(who.begin_task)
        task_postrun.connect(who.end_task)
        post_migrate.connect(triggers.install_after_migrating, sender=self)
