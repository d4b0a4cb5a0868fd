"""Who saw a patient's record, as the privacy officer sees it."""

import csv
import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.audit.activity import PAGE_SIZE
from accounts.audit.models import Access
from accounts.models import User
from patients.models import EmergencyAccess, Patient
from tests.factories import PatientFactory, UserFactory
from tests.scheduling.views.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient() -> Patient:
    return PatientFactory(family_name="Zebrowska", mrn="M4711")


@pytest.fixture
def nurse() -> User:
    return UserFactory(given_name="Nia", family_name="Nurse", role="ward_nurse")


@pytest.fixture
def officer() -> Client:
    return client_of(UserFactory(role="privacy_officer"))


def saw(patient: Patient, person: User | None, **fields: Any) -> None:
    row = {"view": "scheduling:operation-detail", "kind": "view", "reason": "ward_nurse", "at": timezone.now()} | fields
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_access (at, patient_id, actor_id, view, kind, reason) VALUES (%s, %s, %s, %s, %s, %s)",
            [row["at"], patient.pk, person and person.pk, row["view"], row["kind"], row["reason"]],
        )


def text_of(client: Client, patient: Patient, query: str = "") -> str:
    return client.get(f"/patients/{patient.pk}/access-history/{query}").content.decode()


def test_a_record_is_found_by_its_whole_number_and_no_address_holds_it(officer: Client, patient: Patient) -> None:
    for number in ("m4711", f"No. {patient.pk}", f"no{patient.pk}"):
        answer = officer.post("/access-history/", {"number": number})
        assert (answer.status_code, answer["Location"]) == (302, f"/patients/{patient.pk}/access-history/")
    wrong = officer.post("/access-history/", {"number": "M47"})
    assert wrong.status_code == 422
    assert "No patient has this number" in wrong.content.decode()
    assert officer.post("/access-history/", {"number": "No. " + "9" * 18}).status_code == 422


def test_what_is_shown(officer: Client, patient: Patient, nurse: User) -> None:
    saw(patient, nurse)
    saw(patient, None, view="command:export", kind="export", reason="asked for")
    text = text_of(officer, patient)
    for words in ("ZEBROWSKA", "Nia Nurse", "Page of an operation", "Opened", "Ward nurse", "Exported", "The system"):
        assert words in text


def test_looking_at_it_is_itself_on_record(officer: Client, patient: Patient) -> None:
    text_of(officer, patient)
    assert list(Access.objects.values_list("view", "patient_id")) == [("patients:access-history", patient.pk)]


def test_lists_and_boards_are_shown_when_asked_for(officer: Client, patient: Patient, nurse: User) -> None:
    saw(patient, nurse, view="scheduling:day", kind="list")
    assert "Day board" not in text_of(officer, patient)
    assert "Day board" in text_of(officer, patient, "?in_passing=on")


def test_an_emergency_is_named(officer: Client, patient: Patient, nurse: User) -> None:
    now = timezone.now()
    access = EmergencyAccess.objects.create(
        actor=nurse, patient=patient, reason="cover", explanation="-", began=now, ends=now + timedelta(hours=1)
    )
    saw(patient, nurse, at=now + timedelta(minutes=5))
    assert text_of(officer, patient).count(f"Emergency {access.pk}") == 1
    saw(patient, nurse, at=now + timedelta(hours=2))
    saw(patient, UserFactory(), at=now + timedelta(minutes=5))
    assert text_of(officer, patient).count(f"Emergency {access.pk}") == 1


def test_filters_by_local_days_and_person(officer: Client, patient: Patient, nurse: User) -> None:
    zone = timezone.get_current_timezone()
    saw(patient, nurse, at=datetime(2026, 10, 25, 23, 30, tzinfo=zone))  # the night of 25 hours
    saw(patient, UserFactory(given_name="Otto", family_name="Other"), at=datetime(2026, 10, 26, 0, 30, tzinfo=zone))
    one_day = text_of(officer, patient, "?first=2026-10-25&last=2026-10-25")
    assert ("Nia Nurse" in one_day, "Otto Other" in one_day) == (True, False)
    by_person = text_of(officer, patient, f"?person={nurse.pk}")
    assert ("Nia Nurse" in by_person, "Otto Other" in by_person) == (True, False)


@pytest.mark.parametrize(
    "query",
    ["?first=x", "?first=2026-02-30", "?first=9999-12-31&last=9999-12-31", "?person=x", "?before=-1", "?before=²"],
)
def test_a_filter_that_means_nothing_filters_nothing(
    officer: Client, patient: Patient, nurse: User, query: str
) -> None:
    saw(patient, nurse)
    assert "Nia Nurse" in text_of(officer, patient, query)


def test_an_end_before_its_begin_is_said(officer: Client, patient: Patient) -> None:
    assert "The last day is before the first" in text_of(officer, patient, "?first=2026-10-25&last=2026-10-24")


def test_pages_go_on_below_the_last_row(officer: Client, patient: Patient, nurse: User) -> None:
    ten = datetime(2026, 5, 4, 10, tzinfo=timezone.get_current_timezone())
    for minute in range(PAGE_SIZE + 1):
        saw(patient, nurse, at=ten + timedelta(minutes=minute))
    first = officer.get(f"/patients/{patient.pk}/access-history/")
    assert len(first.context["seen"]) == PAGE_SIZE
    second = officer.get(f"/patients/{patient.pk}/access-history/?before={first.context['older']}")
    assert [f"{timezone.localtime(one.at):%H:%M}" for one in second.context["seen"]] == ["10:00"]
    assert second.context["older"] is None


def test_three_rows_take_as_many_queries_as_one(
    officer: Client, patient: Patient, django_assert_num_queries: Any
) -> None:
    saw(patient, UserFactory())
    text_of(officer, patient)
    with django_assert_num_queries(11):
        text_of(officer, patient)
    saw(patient, UserFactory())
    saw(patient, UserFactory())
    with django_assert_num_queries(11):
        text_of(officer, patient)


def test_the_file_holds_all_of_it_and_is_on_record(officer: Client, patient: Patient, nurse: User) -> None:
    nurse.family_name = "=HYPERLINK()"
    nurse.given_name = ""
    nurse.save()
    saw(patient, nurse)
    saw(patient, nurse, kind="list")
    answer = officer.get(f"/patients/{patient.pk}/access-history.csv")
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [row[1] for row in rows][2:] == ["'=HYPERLINK()"]  # below the heads and its own line: it is an export
    assert [row[4] for row in rows] == ["How", "Exported", "Opened"]
    assert Access.objects.filter(kind="export", patient_id=patient.pk).count() == 1


@pytest.mark.parametrize("role", ["coordinator", "surgeon", "manager", "administrator"])
def test_nobody_else_opens_it(role: str, patient: Patient) -> None:
    client = client_of(UserFactory(role=role))
    for address in ("/access-history/", f"/patients/{patient.pk}/access-history/"):
        assert client.get(address).status_code == 403
    assert client.get(f"/patients/{patient.pk}/access-history.csv").status_code == 403
