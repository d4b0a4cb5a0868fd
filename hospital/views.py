"""Pages of the site itself: is it alive, is it ready, and what it says when the database is away."""

import sys

import redis
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseServerError, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.defaults import permission_denied as django_permission_denied
from django.views.defaults import server_error as django_server_error

from accounts.permissions import public
from patients.access import NotOnCareTeamError

AWAY = "The database is starting again. Wait a few seconds and reload; what was confirmed to you is kept."


@public(because="the proxy and the container engine ask whether this process answers")
@never_cache
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Say that this process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@public(because="monitoring asks whether the site can work; the answer names servers, nothing else")
@never_cache
@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """Say whether the database and Redis answer; 503 names the one that doesn't."""
    away = []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (OperationalError, InterfaceError):
        away.append("database")
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
            client.ping()
    except redis.RedisError:
        away.append("redis")
    text = f"no answer from: {', '.join(away)}\n" if away else "ready\n"
    return HttpResponse(text, status=503 if away else 200, content_type="text/plain")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say what is not allowed: in JSON to a script that asked for it, else as a page."""
    if request.get_preferred_type(["text/html", "application/json"]) != "application/json":
        if isinstance(exception, NotOnCareTeamError) and request.user.is_authenticated:
            return _not_on_care_team(request, exception.patient_id)
        return django_permission_denied(request, exception)
    answer = {"ok": False, "kind": "forbidden", "message": str(exception)}
    return JsonResponse(answer, status=403)


def _not_on_care_team(request: HttpRequest, patient_id: int) -> HttpResponse:
    """Say that the patient is somebody else's, and what to do in an emergency."""
    minutes = settings.EMERGENCY_ACCESS_MINUTES
    context = {"patient_id": patient_id, "minutes": minutes, "next": request.path if request.method == "GET" else ""}
    return render(request, "patients/not_on_care_team.html", context, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer an exception: 503 and "try again" if the database went away, else the page for our mistakes."""
    if not _lost_the_database(sys.exception()):
        return django_server_error(request)
    response = HttpResponseServerError(AWAY, content_type="text/plain; charset=utf-8", status=503)
    response["Retry-After"] = "2"
    return response


def _lost_the_database(error: BaseException | None) -> bool:
    """Say whether the connection is gone: no SQLSTATE (libpq's own errors), or class 08 or 57P."""
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    code = getattr(error.__cause__, "pgcode", None)
    return code is None or code.startswith(("08", "57P"))
