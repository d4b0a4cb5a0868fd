"""What pages ask about the session they are in."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_POST


@require_POST
def stay(_request: HttpRequest) -> JsonResponse:
    """Note that somebody is there, which :class:`~accounts.sessions.SessionLimitsMiddleware` has done."""
    return JsonResponse({"ok": True})
