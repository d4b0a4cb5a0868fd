"""When a session ends by itself: after minutes without a hand on the keyboard, and at the end of a shift.

The server decides. What a page fetches on its own does not count as somebody being there.
"""

from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth import logout
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import User
from accounts.roles import IDLE_MINUTES, SHORTEST_IDLE_MINUTES

SHIFT = timedelta(hours=12)
"""A session never lasts longer, however busy it is."""
NOTED_EVERY = timedelta(seconds=30)
"""Activity is written at most this often; a session that seems idle may have been used so long ago."""
ACTIVE_AT, BEGAN_AT, ENDED = "active_at", "began_at", "ended"
BACKGROUND = "HTTP_X_BACKGROUND"
"""What a page fetches by itself has this header. Read from ``META``: ``request.headers`` is kept from its first
use on, and would hold an address that ``TrustedAddressMiddleware`` has yet to take out."""


def idle_limit(user: User) -> timedelta:
    """Return how long this person may be away: the shortest of their roles' times."""
    return timedelta(minutes=min((IDLE_MINUTES[role] for role in user.roles), default=SHORTEST_IDLE_MINUTES))


def why_over(session: SessionBase, user: User) -> str:
    """Return ``"idle"`` or ``"shift"`` if the session has run out, else an empty text."""
    now = timezone.now().timestamp()
    if now - session.get(BEGAN_AT, now) > SHIFT.total_seconds():
        return "shift"
    allowed = idle_limit(user) + NOTED_EVERY
    return "idle" if now - session.get(ACTIVE_AT, now) > allowed.total_seconds() else ""


class SessionLimitsMiddleware:
    """End sessions that have run out, and note that somebody is there."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Sign out whose time is over; the sign-in page then says why and leads back."""
        if isinstance(request.user, User):
            if why := why_over(request.session, request.user):
                logout(request)
                request.session[ENDED] = why
            else:
                _note(request)
        return self.get_response(request)


def begin(sender: object, request: HttpRequest, **_: object) -> None:  # noqa: ARG001  # a signal's arguments
    """Start the clocks of a session when somebody signs in."""
    now = timezone.now().timestamp()
    request.session.update({BEGAN_AT: now, ACTIVE_AT: now})
    request.session.pop(ENDED, None)


def _note(request: HttpRequest) -> None:
    now = timezone.now().timestamp()
    session = request.session
    session.setdefault(BEGAN_AT, now)  # a session that is older than this rule
    by_itself = BACKGROUND in request.META
    if ACTIVE_AT not in session or (not by_itself and now - session[ACTIVE_AT] >= NOTED_EVERY.total_seconds()):
        session[ACTIVE_AT] = now
