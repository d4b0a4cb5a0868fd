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
        from allauth.usersessions.models import UserSession  # noqa: PLC0415
        from django.contrib.auth.signals import user_logged_in, user_login_failed  # noqa: PLC0415
        from django.db.models.signals import post_delete  # noqa: PLC0415

        from accounts import second_factor, sessions, sign_in_failures, single_sign_on  # noqa: PLC0415
        from accounts.audit import history  # noqa: PLC0415

        history.register()
        user_logged_in.connect(sessions.begin)
        post_delete.connect(sessions.end_streams_of, sender=UserSession)
        user_login_failed.connect(sign_in_failures.note)
        signed_in.connect(single_sign_on.note_second_factor)
        authenticator_added.connect(second_factor.note_set_up)
