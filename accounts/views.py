"""What pages ask about the session they are in, and a person's second factor and sessions."""

from allauth.account.decorators import reauthentication_required
from allauth.account.utils import get_next_redirect_url
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import remove_webauthn
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import actor_of
from accounts.second_factor import NEXT, address_of, is_outside


@require_http_methods(["GET", "POST"])
def stay(request: HttpRequest) -> JsonResponse:
    """Note that somebody is there, which :class:`~accounts.sessions.SessionLimitsMiddleware` has done.

    Says who, and which token forms need now: a page that was covered when its session ended asks by GET
    until somebody has signed in again, and goes on with them. Other sites can't read the answer.
    """
    return JsonResponse({"ok": True, "user": actor_of(request).pk, "token": get_token(request)})


@require_GET
def resumed(request: HttpRequest) -> HttpResponse:
    """Say in the tab that was opened for signing in again that the first one goes on."""
    return render(request, "account/resumed.html")


@require_GET
def second_factor(request: HttpRequest) -> HttpResponse:
    """Explain why a second factor is needed, and offer the kinds; from outside it can't be set up."""
    asked = get_next_redirect_url(request)
    if asked:
        request.session[NEXT] = asked
    return render(request, "account/second_factor.html", {"outside": is_outside(address_of(request))})


@reauthentication_required(app="allauth.mfa")  # type: ignore[untyped-decorator]  # allauth's
def remove_passkey(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Remove a passkey, unless it is the last factor of somebody who needs one."""
    mine = Authenticator.objects.filter(user=actor_of(request), type=Authenticator.Type.WEBAUTHN)
    if not get_adapter().can_delete_authenticator(get_object_or_404(mine, pk=pk)):
        messages.error(request, "Your role needs a second factor. Add another one before you remove the last.")
        return redirect("mfa_list_webauthn")
    answer: HttpResponseBase = remove_webauthn(request, pk=pk)
    return answer


@require_POST
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """End one of one's own sessions elsewhere."""
    get_object_or_404(UserSession, pk=session_id, user=actor_of(request)).end()
    messages.success(request, "That session is ended.")
    return redirect("usersessions_list")


@login_not_required
def no_single_logout(request: HttpRequest, organization_slug: str) -> HttpResponse:  # noqa: ARG001  # a view's
    """Signing out at the provider does not sign out here, nor the other way round."""
    raise Http404("There is no single log-out.")
