"""Which allergies the team must heed, wherever they are shown."""

from datetime import date

import pytest
from django.db import IntegrityError
from django.template.loader import render_to_string

from hospital.templatetags.interface import patient_banner
from patients.models import Allergy, AllergyStatus, Patient
from scheduling.conflicts import find_conflicts
from scheduling.selectors.theatre_list import theatre_list
from tests.factories import AllergyFactory, PatientFactory
from tests.scheduling.world import World, plan_for

pytestmark = pytest.mark.django_db
HEEDED = [("confirmed", "active"), ("unconfirmed", "active")]
NOT_HEEDED = [
    ("refuted", "active"),
    ("error", "active"),
    ("confirmed", "inactive"),
    ("confirmed", "resolved"),
    ("error", "resolved"),
]


def banner(patient: Patient) -> str:
    return render_to_string("components/patient_banner.html", patient_banner({}, patient))


@pytest.mark.parametrize(("certainty", "course"), HEEDED + NOT_HEEDED)
def test_what_is_refuted_or_over_never_shows_as_an_allergy(world: World, certainty: str, course: str) -> None:
    heeded = (certainty, course) in HEEDED
    patient = AllergyFactory(substance="latex", certainty=certainty, course=course).patient
    operation = world.booked(world.at(10), patient=patient)
    world.procedure.allergens = ["latex"]
    world.procedure.save()
    operation.refresh_from_db()
    assert ("Latex" in banner(patient)) is heeded
    (case,) = theatre_list(world.one, world.day, world.coordinator).cases
    assert (case.allergies == ["Latex"]) is heeded
    rules = {conflict.rule for conflict in find_conflicts(plan_for(operation, world.one, world.at(10)))}
    assert ("allergy" in rules) is heeded


def test_not_recorded_is_not_the_same_as_none_known() -> None:
    assert "Not recorded: ask" in banner(PatientFactory(allergy_status=AllergyStatus.NOT_RECORDED))
    assert "No known allergies" in banner(PatientFactory(allergy_status=AllergyStatus.NONE_KNOWN))


def test_a_substance_is_heeded_once_and_may_have_been_refuted_before() -> None:
    patient = AllergyFactory(substance="Latex", certainty="refuted").patient
    Allergy.objects.create(patient=patient, substance="latex")
    with pytest.raises(IntegrityError):
        Allergy.objects.create(patient=patient, substance="LATEX")


@pytest.mark.parametrize(
    ("accuracy", "words"),
    [("day", "05 May 1980"), ("month", "May 1980"), ("year", "1980"), ("estimated", "about 1980")],
)
def test_a_date_of_birth_says_no_more_than_is_known(accuracy: str, words: str) -> None:
    patient = PatientFactory(date_of_birth=date(1980, 5, 5), birth_accuracy=accuracy)
    assert patient.born == words
    assert patient.age_in_words.startswith("about") is (accuracy in {"year", "estimated"})
    assert f"<dd>{words}" in banner(patient)


def test_a_death_without_a_day() -> None:
    patient = PatientFactory(died=True)
    assert patient.is_deceased
    assert "Died</span>" in banner(patient)
