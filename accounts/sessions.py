"""When a session ends: after minutes without activity, at a shift's end, at a change of roles, or from elsewhere.

The server decides. What a page fetches on its own does not count as somebody being there.
"""

import contextlib
import json
from collections.abc import Callable, Iterable
from datetime import timedelta

import redis
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import User
from accounts.roles import IDLE_MINUTES, SHORTEST_IDLE_MINUTES

SHIFT = timedelta(hours=12)
"""A session never lasts longer, however busy it is."""
ENDED_CHANNEL = f"{settings.CHANNEL_PREFIX}sessions-ended"
"""On Redis: the numbers of people, and names of displays, whose live streams have to look again if they may."""
NOTED_EVERY = timedelta(seconds=30)
"""Activity is written at most this often; a session that seems idle may have been used so long ago."""
ACTIVE_AT, BEGAN_AT, ROLES, ENDED = "active_at", "began_at", "roles", "ended"
BACKGROUND = "HTTP_X_BACKGROUND"
"""What a page fetches by itself has this header. Read from ``META``: ``request.headers`` is kept from its first
use on, and would hold an address that ``TrustedAddressMiddleware`` has yet to take out."""


def idle_limit(user: User) -> timedelta:
    """Return how long this person may be away: the shortest of their roles' times."""
    return timedelta(minutes=min((IDLE_MINUTES[role] for role in user.roles), default=SHORTEST_IDLE_MINUTES))


def why_over(session: SessionBase, user: User) -> str:
    """Return ``"idle"``, ``"shift"`` or ``"roles"`` if the session is over, else an empty text.

    The roles of the sign-in are compared with today's, so a change ends the session however it was made.
    """
    now = timezone.now().timestamp()
    if session.get(ROLES, sorted(user.roles)) != sorted(user.roles):
        return "roles"
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
                _note(request, request.user)
        return self.get_response(request)


def begin(sender: object, request: HttpRequest, user: User, **_: object) -> None:  # noqa: ARG001  # a signal's arguments
    """Start the clocks of a session when somebody signs in."""
    now = timezone.now().timestamp()
    request.session.update({BEGAN_AT: now, ACTIVE_AT: now, ROLES: sorted(user.roles)})
    request.session.pop(ENDED, None)


def end_sessions(user: User, *, but: str | None = None) -> int:
    """End every session of ``user`` except the one with key ``but``, live streams included; return how many."""
    ended = UserSession.objects.filter(user=user).exclude(session_key=but)
    for session in ended:
        session.end()
    end_streams([user.pk])
    return len(ended)


def end_streams_of(sender: object, instance: UserSession, **_: object) -> None:  # noqa: ARG001  # a signal's arguments
    """End the live streams of whoever a session was taken away from, however that was done."""
    transaction.on_commit(lambda: end_streams([instance.user_id]))


def end_streams(owners: Iterable[int | str]) -> None:
    """End the live streams of people (their numbers) and displays at once; those that may go on open theirs again.

    Never raises: without Redis a stream looks at its session once a minute.
    """
    with (
        contextlib.suppress(redis.RedisError),
        redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5) as connection,
    ):
        connection.publish(ENDED_CHANNEL, json.dumps(list(owners)))


def _note(request: HttpRequest, user: User) -> None:
    now = timezone.now().timestamp()
    session = request.session
    session.setdefault(BEGAN_AT, now)  # a session that is older than these rules
    session.setdefault(ROLES, sorted(user.roles))
    by_itself = BACKGROUND in request.META
    if ACTIVE_AT not in session or (not by_itself and now - session[ACTIVE_AT] >= NOTED_EVERY.total_seconds()):
        session[ACTIVE_AT] = now
