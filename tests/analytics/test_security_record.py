"""The security audit looks at reviews, the chain, backups and roles that have ended."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.audit.anchors import drop_anchor
from accounts.audit.models import Event
from accounts.models import RoleAssignment
from analytics.models import UnusualAccess
from analytics.security import record
from analytics.security.findings import Context, Found
from hospital.models import BackupMade, RestoreDrill
from patients.models import EmergencyAccess
from tests.accounts.audit.conftest import empty, wait_for_other_databases
from tests.factories import PatientFactory, UserFactory

pytestmark = pytest.mark.django_db
Check = Callable[[Context], Any]


def codes(check: Check) -> list[str]:
    return [found.code for found in check(Context(timezone.now()))]


def test_emergencies_that_wait(settings: Any) -> None:
    settings.EMERGENCY_REVIEW_HOURS = 72
    began = timezone.now() - timedelta(hours=71)
    access = EmergencyAccess.objects.create(
        actor=UserFactory(), patient=PatientFactory(), reason="cover", explanation="-", began=began, ends=began
    )
    assert codes(record.reviews_wait) == []
    EmergencyAccess.objects.filter(pk=access.pk).update(began=began - timedelta(hours=2))
    assert codes(record.reviews_wait) == ["review.emergency"]
    EmergencyAccess.objects.filter(pk=access.pk).update(outcome="justified", reviewed_by=UserFactory())
    assert codes(record.reviews_wait) == []


@pytest.mark.parametrize(("days", "found"), [(7, []), (8, ["review.unusual"])])
def test_unusual_access_that_waits(days: int, found: list[str]) -> None:
    day = timezone.now().date() - timedelta(days=days)
    UnusualAccess.objects.create(actor=UserFactory(), rule="volume", day=day, evidence="-")
    assert codes(record.reviews_wait) == found


def age(model: type[Any], **ago: float) -> None:
    model.objects.update(at=timezone.now() - timedelta(**ago))


def test_backups_and_drills() -> None:
    assert codes(record.backups) == ["backup.age", "backup.drill"]
    BackupMade.objects.create(name="x", size=1, rows=1, seconds=1)
    drill = RestoreDrill.objects.create(backup="x", size=1, rows=1, seconds=1, succeeded=True)
    assert codes(record.backups) == []
    age(BackupMade, hours=37)
    age(RestoreDrill, days=36)
    assert codes(record.backups) == ["backup.age", "backup.drill"]
    age(BackupMade, hours=1)
    RestoreDrill.objects.filter(pk=drill.pk).update(at=timezone.now(), succeeded=False, faults=["a row is missing"])
    (found,) = record.backups(Context(timezone.now()))
    assert (found.code, found.evidence.endswith("a row is missing")) == ("backup.drill_failed", True)


def test_roles_that_have_ended() -> None:
    locum, gone, both = UserFactory(), UserFactory(is_active=False), UserFactory(role="manager")
    for user in (locum, gone, both):
        RoleAssignment.objects.create(user=user, role="surgeon", valid_until=date(2026, 1, 31))
    found: list[Found] = list(record.roles_over(Context(timezone.now())))
    assert [(one.code, one.subject) for one in found] == [("account.roles_over", f"user:{locum.pk}")]


@pytest.mark.django_db(transaction=True)
def test_the_chain_and_its_anchor(settings: Any, tmp_path: Path) -> None:
    settings.AUDIT_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    empty()
    PatientFactory()
    assert codes(record.chain) == ["audit.anchor"]
    wait_for_other_databases()
    drop_anchor()
    assert codes(record.chain) == []
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE audit_event SET action = 'delete' WHERE id = %s", [Event.objects.first().pk])
        cursor.execute("SET session_replication_role = origin")
    assert codes(record.chain) == ["audit.chain"]
    empty()
    Path(settings.AUDIT_ANCHOR_FILE).write_text("x\n")
    assert "audit.anchor" in codes(record.chain)
