"""Who may come in and what they may do."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, roles and capabilities."""

    name = "accounts"
    verbose_name = "People and access"

    def ready(self) -> None:
        """Register the audit trail of this app's models, and start a session's clocks at each sign-in."""
        from allauth.mfa.signals import authenticator_added  # noqa: PLC0415
        from django.contrib.auth.signals import user_logged_in  # noqa: PLC0415

        from accounts import second_factor, sessions  # noqa: PLC0415
        from accounts.audit import history  # noqa: PLC0415

        history.register()
        user_logged_in.connect(sessions.begin)
        authenticator_added.connect(second_factor.note_set_up)
