"""Patients in the admin: corrected, never deleted, and searched for without leaving a trace."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from patients.models import AllergyStatus, Patient
from tests.factories import AllergyFactory, PatientFactory, UserFactory

pytestmark = pytest.mark.django_db
PATIENTS = "/admin/patients/patient/"


@pytest.fixture
def coordinator() -> Client:
    client = Client()
    client.force_login(UserFactory(is_staff=True, role="coordinator"))
    return client


def save(client: Client, patient: Patient, *substances: str, **changed: Any) -> Any:
    """Post the patient's page with ``changed`` fields and new allergies."""
    data: dict[str, Any] = {
        "mrn": patient.mrn,
        "family_name": "Baker",
        "sex": "unknown",
        "birth_accuracy": "day",
        "allergy_status": patient.allergy_status,
    }
    stored = list(patient.allergies.all())
    data |= {"allergies-TOTAL_FORMS": len(stored) + len(substances), "allergies-INITIAL_FORMS": len(stored)}
    for number, row in enumerate(stored):
        data |= {f"allergies-{number}-id": row.pk, f"allergies-{number}-substance": row.substance}
    for number, substance in enumerate(substances, len(stored)):
        data[f"allergies-{number}-substance"] = substance
    for number in range(len(stored) + len(substances)):
        data |= {f"allergies-{number}-certainty": "unconfirmed", f"allergies-{number}-course": "active"}
    return client.post(f"{PATIENTS}{patient.pk}/change/", data | changed)


def test_no_link_carries_what_was_searched_for(coordinator: Client) -> None:
    PatientFactory(family_name="Zebrowska")
    page = coordinator.post(PATIENTS, {"q": "zebrow"}).content.decode()

    assert "Zebrowska" in page
    assert page.count("zebrow") == page.count('value="zebrow"') == 1


def test_a_name_in_the_address_is_not_searched_for(coordinator: Client) -> None:
    PatientFactory.create_batch(2)

    assert coordinator.get(PATIENTS, {"q": "zebrow"}).context["cl"].result_count == 2


def test_nobody_deletes_a_patient(coordinator: Client) -> None:
    patient = PatientFactory()

    assert coordinator.post(f"{PATIENTS}{patient.pk}/delete/", {"post": "yes"}).status_code == 403
    coordinator.post(PATIENTS, {"action": "delete_selected", "_selected_action": [patient.pk], "post": "yes"})
    assert Patient.objects.get() == patient


def test_numbers_are_written_as_the_search_reads_them(coordinator: Client) -> None:
    patient = PatientFactory()

    assert save(coordinator, patient, mrn=" m77 ").status_code == 302
    patient.refresh_from_db()
    assert patient.mrn == "M77"


@pytest.mark.parametrize("field", ["date_of_birth", "deceased_on"])
def test_days_to_come_are_refused(coordinator: Client, field: str) -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)
    answer = save(coordinator, PatientFactory(), **{field: tomorrow.isoformat()})

    assert answer.context["adminform"].form.errors == {field: ["This day has not come yet."]}


def test_a_listed_substance_is_never_under_none_known(coordinator: Client) -> None:
    patient = PatientFactory(allergy_status=AllergyStatus.NONE_KNOWN)

    assert save(coordinator, patient, "Latex").status_code == 302
    patient.refresh_from_db()
    assert patient.allergy_status == AllergyStatus.RECORDED


@pytest.mark.parametrize("changed", [{"certainty": "refuted"}, {"certainty": "error"}, {"course": "resolved"}])
def test_refuting_the_last_substance_leaves_the_question_open(coordinator: Client, changed: dict[str, str]) -> None:
    patient = AllergyFactory().patient
    asked = {f"allergies-0-{name}": value for name, value in changed.items()}

    assert save(coordinator, patient, **asked).status_code == 302
    patient.refresh_from_db()
    assert patient.allergy_status == AllergyStatus.NOT_RECORDED
    assert patient.allergies.count() == 1


def test_taking_the_last_substance_away_leaves_the_question_open(coordinator: Client) -> None:
    patient = AllergyFactory().patient

    assert save(coordinator, patient, **{"allergies-0-DELETE": "on"}).status_code == 302
    patient.refresh_from_db()
    assert patient.allergy_status == AllergyStatus.NOT_RECORDED


def test_the_history_says_who_answered_and_what_the_number_was(coordinator: Client) -> None:
    patient = PatientFactory(mrn="M1", family_name="Baker", given_name="", allergy_status="not_recorded")
    save(coordinator, patient, mrn="M2", allergy_status="none_known", date_of_birth="1970-05-17")
    patient.refresh_from_db()
    assert (patient.allergies_asked_by is None, patient.allergies_asked_at is None) == (False, False)
    values = {name: pair for change in patient.record_changes.all() for name, pair in change.values.items()}
    assert values["mrn"] == ["M1", "M2"]
    assert values["allergy_status"] == ["not_recorded", "none_known"]


def test_a_substance_added_here_says_by_whom(coordinator: Client) -> None:
    patient = PatientFactory()
    save(coordinator, patient, "Latex")
    assert patient.allergies.get().recorded_by is not None


def test_what_somebody_changed_meanwhile_is_not_written_over(coordinator: Client) -> None:
    patient = PatientFactory(phone="0123456")
    page = coordinator.get(f"{PATIENTS}{patient.pk}/change/")
    seen = page.context["adminform"].form.initial["seen"]
    Patient.objects.update(phone="0777777", version=patient.version + 1)
    answer = save(coordinator, patient, seen=seen, phone="0123456")
    assert "Somebody changed this record since you opened it" in answer.content.decode()
    assert Patient.objects.get().phone == "0777777"


def test_who_may_not_write_in_records_does_not_answer_for_allergies_here() -> None:
    clerk = Client()
    clerk.force_login(UserFactory(is_staff=True, role="booking_clerk"))
    patient = AllergyFactory().patient
    assert "Latex" in clerk.get(f"{PATIENTS}{patient.pk}/change/").content.decode()
    save(clerk, patient, "Iodine", allergy_status="none_known", **{"allergies-0-certainty": "refuted"})
    patient.refresh_from_db()
    assert (patient.allergy_status, patient.family_name) == (AllergyStatus.RECORDED, "Baker")
    assert [(row.substance, row.certainty) for row in patient.allergies.all()] == [("Latex", "unconfirmed")]
