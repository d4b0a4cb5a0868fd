"""Accounts of other systems: they use interfaces and open no page."""

from collections.abc import Callable

from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from accounts.models import User
from accounts.roles import Role

NO_PAGES = "This account belongs to another system and opens no page. Sign in with your own."


def opens_no_page(user: User) -> bool:
    """Say whether this is another system's account."""
    return Role.INTEGRATION in user.roles


class NoPagesMiddleware:
    """End a browser's session of an integration account, however it came about."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Sign it out and say why; the roles are read already, so nobody waits for this."""
        if isinstance(request.user, User) and opens_no_page(request.user):
            logout(request)
            raise PermissionDenied(NO_PAGES)
        return self.get_response(request)
