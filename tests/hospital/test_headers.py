"""What every kind of answer tells the browser about other sites, scripts and storage."""

from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from csp.constants import UNSAFE_INLINE
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from scheduling.models import Operation
from tests.factories import OperationFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def operation() -> Operation:
    return OperationFactory()


@pytest.fixture
def coordinator(client: Client) -> Client:
    client.force_login(UserFactory(role="coordinator", is_staff=True))
    client.raise_request_exception = False
    return client


def isolated(response: HttpResponse) -> dict[str, str | None]:
    names = ("Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "X-Content-Type-Options", "Referrer-Policy")
    return {name: response.get(name) for name in names}


PAGES = {
    "page": ("/waiting-list/", {}, 200),
    "fragment": ("/schedule/2026-11-24/board/", {"hx-request": "true"}, 200),
    "admin": ("/admin/", {}, 200),
    "not found": ("/nowhere/", {}, 404),
    "bad request": ("/waiting-list/?q=%00", {}, 400),
    "refused": ("/admin/accounts/user/", {}, 403),
    "sign-in": ("/accounts/logout/", {}, 200),
    "health": ("/healthz", {}, 200),
}


@pytest.mark.parametrize("kind", PAGES)
def test_every_kind_of_page_is_kept_apart(kind: str, coordinator: Client) -> None:
    address, headers, status = PAGES[kind]
    response = coordinator.get(address, headers=headers)

    assert response.status_code == status
    assert isolated(response) == {
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
    }
    assert response["X-Frame-Options"] == "DENY"
    assert "camera=()" in response["Permissions-Policy"]
    assert "publickey-credentials-get=(self)" in response["Permissions-Policy"]
    assert "default-src 'self'" in response["Content-Security-Policy"]


def test_static_files_are_for_our_pages_alone(tmp_path: Path, settings: Any) -> None:
    (tmp_path / "a.js").write_text("1;")
    settings.STATIC_ROOT = tmp_path
    response = Client().get("/static/a.js")
    response.close()
    assert response.status_code == 200
    assert isolated(response)["Cross-Origin-Resource-Policy"] == "same-origin"
    assert isolated(response)["X-Content-Type-Options"] == "nosniff"
    assert "camera=()" in response["Permissions-Policy"]


def test_an_error_of_ours_is_kept_apart_too(coordinator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("a value of a patient")

    monkeypatch.setattr("scheduling.views.waiting.render", fail)
    response = coordinator.get("/waiting-list/")
    assert response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert isolated(response)["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "a value of a patient" not in response.content.decode()


def test_pages_about_patients_are_stored_nowhere(coordinator: Client, operation: Operation) -> None:
    for address in (f"/operations/{operation.pk}/", "/waiting-list/", "/find/", "/admin/patients/patient/"):
        assert "no-store" in coordinator.get(address)["Cache-Control"]


def test_nothing_inline_but_styles_in_attributes() -> None:
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    assert [name for name, sources in directives.items() if UNSAFE_INLINE in sources] == ["style-src-attr"]
    assert directives["default-src"] == ["'self'"]
    assert "script-src" not in directives  # falls back to default-src
