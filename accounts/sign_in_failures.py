"""Failed attempts to sign in: kept so that guessing is seen, and forgotten after a while."""

from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone

from accounts.models import SignInFailure, User
from accounts.second_factor import address_of

KEPT = timedelta(days=90)


def note(sender: object, credentials: dict[str, str], request: HttpRequest | None = None, **_: object) -> None:  # noqa: ARG001  # a signal's arguments
    """Keep that an attempt failed, and on whose account."""
    email = str(credentials.get("email", "")).strip().lower()
    user = User.objects.filter(email=email).first() if email else None
    SignInFailure.objects.create(user=user, address=(address_of(request) or None) if request else None)


def forget_old() -> int:
    """Delete failures older than :data:`KEPT`; return how many."""
    return int(SignInFailure.objects.filter(at__lt=timezone.now() - KEPT).delete()[0])
