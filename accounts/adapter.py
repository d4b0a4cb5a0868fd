"""How django-allauth signs people in here."""

import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.app_settings import REAUTHENTICATION_TIMEOUT
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts.encryption import decrypt_text, encrypt_text
from accounts.models import User
from accounts.second_factor import STRONG, address_of, is_compulsory

NOTICE_SECONDS = 60 * 60
"""Of a lock-out its owner hears at most this often."""


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are given by an administrator; nobody makes their own."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Keep the sign-up page closed."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return where the request came from; a unix socket has no address."""
        return address_of(request) or "127.0.0.1"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse further attempts on one account after too many, and tell its owner."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            self._tell_owner(str(credentials.get("email", "")).strip().lower())
            raise

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Let a sign-in of the last minutes count: nobody gives a password twice in a row."""
        if not super().is_reauthentication_required(app=app, **kwargs):
            return False
        records = get_authentication_records(context.request, context.request.user)
        return not any(time.time() - record["at"] < REAUTHENTICATION_TIMEOUT for record in records)

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Write to the address by which the person signs in."""
        super().send_notification_mail(template_prefix, user, context, email or user.email)

    def _tell_owner(self, email: str) -> None:
        owner = User.objects.filter(email=email, is_active=True).first()
        if owner and cache.add(f"locked-out-notice:{owner.pk}", value=True, timeout=NOTICE_SECONDS):
            self.send_notification_mail("account/email/locked_out", owner)


class SecondFactorAdapter(DefaultMFAAdapter):
    """Keeps the seeds of authenticator apps and recovery codes encrypted, and the last factor where one is needed."""

    def encrypt(self, text: str) -> str:
        """Encrypt a seed for the database."""
        return encrypt_text(text, purpose="second-factor")

    def decrypt(self, encrypted_text: str) -> str:
        """Read a seed back."""
        return decrypt_text(encrypted_text, purpose="second-factor")

    def get_totp_issuer(self) -> str:
        """Return the name under which an authenticator app lists the account."""
        return f"Theatres {context.request.get_host()}"

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Keep the last factor of somebody who needs one."""
        user: User = authenticator.user
        others = Authenticator.objects.filter(user=user, type__in=STRONG).exclude(pk=authenticator.pk)
        return others.exists() or not is_compulsory(user, address_of(context.request))
