"""Every address has a rule, and every role meets it as the table says."""

from datetime import date

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from analytics.models import SecurityFinding, SecurityReport
from hospital.permission_table import Guard, as_markdown, guards
from scheduling.models import Operation
from tests.factories import OperationFactory, UserFactory

pytestmark = pytest.mark.django_db
GUARDED = [guard for guard in guards() if guard.capability]


def address(guard: Guard, operation: Operation) -> str:
    arguments = {
        "operation_id": operation.pk,
        "change_id": operation.changes.get().pk,
        "day": date(2026, 11, 23),
    }
    if guard.name.startswith("analytics:"):
        now = timezone.now()
        finding = SecurityFinding.objects.create(code="x", severity=1, first_seen=now, last_seen=now)
        arguments |= {"finding_id": finding.pk, "report_id": SecurityReport.objects.create().pk, "form": "json"}
    named = {name: value for name, value in arguments.items() if f"{name}>" in guard.route}
    question = f"?first={operation.pk}" if guard.name == "scheduling:operation-swap" else ""
    return reverse(guard.name, kwargs=named) + question


def signed_in(role: Role) -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(UserFactory(role=role))
    return client


def test_every_view_has_a_rule() -> None:
    assert [guard.route for guard in guards() if bool(guard.capability) == bool(guard.public_because)] == []


def test_the_walk_finds_the_site() -> None:
    assert {"scheduling:day", "scheduling:operation-book", "healthz"} <= {guard.name for guard in guards()}


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("guard", GUARDED, ids=lambda guard: guard.name)
def test_anonymous_visitors_are_sent_to_the_sign_in(guard: Guard, method: str) -> None:
    answer = getattr(Client(), method)(address(guard, OperationFactory()))

    assert answer.status_code == 302
    assert answer.url.startswith(reverse("account_login"))


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("guard", GUARDED, ids=lambda guard: guard.name)
def test_roles(guard: Guard, role: Role, method: str) -> None:
    operation = OperationFactory()
    answer = getattr(signed_in(role), method)(address(guard, operation))

    if role in guard.roles:
        assert answer.status_code == answers(guard, method)
    else:
        assert answer.status_code == 403
    operation.refresh_from_db()
    assert operation.version == 1


ONLY_READ = {"today", "day", "day-board", "operation-detail", "operation-slots"}
ONLY_READ |= {"security", "security-report"}
ONLY_POST = {f"operation-{verb}" for verb in ("accept", "preview", "confirm", "assign", "release")} | {"change-undo"}
ONLY_POST |= {"security-run", "finding-accept", "finding-reopen"}
SEARCHES = {"waiting-list", "patient-find", "operation-request", "operation-preview"}
FOR_PLACED_CASES = {f"operation-{verb}" for verb in ("swap", "move", "push", "postpone")}


def answers(guard: Guard, method: str) -> int:
    """Return what an address says to somebody who may open it, of a case that waits, with nothing filled in."""
    name = guard.name.partition(":")[2]
    if name in (ONLY_READ if method == "post" else ONLY_POST):
        return 405
    if method == "get":
        return 409 if name in FOR_PLACED_CASES else 200
    if name in ("security-run", "finding-reopen"):
        return 302
    if name == "change-undo":
        return 409  # listing a case can't be undone
    return 200 if name in SEARCHES else 422


@pytest.mark.parametrize("guard", [guard for guard in guards() if guard.public_because], ids=lambda g: g.name)
def test_public_pages_open_for_everybody(guard: Guard) -> None:
    assert Client().get(f"/{guard.route}").status_code == 200


def test_the_written_table_is_current() -> None:
    written = (settings.BASE_DIR / "docs" / "permissions.md").read_text(encoding="utf-8")

    assert written == as_markdown(), "Run: manage.py write_permissions"
