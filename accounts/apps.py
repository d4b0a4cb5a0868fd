"""Who may come in and what they may do."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, roles and capabilities."""

    name = "accounts"
    verbose_name = "People and access"

    def ready(self) -> None:
        """Register the audit trail of this app's models."""
        from accounts import audit  # noqa: PLC0415

        audit.register()
