"""Every address has a rule, and the written table is the one of the code."""

import pytest
from django.conf import settings
from django.test import Client

from hospital.permission_table import Guard, as_markdown, guards

pytestmark = pytest.mark.django_db


def test_every_view_has_a_rule() -> None:
    assert [guard.route for guard in guards() if bool(guard.capability) == bool(guard.public_because)] == []


def test_the_walk_finds_the_site() -> None:
    assert {"scheduling:day", "scheduling:operation-book", "healthz"} <= {guard.name for guard in guards()}


@pytest.mark.parametrize("guard", [guard for guard in guards() if guard.public_because], ids=lambda g: g.name)
def test_public_pages_open_for_everybody(guard: Guard) -> None:
    # A screen without a key is told how it is set up; what Twilio calls takes no GET.
    odd = {"scheduling:display-board": 403, "messaging:sms-status": 405, "messaging:sms-reply": 405}
    status = odd.get(guard.name, 200)
    assert Client().get(f"/{guard.route}").status_code == status


def test_the_written_table_is_current() -> None:
    written = (settings.BASE_DIR / "docs" / "permissions.md").read_text(encoding="utf-8")

    assert written == as_markdown(), "Run: manage.py write_permissions"
