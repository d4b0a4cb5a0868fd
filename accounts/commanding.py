"""In whose name a command runs."""

from django.core.management.base import CommandError

from accounts.models import User


def actor_named(email: str) -> User:
    """Return the active person who signs in with ``email``; raises :class:`CommandError` with what to do."""
    found = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    if found is None:
        raise CommandError(f"Nobody signs in as {email}. Check the address given with --actor.")
    return found
