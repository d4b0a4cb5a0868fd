"""Who must prove themselves twice, and the door that stays shut until they have.

allauth asks those for a second factor who have one; nothing in it makes anybody set one up, and its
guard of Django's admin only asks for a sign-in. Here the door is shut by default: a signed-in person
whose session lacks a second factor reaches the few pages that give it one, and no other.
"""

from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse
from django.utils.http import urlencode

from accounts.models import User
from accounts.sessions import BACKGROUND

PROVEN = "second_factor_proven_by"
"""In a session: the number of the person who set up a factor in it, or whose identity provider asked for one."""
NEXT = "second_factor_next"
STRONG = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
SETTING_UP = {
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "account_reauthenticate",
}
"""Pages that give somebody a first factor."""
PROVING = {"mfa_reauthenticate", "mfa_reauthenticate_webauthn"}
"""Pages that ask for a factor which exists."""
ALWAYS = {"account_logout", "account_stay", "account_second_factor"}


def is_outside(address: str) -> bool:
    """Say whether ``address`` is none of the hospital's; ``False`` where the hospital has named no networks."""
    networks = settings.HOSPITAL_NETWORKS
    if not networks:
        return False
    try:
        found = ip_address(address)
    except ValueError:
        return True
    return not any(found in ip_network(network) for network in networks)


def is_compulsory(user: User, address: str) -> bool:
    """Say whether this person, coming from ``address``, needs a second factor."""
    compulsory = frozenset(settings.SECOND_FACTOR_ROLES)
    if compulsory and (user.is_superuser or user.roles & compulsory):
        return True
    return is_outside(address)


def is_proven(request: HttpRequest, user: User) -> bool:
    """Say whether a second factor was given in the session of ``request``."""
    if request.session.get(PROVEN) == user.pk:
        return True
    return any(record.get("method") == "mfa" for record in get_authentication_records(request, user))


def is_lacking(request: HttpRequest, user: User) -> bool:
    """Say whether the session has to be shut out until a second factor was given."""
    return is_compulsory(user, address_of(request)) and not is_proven(request, user)


def address_of(request: HttpRequest) -> str:
    """Return where the request came from; ``TrustedAddressMiddleware`` has left nothing that the client wrote."""
    return str(request.META.get("HTTP_X_FORWARDED_FOR") or request.META.get("REMOTE_ADDR", ""))


class SecondFactorMiddleware:
    """Shut out, the Django admin included, whoever needs a second factor and has not given it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or lead to the page where the factor is given or set up."""
        user = request.user
        if isinstance(user, User) and is_lacking(request, user):
            has_one = is_mfa_enabled(user, STRONG)
            if _name_of(request) not in ALWAYS | _steps(request, has_one=has_one):
                return _lead_on(request, "mfa_reauthenticate" if has_one else "account_second_factor")
        return self.get_response(request)


def note_set_up(sender: object, request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:  # noqa: ARG001  # a signal's arguments
    """Count setting up a factor as giving it: the code or the key was just shown to work."""
    if authenticator.type in STRONG:
        request.session[PROVEN] = user.pk


def forget_factors(user: User) -> int:
    """Take away all second factors of somebody who has lost them; return how many there were."""
    return int(Authenticator.objects.filter(user=user).delete()[0])


def next_page(session: SessionBase) -> str:
    """Return where the person was going when the door was shut."""
    return str(session.get(NEXT) or "/")


def _steps(request: HttpRequest, *, has_one: bool) -> set[str]:
    """Return the pages that bring a factor; from outside nobody sets up a first one with a password alone."""
    if has_one:
        return PROVING
    return set() if is_outside(address_of(request)) else SETTING_UP


def _lead_on(request: HttpRequest, name: str) -> HttpResponse:
    if BACKGROUND in request.META:
        return HttpResponseForbidden("A second factor is needed.")
    asked = request.get_full_path() if request.method == "GET" else "/"
    request.session[NEXT] = asked
    return redirect(f"{reverse(name)}?{urlencode({'next': asked})}")


def _name_of(request: HttpRequest) -> str:
    try:
        return str(resolve(request.path_info).view_name)
    except Resolver404:
        return ""
