"""The two ways to ask whether somebody may do something, and the way to say that everybody may.

Every view carries either :func:`requires` or :func:`public`; a test walks the URLconf and fails on
one that has neither.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from accounts.models import User
from accounts.roles import WORDS

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


class NotAllowedError(PermissionDenied):
    """The actor lacks a capability; the message says in words what they may not do."""

    def __init__(self, capability: str) -> None:
        super().__init__(f"Your role does not let you {WORDS[capability]}. Ask a theatre coordinator.")
        self.capability = capability


def authorise(actor: User, capability: str) -> None:
    """Raise :class:`NotAllowedError` unless ``actor`` holds ``capability``."""
    if not actor.can(capability):
        raise NotAllowedError(capability)


def requires(capability: str) -> Callable[[View[P]], View[P]]:
    """Let a view in only for signed-in people who hold ``capability``; others get a 403 page."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            authorise(actor_of(request), capability)
            return view(request, *args, **kwargs)

        marked: Any = guarded
        marked.capability = capability  # read by the walk over the URLconf
        return cast("View[P]", marked)

    return decorate


def public(*, because: str) -> Callable[[View[P]], View[P]]:
    """Open a view to people who have not signed in, and say why that is right."""

    def decorate(view: View[P]) -> View[P]:
        opened: Any = login_not_required(view)
        opened.public_because = because
        return cast("View[P]", opened)

    return decorate


def actor_of(request: HttpRequest) -> User:
    """Return the signed-in person; ``LoginRequiredMiddleware`` has kept everybody else out."""
    if not isinstance(request.user, User):
        raise PermissionDenied("Sign in first.")
    return request.user
