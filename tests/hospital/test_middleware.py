"""What every answer has in common."""

import psycopg2
import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.roles import Role
from hospital.middleware import TrustedAddressMiddleware
from scheduling.models import Operation
from tests.factories import OperationFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def coordinator(client: Client) -> Client:
    client.force_login(UserFactory(role=Role.COORDINATOR))
    return client


def address_seen(**headers: str) -> str | None:
    """Return the address that auditlog would store."""
    seen: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse()

    request = RequestFactory().get("/", **headers)
    request.user = AnonymousUser()
    TrustedAddressMiddleware(view)(request)
    return seen[0].META.get("HTTP_X_FORWARDED_FOR") or seen[0].META["REMOTE_ADDR"]


@pytest.mark.parametrize(
    ("forwarded", "seen"),
    [
        ("6.6.6.6, 192.0.2.7", "192.0.2.7"),  # the client wrote the first, our proxy the last
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("not-an-ip", "192.0.2.1"),
        ("", "192.0.2.1"),
    ],
)
def test_only_what_our_proxy_wrote_is_believed(forwarded: str, seen: str) -> None:
    assert address_seen(HTTP_X_FORWARDED_FOR=forwarded, REMOTE_ADDR="192.0.2.1") == seen


def test_a_unix_socket_has_no_address() -> None:
    assert address_seen(REMOTE_ADDR="") == "127.0.0.1"


@pytest.mark.parametrize("forged", ["6.6.6.6", "not-an-ip", "'; drop table users; --"])
def test_a_forged_address_is_no_error_and_not_believed(coordinator: Client, forged: str) -> None:
    operation = OperationFactory(status="requested")
    url = reverse("scheduling:operation-accept", args=[operation.pk])

    answer = coordinator.post(url, {"version": 1}, headers={"X-Forwarded-For": f"{forged}, 192.0.2.7"})

    assert answer.status_code == 302
    entry = LogEntry.objects.get_for_object(Operation.objects.get(pk=operation.pk)).first()
    assert entry is not None
    assert entry.remote_addr == "192.0.2.7"


def test_pages_of_signed_in_people_are_kept_in_no_cache(coordinator: Client) -> None:
    assert "no-store" in coordinator.get(reverse("scheduling:waiting-list"))["Cache-Control"]


def test_no_page_runs_inline_scripts(coordinator: Client) -> None:
    policy = coordinator.get(reverse("scheduling:waiting-list"))["Content-Security-Policy"]

    assert "default-src 'self'" in policy
    assert "script-src" not in policy.replace("script-src 'self'", "")
    assert "unsafe-eval" not in policy


@pytest.mark.parametrize(
    ("sqlstate", "status"), [("", 503), ("57P01", 503), ("08006", 503), ("40P01", 500), ("53100", 500), ("57014", 500)]
)
def test_only_a_lost_database_is_starting_again(
    client: Client, monkeypatch: pytest.MonkeyPatch, sqlstate: str, status: int
) -> None:
    def fail(*_args: object, **_more: object) -> None:
        if not sqlstate:
            raise OperationalError from psycopg2.OperationalError("could not connect")
        with connection.cursor() as cursor:
            cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{sqlstate}'; END $$")

    client.raise_request_exception = False
    client.force_login(UserFactory(role=Role.COORDINATOR))
    monkeypatch.setattr("scheduling.views.waiting.waiting_list", fail)
    assert client.get(reverse("scheduling:waiting-list")).status_code == status


def test_nul_in_an_address(client: Client) -> None:
    client.force_login(UserFactory(role=Role.ADMINISTRATOR, is_staff=True))
    answer = client.get(reverse("admin:resources_unavailability_changelist") + "?kind__exact=a%00")
    assert answer.status_code == 400
    assert "Nothing was changed" in answer.content.decode()
