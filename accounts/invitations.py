"""The letter by which a new person sets their first password: nobody else ever knows it."""

from allauth.account.app_settings import PASSWORD_RESET_TOKEN_GENERATOR
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse

from accounts.letters import LetterError, send_letter
from accounts.models import User


def invite(*, actor: User | None, user: User) -> None:
    """Send ``user`` a link that sets a password, once and for three days.

    Call it after commit, or a letter may go out about an account that was never made. ``actor`` is
    ``None`` where a command does it. Raises :class:`LetterError` if it can't be sent.
    """
    if not user.is_active:
        raise LetterError("The account is switched off. Switch it on first.")
    send_letter("invitation", user, inviter=actor or "An administrator", link=_link(user))


def is_awaited(user: User) -> bool:
    """Say whether an invitation makes sense: the account is open, and nobody has ever used it."""
    return user.is_active and not user.has_usable_password() and user.last_login is None


def _link(user: User) -> str:
    """Return the address of the page; the token in it ends with the first password that is set."""
    key = PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": key})
    return f"{settings.SITE_URL}{path}"
