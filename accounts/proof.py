"""Whether somebody has just shown who they are, and the way to ask again before what matters most."""

import time

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.reauthentication import suspend_request
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from accounts.permissions import actor_of
from accounts.sessions import BEGAN_AT, ENDED


def is_fresh(request: HttpRequest) -> bool:
    """Say whether the person signed in, or proved themselves again, in the last minutes."""
    times = [record["at"] for record in get_authentication_records(request, actor_of(request))]
    latest: float = max([*times, request.session.get(BEGAN_AT, 0)])
    return time.time() - latest < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def ask_again(request: HttpRequest) -> HttpResponse | None:
    """Return the way to the page that asks for a password or a factor, or ``None`` if that is not needed.

    What was posted goes on afterwards, without passwords: those would lie in the session in clear. Who has
    neither password nor factor, because the hospital's identity provider signs them in, signs in anew.
    """
    if is_fresh(request):
        return None
    methods = get_adapter().get_reauthentication_methods(actor_of(request))
    if methods:
        if request.method == "POST":
            _forget_passwords(request)
        asked: HttpResponse = suspend_request(request, methods[0]["url"])
        return asked
    path = request.get_full_path()
    logout(request)
    request.session[ENDED] = "proof"
    return redirect(f"{reverse('account_login')}?{urlencode({'next': path})}")


def _forget_passwords(request: HttpRequest) -> None:
    posted = request.POST.copy()
    for name in [name for name in posted if "password" in name and name != "usable_password"]:
        posted[name] = ""
    request.POST = posted  # type: ignore[assignment]  # a QueryDict that can be changed is one as well
