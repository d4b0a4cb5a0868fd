"""What left the hospital, and what a patient is told of it."""

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.audit.models import Access
from accounts.models import User
from patients.models import Patient
from patients.rights.disclosing import accounting_of, record_disclosure
from patients.rights.models import Disclosure
from tests.factories import PatientFactory, UserFactory
from tests.scheduling.views.conftest import client_of

pytestmark = pytest.mark.django_db
GIVEN = {"recipient": "County court, Hill Street 1", "content": "Dates of stay", "purpose": "Claim 7", "basis": "court"}


@pytest.fixture
def officer() -> User:
    return UserFactory(role="privacy_officer")


@pytest.fixture
def patient() -> Patient:
    return PatientFactory()


def disclose(officer: User, patient: Patient, **fields: Any) -> Disclosure:
    return record_disclosure(actor=officer, patient_id=patient.pk, **{**GIVEN, **fields})


def test_what_counts_and_what_does_not(officer: User, patient: Patient) -> None:
    now, today = timezone.now(), timezone.localdate()
    told = [
        disclose(officer, patient),
        disclose(officer, patient, at=now.replace(year=now.year - 6) + timedelta(minutes=1)),
        disclose(officer, patient, basis="police", withheld_until=today - timedelta(days=1)),
    ]
    disclose(officer, patient, at=now.replace(year=now.year - 6) - timedelta(minutes=1))
    disclose(officer, patient, basis="patient")
    disclose(officer, patient, basis="authorised")
    disclose(officer, patient, basis="police", withheld_until=today)
    disclose(officer, PatientFactory())
    assert set(accounting_of(patient.pk)) == set(told)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"recipient": " "}, "recipient"),
        ({"content": ""}, "content"),
        ({"basis": "x"}, "basis"),
        ({"withheld_until": date(2030, 1, 1)}, "withheld_until"),
    ],
)
def test_what_is_missing_is_named(officer: User, patient: Patient, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        disclose(officer, patient, **wrong)
    assert set(caught.value.message_dict) == {field}
    with pytest.raises(ValidationError, match="not happened yet"):
        disclose(officer, patient, at=timezone.now() + timedelta(hours=1))


@pytest.mark.parametrize("role", ["coordinator", "administrator", "ward_nurse"])
def test_nobody_else_notes_one(patient: Patient, role: str) -> None:
    with pytest.raises(PermissionDenied):
        disclose(UserFactory(role=role), patient)


def test_the_page_notes_one_and_the_file_tells_it(officer: User, patient: Patient) -> None:
    client = client_of(officer)
    wrong = client.post(f"/patients/{patient.pk}/disclosures/", GIVEN | {"at": ""})
    assert (wrong.status_code, "This field is required" in wrong.content.decode()) == (422, True)
    done = client.post(f"/patients/{patient.pk}/disclosures/", GIVEN | {"at": "2026-01-05T10:00", "purpose": "=1+1"})
    assert done.status_code == 302
    assert "County court" in client.get(f"/patients/{patient.pk}/rights/").content.decode()

    answer = client.get(f"/patients/{patient.pk}/disclosures.csv")
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert rows[1] == [
        "2026-01-05 10:00:00+0000",
        "County court, Hill Street 1",
        "Dates of stay",
        "'=1+1",
        "Court or authority",
    ]
    assert Access.objects.filter(view="patients:disclosures-csv", kind="export", patient_id=patient.pk).count() == 1
