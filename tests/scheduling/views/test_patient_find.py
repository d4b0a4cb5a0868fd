"""Find a patient, or add one."""

import pytest
from django.test import Client

from patients.models import Patient
from tests.factories import PatientFactory
from tests.scheduling.world import World


def test_finds_by_parts_of_names_and_by_number(world: World, anaesthetist: Client) -> None:
    PatientFactory(family_name="O’Brien-Nowak", given_name="Ewa", mrn="RX42")
    PatientFactory(family_name="Brienne", given_name="Tara", mrn="RX99")
    for text, names in (
        ("NOWAK, Ewa", ["O’BRIEN-NOWAK, Ewa"]),
        ("rx4", ["O’BRIEN-NOWAK, Ewa"]),
        ("brien", ["O’BRIEN-NOWAK, Ewa", "BRIENNE, Tara"]),
        ("b", []),
        ("%%", []),
    ):
        found = anaesthetist.post("/find/", {"text": text}).context["patients"]
        assert [patient.display_name for patient in found] == names


def test_the_words_never_stand_in_an_address(world: World, anaesthetist: Client) -> None:
    PatientFactory(family_name="Nowak")
    assert anaesthetist.get("/find/", {"text": "nowak"}).context["patients"] == []


def test_htmx_gets_the_list_alone(world: World, anaesthetist: Client) -> None:
    response = anaesthetist.post("/find/", {"text": "nobody"}, headers={"hx-request": "true"})
    assert "<html" not in response.content.decode()


def test_many_are_cut_short_and_said(world: World, anaesthetist: Client) -> None:
    PatientFactory.create_batch(31, family_name="Same")
    response = anaesthetist.post("/find/", {"text": "same"})
    assert (len(response.context["patients"]), response.context["more"]) == (30, True)


NEW = {"family_name": "Nowak", "given_name": "Ewa", "date_of_birth": "1980-02-29", "sex": "female", "mrn": " rx7 "}


def test_a_new_patient_is_kept_with_allergies(world: World, coordinator: Client) -> None:
    response = coordinator.post("/patients/new/", {**NEW, "allergies": "latex, Latex, penicillin,"})
    patient = Patient.objects.get(mrn="RX7")
    assert response["Location"] == f"/operations/new/?patient={patient.pk}"
    assert patient.allergy_status == "recorded"
    assert [allergy.substance for allergy in patient.allergies.all()] == ["Latex", "penicillin"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"date_of_birth": "2999-01-01"}, "date_of_birth"),
        ({"date_of_birth": "1850-01-01"}, "date_of_birth"),
        ({"date_of_birth": ""}, "date_of_birth"),
        ({"family_name": ""}, "family_name"),
        ({"mrn": "TAKEN"}, "mrn"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, str], field: str, world: World, coordinator: Client) -> None:
    PatientFactory(mrn="TAKEN")
    response = coordinator.post("/patients/new/", {**NEW, **fields})
    assert (response.status_code, list(response.context["form"].errors)) == (422, [field])


def test_who_may_only_look_adds_nobody(world: World, anaesthetist: Client) -> None:
    assert anaesthetist.post("/patients/new/", NEW).status_code == 403
    assert Patient.objects.filter(mrn="RX7").count() == 0


def test_a_comma_forgotten_between_substances(world: World, coordinator: Client) -> None:
    response = coordinator.post("/patients/new/", {**NEW, "allergies": "x" * 101})
    assert response.status_code == 422
    assert "Separate by commas" in str(response.context["form"].errors["allergies"])
    assert not Patient.objects.filter(mrn="RX7").exists()


def test_two_people_add_the_same_number_at_once(
    world: World, coordinator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = Patient.full_clean

    def check_then_lose_the_race(patient: Patient, *args: object, **kwargs: object) -> None:
        checked(patient)
        PatientFactory(mrn=patient.mrn)

    monkeypatch.setattr(Patient, "full_clean", check_then_lose_the_race)
    response = coordinator.post("/patients/new/", {**NEW, "mrn": "RX8"})
    assert response.status_code == 422
    assert Patient.objects.filter(mrn="RX8").count() == 1
    assert "already" in str(response.context["form"].errors)
