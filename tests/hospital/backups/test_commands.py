"""backup, restore and restore_drill on a real server."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.audit.anchors import drop_anchor
from accounts.audit.models import Event
from hospital.backups.making import SUFFIX
from hospital.backups.manifest import path_of
from hospital.backups.restoring import drop, reading
from hospital.models import BackupMade, RestoreDrill
from patients.models import Document, DocumentPart, Patient
from scheduling.models import Operation, OperationChange
from tests.accounts.audit.conftest import empty, wait_for_other_databases
from tests.factories import OperationFactory, PatientFactory
from tests.patients.papers import bytes_of, keep_document, pdf

pytestmark = pytest.mark.django_db(transaction=True)
PAPER = pdf()


def say(*command: str) -> str:
    said = StringIO()
    call_command(*command, stdout=said, stderr=said)
    return said.getvalue()


@pytest.fixture
def backup(tmp_path: Path, settings: Any) -> Path:
    empty()  # of what other tests recorded, and tampered with
    settings.AUDIT_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    operation = OperationFactory(patient=PatientFactory(family_name="Zebrowska", phone="1234"), notes="Long table")
    keep_document(operation.patient, content=PAPER)
    assert "read back" in say("backup", "--out", str(tmp_path / "out"))
    (found,) = (tmp_path / "out").glob(f"*{SUFFIX}")
    return found


def databases() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        return {name for (name,) in cursor.fetchall()}


def test_a_backup_shows_nothing_and_is_noted(backup: Path) -> None:
    for clear in (b"Zebrowska", PAPER[100:200]):
        assert clear not in backup.read_bytes()
    assert backup.stat().st_mode & 0o077 == 0
    assert sorted(p.name for p in backup.parent.iterdir()) == sorted([backup.name, path_of(backup).name])
    manifest = json.loads(path_of(backup).read_text())["manifest"]
    assert (manifest["counts"]["patients_patient"], manifest["size"]) == (1, backup.stat().st_size)
    made = BackupMade.objects.get()
    assert (made.name, made.size, made.rows) == (backup.name, manifest["size"], sum(manifest["counts"].values()))


def test_what_was_saved_comes_back_beside_the_site(backup: Path) -> None:
    name = f"{connection.settings_dict['NAME']}_restored"
    Patient.objects.update(family_name="Changed since")
    try:
        assert "Nothing is missing" in say("restore", str(backup), "--into", name)
        with pytest.raises(CommandError, match="holds tables"):
            say("restore", str(backup), "--into", name)
        assert "Nothing is missing" in say("restore", str(backup), "--into", name, "--yes")
        with reading(name):
            assert Patient.objects.values_list("family_name", "phone").get() == ("Zebrowska", "1234")
            assert bytes_of(Document.objects.get()) == PAPER
    finally:
        drop(name)
    assert Patient.objects.get().family_name == "Changed since"


def test_what_was_erased_since_the_backup_is_erased_again(backup: Path, tmp_path: Path, settings: Any) -> None:
    settings.ERASURES_FILE = str(tmp_path / "erasures.jsonl")
    Operation.objects.update(status="cancelled")
    OperationChange.objects.update(at=timezone.now() - timedelta(days=20 * 366))
    say("apply_retention", "--yes", "-v", "0")
    assert Patient.objects.get().family_name == "Erased"
    name = f"{connection.settings_dict['NAME']}_restored"
    try:
        said = say("restore", str(backup), "--into", name)
        assert "1 records that were erased since the backup were erased again" in said
        with reading(name):
            assert Patient.objects.values_list("family_name", "phone").get() == ("Erased", "")
            assert DocumentPart.objects.count() == 0
    finally:
        drop(name)


def test_the_database_of_the_site_is_never_overwritten(backup: Path) -> None:
    with pytest.raises(CommandError, match="Restore into another database"):
        say("restore", str(backup), "--into", connection.settings_dict["NAME"], "--yes")


def test_a_drill_is_recorded_and_leaves_nothing_behind(backup: Path) -> None:
    before = databases()
    assert "was restored and checked" in say("restore_drill", "--from", str(backup.parent))

    drill = RestoreDrill.objects.get()
    assert (drill.succeeded, drill.faults, drill.backup) == (True, [], backup.name)
    assert drill.size == backup.stat().st_size
    assert databases() == before


def test_a_drill_with_a_damaged_backup_fails_on_record(backup: Path) -> None:
    content = bytearray(backup.read_bytes())
    content[-30] ^= 1
    backup.write_bytes(content)

    with pytest.raises(CommandError, match="could not be restored whole"):
        say("restore_drill", "--from", str(backup.parent))
    drill = RestoreDrill.objects.get()
    assert drill.succeeded is False
    assert drill.faults == ["The file is not the one that its manifest describes. Copy it again, or take another."]


def test_a_drill_sees_rows_that_are_missing_and_bookings_that_are_wrong(backup: Path) -> None:
    Operation.objects.update(version=2)
    say("backup", "--out", str(backup.parent / "wrong"))
    (wrong,) = (backup.parent / "wrong").glob(f"*{SUFFIX}")
    with pytest.raises(CommandError):
        say("restore_drill", "--from", str(wrong.parent))
    (fault,) = RestoreDrill.objects.get().faults
    assert fault.startswith("history with a gap: Operation ")


def test_a_drill_sees_what_was_done_to_the_audit_record(backup: Path) -> None:
    wait_for_other_databases()
    drop_anchor()
    (row,) = Event.objects.filter(table_name="patients_patient", action="insert")
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE audit_event SET source = 'forged' WHERE id = %s", [row.pk])
        cursor.execute("SET session_replication_role = origin")
    say("backup", "--out", str(backup.parent / "forged"))
    with pytest.raises(CommandError):
        say("restore_drill", "--from", str(backup.parent / "forged"))
    (fault,) = RestoreDrill.objects.get().faults
    assert fault.startswith(f"Audit record: changed: audit_event row {row.pk}, link ")


def test_an_anchor_of_after_the_backup_is_not_missed(backup: Path) -> None:
    wait_for_other_databases()
    assert drop_anchor().seq > 0  # the backup was made before anything was sealed
    assert "was restored and checked" in say("restore_drill", "--from", str(backup.parent))


def test_a_changed_manifest_is_refused(backup: Path) -> None:
    path_of(backup).write_text(path_of(backup).read_text().replace('"patients_patient": 1', '"patients_patient": 0'))
    with pytest.raises(CommandError, match="manifest was changed"):
        say("restore", str(backup), "--into", "anything")


def test_a_folder_without_backups_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no backup in"):
        say("restore_drill", "--from", str(tmp_path))
