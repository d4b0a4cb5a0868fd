"""The command: what it prints, its exit code, its report files, and in whose name it writes."""

import csv
import json
from io import StringIO
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.core.management import CommandError, call_command
from django.db import connection

from patients.models import Allergy, IdentifierSystem, ImportRun, Patient
from tests.factories import UserFactory
from tests.patients.importing.files import MRN, allergy, bundle, concept, ndjson, patient, save

pytestmark = pytest.mark.django_db


def command(*paths: Any, **options: Any) -> list[str]:
    out = StringIO()
    call_command("import_fhir", *map(str, paths), stdout=out, verbosity=0, **options)
    return out.getvalue().splitlines()


def test_prints_what_was_passed_over_and_one_line_with_the_counts(tmp_path, coordinator):
    lines = command(save(tmp_path, bundle(patient(), allergy(), {"resourceType": "Claim"})))
    assert lines[:5] == [
        "Passed over:",
        "  Claim, not kept here: 1",
        "  Numbers of a system that is not configured: http://other.example: 1",
        "By kind:",
        "  allergy: 1 created, 0 updated, 0 unchanged, 0 refused",
    ]
    assert lines[-1].startswith("Imported: 3 entries: 2 created, 0 updated, 0 unchanged, 0 refused. ")
    assert lines[-1].endswith(" entries/s.")


def test_a_refusal_makes_exit_code_2_and_the_report_file_is_there(tmp_path, coordinator):
    path = save(tmp_path, bundle(patient(), allergy(code=None)))
    with pytest.raises(CommandError, match="1 refused") as stopped:
        command(path, report=tmp_path / "report.csv")
    assert stopped.value.returncode == 2
    with (tmp_path / "report.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row == {
        "remark": "Refused",
        "file": "a.json",
        "unit": "entry",
        "number": "2",
        "name": "AllergyIntolerance/a1",
        "element": "code",
        "text": "is missing: nothing says what it is.",
    }


def test_a_dry_run_says_so_and_the_report_can_be_json(tmp_path, coordinator):
    lines = command(save(tmp_path, bundle(patient())), dry_run=True, report=tmp_path / "report.json")
    assert lines[-1].startswith("Dry run, nothing was written: 1 entries: 1 created, ")
    assert not Patient.objects.exists()
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["counts"] == {"patient": {"created": 1, "updated": 0, "unchanged": 0, "refused": 0}}


def test_a_folder_of_bundles_and_ndjson(tmp_path, coordinator):
    save(tmp_path, bundle(patient("M1", "p1")), "one.json")
    save(tmp_path, ndjson(patient("M2", "p2")), "two.ndjson")
    assert "2 created" in command(tmp_path)[-1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"report": "x.txt"}, r"has to end in \.csv or \.json"),
        ({"report": "/nowhere/x.csv"}, "there is no such folder"),
        ({"actor": "nobody@example.org"}, "Nobody signs in as nobody@example.org"),
    ],
)
def test_what_is_wrong_before_anything_is_read(tmp_path, coordinator, options, words):
    from pathlib import Path

    options = {name: Path(value) if name == "report" else value for name, value in options.items()}
    with pytest.raises(CommandError, match=f"{words}.* Nothing was written") as stopped:
        command(save(tmp_path, bundle(patient())), **options)
    assert stopped.value.returncode == 1
    assert not ImportRun.objects.exists()


def test_who_may_not_import_is_told_so(tmp_path, coordinator):
    UserFactory(role="ward_nurse", email="nurse@example.org")
    with pytest.raises(CommandError, match="does not let you bring patients in"):
        command(save(tmp_path, bundle(patient())), actor="nurse@example.org")


def test_the_mrn_system_is_named_once(tmp_path, db, monkeypatch):
    UserFactory(role="administrator")
    path = save(tmp_path, bundle(patient()))
    monkeypatch.setattr("builtins.input", lambda _: "n")
    with pytest.raises(CommandError, match="Stopped, as you wished"):
        command(path, mrn_system=MRN)
    assert not IdentifierSystem.objects.exists()
    monkeypatch.setattr("builtins.input", lambda _: "y")
    assert "1 created" in command(path, mrn_system=MRN)[-1]
    assert "1 unchanged" in command(path, mrn_system=MRN)[-1]
    with pytest.raises(CommandError, match=f"{MRN} gives our MRN here"):
        command(path, mrn_system="http://other.example", yes=True)


def test_both_trails_name_who_imported(tmp_path, coordinator):
    command(save(tmp_path, bundle(patient(), allergy(code=concept("1", "Latex")))))
    assert {entry.actor for entry in LogEntry.objects.filter(content_type__model="allergy")} == {coordinator}
    with connection.cursor() as cursor:
        sql = "SELECT actor_id FROM audit_event WHERE table_name = 'patients_allergy' AND row_id = %s"
        cursor.execute(sql, [str(Allergy.objects.get().pk)])
        assert cursor.fetchall() == [(coordinator.pk,)]
    assert ImportRun.objects.get().actor == coordinator


def test_the_help_names_the_exit_codes():
    from patients.management.commands.import_fhir import Command

    text = Command().create_parser("manage.py", "import_fhir").format_help()
    assert "exit code: 0 all of it was worked through" in text
    assert "--mrn-system URI" in text
