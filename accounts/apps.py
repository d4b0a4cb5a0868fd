"""Who may come in and what they may do."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, roles and capabilities."""

    name = "accounts"
    verbose_name = "People and access"

    def ready(self) -> None:
        """Register the audit trail of this app's models, and start a session's clocks at each sign-in."""
        from allauth.account.signals import user_logged_in as signed_in  # noqa: PLC0415
        from allauth.mfa.signals import authenticator_added  # noqa: PLC0415
        from django.contrib.auth.signals import user_logged_in  # noqa: PLC0415

        from accounts import audit, second_factor, sessions, single_sign_on  # noqa: PLC0415

        audit.register()
        user_logged_in.connect(sessions.begin)
        signed_in.connect(single_sign_on.note_second_factor)
        authenticator_added.connect(second_factor.note_set_up)
