"""Files for analysis: nobody is in them, who may make them, and that they are on record."""

import csv
import io
import json
import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.urls import reverse
from django.utils import timezone

from accounts.audit.models import Access
from accounts.models import User
from analytics.deidentified.services import Files, export_deidentified, export_limited_set
from analytics.models import DataExport
from patients.models import Patient
from patients.rights.models import ProcessingRestriction
from resources.models import StaffMember, Theatre
from scheduling.models import ChecklistAnswer, Operation, OperationEvent, Procedure
from tests.factories import PatientFactory, SpecialtyFactory, UserFactory
from tests.patients.rights.test_exporting import signed_in
from tests.patients.rights.whole_patient import MARK, whole_patient
from tests.scheduling.views.conftest import client_of

pytestmark = pytest.mark.django_db(transaction=True)
TERMS: dict[str, str] = {"purpose": "Delays", "recipient": "University", "agreement": "DUA-7"}
COLUMNS = (
    "year,specialty,procedure_group,asa_class,age,sex,theatre,planned_minutes,actual_minutes,turnover_minutes,"
    "day_case,delay_reason,cancelled,cancelled_reason"
)


@pytest.fixture
def manager(db: None) -> User:
    return UserFactory(role="manager")


@pytest.fixture
def officer(db: None) -> User:
    return UserFactory(role="privacy_officer")


@pytest.fixture
def year(db: None) -> int:
    """Return the year of a dozen operations alike, each of a patient who is marked everywhere."""
    whole_patient(years_ago=1)
    first = Operation.objects.get()
    first.theatre.name = first.lead_surgeon.name = f"{MARK}-name"
    Theatre.objects.update(name=f"{MARK}-theatre")
    StaffMember.objects.update(name=f"{MARK}-staff", code=f"{MARK}-code")
    User.objects.filter(given_name__in=("Cora", "Olaf")).update(family_name=f"{MARK}-colleague")
    Procedure.objects.update(name=f"{MARK}-procedure", code="0SR90JZ", code_system="ICD-10-PCS")
    Operation.objects.update(asa_class=2)
    begins = timezone.make_aware(datetime(timezone.localdate().year - 1, 7, 1, 8))
    Operation.objects.filter(pk=first.pk).update(period=hour(begins, 0))
    for n in range(1, 12):
        Operation.objects.create(
            patient=PatientFactory(family_name=f"{MARK}-{n}", mrn=f"{MARK}-{n}", date_of_birth=date(1970, 5, 17)),
            procedure=first.procedure,
            specialty=first.specialty,
            priority=first.priority,
            theatre=first.theatre,
            status="completed",
            period=hour(begins, n),
            notes=f"{MARK}-notes",
        )
    Patient.objects.update(date_of_birth=date(1970, 5, 17), sex="female")
    return int(timezone.localtime(begins).year)


def hour(begins: datetime, number: int) -> DateTimeTZRange:
    return DateTimeTZRange(begins + timedelta(hours=number), begins + timedelta(hours=number + 1))


def rows_of(files: Files) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files.table.removeprefix("\ufeff"))))


def test_nobody_is_in_the_file(manager: User, year: int) -> None:
    files = export_deidentified(actor=manager, year=year)
    both = files.table + files.companion
    assert files.table.removeprefix("\ufeff").splitlines()[0] == COLUMNS
    assert (len(rows_of(files)), MARK in both.lower(), "1970" in files.table) == (12, False, False)
    for patient in Patient.objects.all():
        assert patient.mrn.lower() not in both.lower()
    table = files.table.replace(f"{year},", "")
    assert re.findall(r"\d{4}-\d\d|\d\d:\d\d|\d\d/\d\d", table) == []
    assert {row["procedure_group"] for row in rows_of(files)} == {"0SR"}


def test_minutes_come_from_what_happened(manager: User, year: int) -> None:
    first, second = Operation.objects.order_by("period")[:2]
    ChecklistAnswer.objects.all().delete()
    OperationEvent.objects.all().delete()
    clock = first.period.lower
    for operation, kind, minutes in ((first, "in_theatre", 0), (first, "out", 50), (second, "in_theatre", 75)):
        at = clock + timedelta(minutes=minutes)
        OperationEvent.objects.create(operation=operation, kind=kind, at=at, recorded_by=manager)
    rows = rows_of(export_deidentified(actor=manager, year=year))
    told = sorted((row["actual_minutes"], row["turnover_minutes"]) for row in rows)
    assert told[-2:] == [("", "25"), ("50", "")]


def test_theatres_have_another_key_in_each_file(manager: User, year: int) -> None:
    keys = [{row["theatre"] for row in rows_of(export_deidentified(actor=manager, year=year))} for _ in range(2)]
    assert (len(keys[0]), len(keys[1]), keys[0] == keys[1]) == (1, 1, False)


def test_a_restricted_record_stays_out_and_makes_the_cell_small(manager: User, officer: User, year: int) -> None:
    for operation in Operation.objects.all()[:2]:
        ProcessingRestriction.objects.create(patient=operation.patient, ground="claims", reason="-", placed_by=officer)
    files = export_deidentified(actor=manager, year=year)
    about = json.loads(files.companion)
    assert (files.rows, about["rows_left_out"], about["left_out_because_restricted"]) == (
        0,
        "fewer than 11",
        "fewer than 11",
    )


def test_a_limited_set_has_dates_and_nobodys_name(officer: User, year: int) -> None:
    files = export_limited_set(actor=officer, year=year, **TERMS)
    rows = rows_of(files)
    assert (len(rows), MARK in (files.table + files.companion).lower(), "1970" in files.table) == (12, False, False)
    assert {row["date"][:4] for row in rows} == {str(year)}
    assert len({row["case"] for row in rows}) == 12
    export = DataExport.objects.get()
    assert (export.agreement, export.recipient, export.rows) == ("DUA-7", "University", 12)
    seen = Access.objects.filter(kind="export", view="analytics:limited-export", actor_id=officer.pk)
    assert set(seen.values_list("patient_id", flat=True)) == set(Operation.objects.values_list("patient", flat=True))
    assert json.loads(files.companion)["agreement"] == "DUA-7"


@pytest.mark.parametrize("missing", TERMS)
def test_a_limited_set_needs_its_terms(missing: str, officer: User) -> None:
    with pytest.raises(ValidationError) as refused:
        export_limited_set(actor=officer, year=2025, **TERMS | {missing: " "})
    assert list(refused.value.message_dict) == [missing]


@pytest.mark.parametrize("role", ["coordinator", "surgeon", "ward_nurse", "administrator", "manager"])
def test_other_roles_make_no_limited_set(role: str) -> None:
    with pytest.raises(PermissionDenied):
        export_limited_set(actor=UserFactory(role=role), year=2025, **TERMS)


@pytest.mark.parametrize("role", ["coordinator", "surgeon", "ward_nurse", "administrator"])
def test_other_roles_make_no_figures(role: str) -> None:
    with pytest.raises(PermissionDenied):
        export_deidentified(actor=UserFactory(role=role), year=2025)


def test_a_manager_of_a_part_makes_none() -> None:
    with pytest.raises(PermissionDenied, match="too much"):
        export_deidentified(actor=UserFactory(role="manager", role__specialties=[SpecialtyFactory()]), year=2025)


@pytest.mark.parametrize("year", [1900, 2999])
def test_a_year_that_can_not_be(year: int, manager: User) -> None:
    with pytest.raises(ValidationError):
        export_deidentified(actor=manager, year=year)


def test_the_pages_give_a_zip(manager: User, officer: User, year: int) -> None:
    answer = client_of(manager).post(reverse("analytics:deidentified-export"), {"year": year})
    assert sorted(Path(name).suffix for name in ZipFile(io.BytesIO(answer.content)).namelist()) == [".csv", ".json"]
    url = reverse("analytics:limited-export")
    assert "reauthenticate" in client_of(officer).get(url)["Location"]
    assert signed_in(officer).post(url, {"year": year}).status_code == 422
    assert signed_in(officer).post(url, TERMS | {"year": year})["Content-Type"] == "application/zip"
    assert "DUA-7" in signed_in(officer).get(url).content.decode()


def test_the_command_writes_two_files(manager: User, officer: User, year: int, tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "figures.csv"
    call_command("export_deidentified", str(file), "--year", str(year), "--actor", manager.email)
    assert json.loads(file.with_suffix(".json").read_text())["rows"] == 12
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(CommandError, match="is there already"):
        call_command("export_deidentified", str(file), "--year", str(year), "--actor", manager.email)
    other = str(tmp_path / "limited.csv")
    with pytest.raises(CommandError, match="--agreement"):
        call_command("export_deidentified", other, "--year", str(year), "--actor", officer.email, "--limited")
    with pytest.raises(CommandError, match="does not let you"):
        call_command("export_deidentified", other, "--year", str(year), "--actor", manager.email, "--limited")
