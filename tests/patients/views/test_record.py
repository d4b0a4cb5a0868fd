"""The cards by HTTP: with the script and without, refused with what was typed, never in an address."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.audit.models import Access
from patients.models import Allergy, Condition, IdentifierSystem, Medicine, Patient
from patients.rights.restricting import restrict_processing
from tests.factories import PatientFactory, UserFactory
from tests.scheduling.views.conftest import client_of

pytestmark = pytest.mark.django_db(transaction=True)
MEDICINE = {"text": "Warfarin", "dose": "3 mg", "surgical_class": "anticoagulant", "plan": "", "course": "active"}


@pytest.fixture
def patient(transactional_db: None) -> Patient:
    return PatientFactory(allergy_status="not_recorded")


@pytest.fixture
def nurse(transactional_db: None) -> Client:
    return client_of(UserFactory(role="theatre_nurse"))


def url(name: str, patient: Patient, *more: Any) -> str:
    return reverse(f"patients:{name}", args=[patient.pk, *more])


def shown_in(page: Any) -> str:
    """Return what the form carries of the values that were shown."""
    return str(page.context["card"].filling.shown)


def test_without_a_script_it_is_a_page_and_comes_back(nurse: Client, patient: Patient) -> None:
    page = nurse.get(url("chart-add", patient, "medicines"))
    assert "<html" in page.content.decode()
    answer = nurse.post(url("chart-add", patient, "medicines"), MEDICINE)
    assert (answer.status_code, answer.url) == (302, f"/patients/{patient.pk}/#medicines")  # type: ignore[attr-defined]
    assert Medicine.objects.get().text == "Warfarin"


def test_with_the_script_it_is_the_card_alone(nurse: Client, patient: Patient) -> None:
    script = {"headers": {"HX-Request": "true"}}
    page = nurse.get(url("chart-add", patient, "medicines"), **script)  # type: ignore[arg-type]
    assert page.content.decode().lstrip().startswith("<section")
    answer = nurse.post(url("chart-add", patient, "medicines"), MEDICINE, **script)  # type: ignore[arg-type]
    assert answer.headers["HX-Trigger-After-Settle"] == "record-changed"
    assert "Warfarin" in answer.content.decode()


@pytest.mark.parametrize(
    ("part", "fields", "field", "words"),
    [
        ("medicines", MEDICINE | {"text": ""}, "text", "required"),
        ("medicines", MEDICINE | {"text": "W" * 301}, "text", "at most 300"),
        ("medicines", MEDICINE | {"text": "a\x00b"}, "text", "Null characters"),
        ("medicines", MEDICINE | {"began_on": "2026-02-30"}, "began_on", "valid date"),
        ("medicines", MEDICINE | {"began_on": "9999-12-31"}, "began_on", "not come yet"),
        ("medicines", MEDICINE | {"began_on": "0001-01-01"}, "began_on", "too long ago"),
        ("medicines", MEDICINE | {"began_on": "2020-02-02", "ended_on": "2020-02-01"}, "ended_on", "before it began"),
        ("medicines", MEDICINE | {"ended_on": "2020-02-01"}, "course", "it is over"),
        ("conditions", {"text": "Cold", "course": "active", "ended_on": "2020-02-01"}, "course", "it is over"),
        ("medicines", MEDICINE | {"surgical_class": "poison"}, "surgical_class", "valid choice"),
        (
            "conditions",
            {"text": "Cold", "code": "cold", "certainty": "confirmed", "course": "active"},
            "code",
            "ICD-10",
        ),
        (
            "assessments",
            {"assessed_on": "2026-01-01", "valid_until": "2025-01-01"},
            "valid_until",
            "before it was made",
        ),
        ("assessments", {"assessed_on": "2026-01-01", "asa": "7"}, "asa", "less than or equal to 6"),
        ("assessments", {"assessed_on": "2026-01-01", "weight_kg": "NaN"}, "weight_kg", "number"),
        ("allergies", {"substance": " ", "certainty": "confirmed", "course": "active"}, "substance", "required"),
        ("allergies", {"substance": "X", "certainty": "error", "course": "active"}, "certainty", "valid choice"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_lost(
    nurse: Client, patient: Patient, part: str, fields: dict[str, str], field: str, words: str
) -> None:
    answer = nurse.post(url("chart-add", patient, part), fields)
    assert answer.status_code == 422
    form = answer.context["card"].filling.form
    assert any(words in text for text in form.errors[field]), form.errors
    assert form.data["text" if "text" in fields else field] == fields["text" if "text" in fields else field]


def test_a_substance_twice_is_refused_beside_the_field(nurse: Client, patient: Patient) -> None:
    Allergy.objects.create(patient=patient, substance="Latex")
    fields = {"substance": "LATEX", "certainty": "confirmed", "course": "active"}
    answer = nurse.post(url("chart-add", patient, "allergies"), fields)
    errors = answer.context["card"].filling.form.errors
    assert errors == {"substance": ["This substance is on the list already. Change what is there."]}


@pytest.mark.parametrize(
    ("name", "chosen", "stored"),
    [
        ("Apixaban 5 mg", "by_name", "anticoagulant"),
        ("Apixaban 5 mg", "", ""),
        ("Aspirin", "antiplatelet", "antiplatelet"),
        ("Hydrocortisone cream", "by_name", ""),
        ("Vitamin D", "by_name", ""),
    ],
)
def test_a_new_medicine_matters_as_its_name_says_unless_somebody_chose(
    nurse: Client, patient: Patient, name: str, chosen: str, stored: str
) -> None:
    add = url("chart-add", patient, "medicines")
    assert nurse.get(add).context["card"].filling.form["surgical_class"].value() == "by_name"
    nurse.post(add, MEDICINE | {"text": name, "surgical_class": chosen})
    row = Medicine.objects.get()
    assert row.surgical_class == stored
    change = url("chart-change", patient, "medicines", row.pk)
    assert nurse.get(change).context["card"].filling.form["surgical_class"].value() == stored


@pytest.mark.parametrize(
    ("accuracy", "stored"),
    [("day", "1980-05-17"), ("month", "1980-05-01"), ("year", "1980-01-01"), ("estimated", "1980-01-01")],
)
def test_of_a_date_of_birth_what_is_known_is_kept(patient: Patient, accuracy: str, stored: str) -> None:
    change = url("details-change", patient, "identity")
    clerk = client_of(UserFactory(role="booking_clerk"))
    fields = {"family_name": patient.family_name, "given_name": patient.given_name, "sex": patient.sex}
    fields |= {"date_of_birth": "1980-05-17", "birth_accuracy": accuracy, "shown": shown_in(clerk.get(change))}
    assert clerk.post(change, fields).status_code == 302
    patient.refresh_from_db()
    assert str(patient.date_of_birth) == stored


def test_a_phone_that_can_not_be_dialled(patient: Patient) -> None:
    clerk = client_of(UserFactory(role="booking_clerk"))
    answer = clerk.post(url("person-add", patient, "kin"), {"name": "Mary", "phone": "call me"})
    assert "Digits" in answer.content.decode()


def test_a_stale_card_shows_both_and_saves_the_second_time(nurse: Client, patient: Patient) -> None:
    nurse.post(url("chart-add", patient, "medicines"), MEDICINE)
    row = Medicine.objects.get()
    change = url("chart-change", patient, "medicines", row.pk)
    mine = nurse.get(change)
    client_of(UserFactory(role="anaesthetist")).post(
        change, MEDICINE | {"dose": "5 mg", "course": "inactive", "shown": shown_in(mine)}
    )
    refused = nurse.post(change, MEDICINE | {"dose": "4 mg", "plan": "Stop", "shown": shown_in(mine)})
    words = refused.content.decode()
    assert refused.status_code == 409
    assert "Somebody changed this while you were typing" in words
    assert "5 mg" in words
    form = refused.context["card"].filling.form
    assert (form["dose"].value(), form["plan"].value(), form["course"].value()) == ("4 mg", "Stop", "inactive")
    row.refresh_from_db()
    assert row.dose == "5 mg"
    again = MEDICINE | {"dose": "4 mg", "plan": "Stop", "course": "inactive", "shown": shown_in(refused)}
    assert nurse.post(change, again).status_code == 302
    row.refresh_from_db()
    assert (row.dose, row.plan, row.course) == ("4 mg", "Stop", "inactive")


def test_a_card_without_what_was_shown_overwrites_nothing(nurse: Client, patient: Patient) -> None:
    nurse.post(url("chart-add", patient, "medicines"), MEDICINE)
    row = Medicine.objects.get()
    change = url("chart-change", patient, "medicines", row.pk)
    assert nurse.post(change, MEDICINE | {"dose": "9 mg", "shown": '{"dose": "1 mg"}'}).status_code == 409
    row.refresh_from_db()
    assert row.dose == "3 mg"


def test_a_part_of_others_is_not_reached_by_the_own_capability(nurse: Client, patient: Patient) -> None:
    assert nurse.get(url("chart-add", patient, "kin")).status_code == 404
    assert nurse.get(url("person-add", patient, "kin")).status_code == 403
    assert nurse.get(url("chart-add", patient, "nonsense")).status_code == 404


@pytest.mark.parametrize("shown", [None, "", "{}", "[", '{"text": "Warfarin"}'])
def test_a_form_that_does_not_say_what_was_shown_blanks_nothing(
    nurse: Client, patient: Patient, shown: str | None
) -> None:
    row = Medicine.objects.create(patient=patient, text="Warfarin", dose="3 mg", plan="Stop on Monday")
    fields = {"text": "Warfarin", "course": "active"} | ({} if shown is None else {"shown": shown})
    refused = nurse.post(url("chart-change", patient, "medicines", row.pk), fields)
    assert refused.status_code == 409
    assert refused.context["card"].filling.form["plan"].value() == "Stop on Monday"
    row.refresh_from_db()
    assert (row.dose, row.plan) == ("3 mg", "Stop on Monday")


def test_an_entry_of_another_patient_is_not_changed_here(nurse: Client, patient: Patient) -> None:
    other = Medicine.objects.create(patient=PatientFactory(), text="Insulin")
    assert nurse.get(url("chart-change", patient, "medicines", other.pk)).status_code == 404
    nurse.post(url("chart-take-back", patient, "medicines", other.pk))
    other.refresh_from_db()
    assert other.certainty == "confirmed"


def test_a_card_alone_is_on_record_as_seen(nurse: Client, patient: Patient) -> None:
    nurse.get(url("record-card", patient, "medicines"), headers={"HX-Request": "true"})
    assert Access.objects.get(patient_id=patient.pk).view == "patients:record-card"


def test_a_long_card_is_shown_whole_when_asked_for(nurse: Client, patient: Patient) -> None:
    Condition.objects.bulk_create([Condition(patient=patient, text=f"Cold {number};") for number in range(60)])
    page = nurse.get(reverse("scheduling:patient", args=[patient.pk])).content.decode()
    assert (page.count("Cold 59;"), page.count("Cold 0;")) == (0, 1)
    assert "Show 10 more" in page
    for headers in ({}, {"HX-Request": "true"}):
        whole = nurse.get(url("record-card", patient, "conditions") + "?all=1", headers=headers).content.decode()
        assert (whole.count("Cold 59;"), "more" in whole.split("conditions-title")[1]) == (1, False)


def test_a_restricted_record_offers_no_form_to_those_who_may_not_save_it(nurse: Client, patient: Patient) -> None:
    restrict_processing(
        actor=UserFactory(role="privacy_officer"), patient_id=patient.pk, ground="claims", reason="Claim 7"
    )
    page = nurse.get(reverse("scheduling:patient", args=[patient.pk]))
    assert [card for card in page.context["cards"].values() if card.may_change] == []
    assert "Asked: no known allergies" not in page.content.decode()
    assert nurse.get(url("chart-add", patient, "medicines")).status_code == 403
    assert nurse.get(url("record-card", patient, "medicines") + "?all=1").context["card"].may_change is False


def test_none_known_is_one_button(nurse: Client, patient: Patient) -> None:
    nurse.post(url("none-known", patient))
    patient.refresh_from_db()
    assert patient.allergy_status == "none_known"
    Allergy.objects.create(patient=patient, substance="Latex")
    answer = nurse.post(url("none-known", patient))
    assert (answer.status_code, "There are allergies on record" in answer.content.decode()) == (409, True)


def test_a_code_of_another_system_stays_as_received(nurse: Client, patient: Patient) -> None:
    row = Condition.objects.create(patient=patient, text="Asthma", system="http://snomed.info/sct", code="195967001")
    change = url("chart-change", patient, "conditions", row.pk)
    page = nurse.get(change)
    assert "code" not in page.context["card"].filling.form.fields
    fields = {"text": "Asthma", "code": "X", "certainty": "confirmed", "course": "resolved", "shown": shown_in(page)}
    assert nurse.post(change, fields).status_code == 302
    row.refresh_from_db()
    assert (row.course, row.system, row.code) == ("resolved", "http://snomed.info/sct", "195967001")


def test_the_history_says_who_changed_what_and_is_on_record_as_seen(nurse: Client, patient: Patient) -> None:
    nurse.post(url("chart-add", patient, "medicines"), MEDICINE)
    words = nurse.get(url("record-history", patient)).content.decode()
    assert "Warfarin" in words
    assert "Anticoagulant" in words
    only = nurse.get(url("record-history", patient) + "?part=kin&entry=99999999999999999999999&page=x")
    assert "Nothing in this part was changed" in only.content.decode()
    assert Access.objects.filter(patient_id=patient.pk, view="patients:record-history", kind="view").exists()


def test_more_history_takes_no_more_queries(patient: Patient) -> None:
    system = IdentifierSystem.objects.create(uri="urn:x", name="Other clinic")
    clerk, counts = client_of(UserFactory(role="booking_clerk")), []
    for values in ("1", "23"):
        for value in values:
            clerk.post(url("person-add", patient, "numbers"), {"system": system.pk, "value": value})
        with CaptureQueriesContext(connection) as captured:
            words = clerk.get(url("record-history", patient)).content.decode()
        assert "Other clinic" in words
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_more_entries_take_no_more_queries(nurse: Client, patient: Patient) -> None:
    counts = []
    for rows in (1, 2):
        for _ in range(rows):
            Medicine.objects.create(patient=patient, text="X", recorded_by=UserFactory())
            Allergy.objects.create(patient=patient, substance=f"S{Allergy.objects.count()}", recorded_by=UserFactory())
            Condition.objects.create(patient=patient, text="X", recorded_by=UserFactory())
        with CaptureQueriesContext(connection) as captured:
            nurse.get(reverse("scheduling:patient", args=[patient.pk]))
        counts.append(len(captured))
    assert counts[0] == counts[1]
