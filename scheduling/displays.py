"""Whose screen it is that asks: the secrets of displays, and the display that one of them opens.

A secret is 256 random bits, so a plain hash keeps it: there is nothing to guess from.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

from django.db.models import Q
from django.utils import timezone

from accounts.audit import who
from scheduling.models import Display

COOKIE = "display"
PATH = "/display/"
"""The only addresses to which a screen's browser sends its key."""
COOKIE_DAYS = 400
"""The longest that browsers keep a cookie; each look at the board sets it anew."""
SEEN_EVERY = timedelta(minutes=1)
LONGEST = 100
"""Longer is no secret of ours."""


def make_secret() -> str:
    """Return a new secret for a link or a screen."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """Return what is kept of a secret."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def display_of(key: str) -> Display | None:
    """Return the display that a screen's key opens today, or None."""
    if not key or len(key) > LONGEST:
        return None
    today = timezone.localdate()
    found = Display.objects.filter(Q(expires_on=None) | Q(expires_on__gte=today), key_hash=hash_of(key))
    return found.filter(revoked_at=None).select_related("site").first()


@contextmanager
def acting_as(display: Display) -> Iterator[None]:
    """Let what is written inside be on record as the display's doing, whoever may be signed in at the same browser."""
    author = who.current() or who.Who(source="web")
    with who.acting(replace(author, source=name_of(display.pk), actor=lambda: None)):
        yield


def name_of(display_id: int) -> str:
    """Return how the record and the live process name a display."""
    return f"display:{display_id}"
