"""The cards of the patient's own details."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from patients.models import ContactConsent, Patient, PatientName, RecordChange
from patients.record.details import change_details
from patients.record.errors import StaleError
from patients.record.parts import DETAIL_PARTS
from tests.factories import PatientFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)
IDENTITY, CONTACT, GP = (DETAIL_PARTS[name] for name in ("identity", "contact", "gp"))


@pytest.fixture
def clerk(transactional_db: None) -> User:
    return UserFactory(role="booking_clerk")


@pytest.fixture
def patient(transactional_db: None) -> Patient:
    return PatientFactory(family_name="Baker", given_name="Ann", phone="0123456")


def change(actor: User, patient: Patient, part: Any, *, shown: Any = None, **values: Any) -> Patient:
    return change_details(
        actor=actor,
        patient_id=patient.pk,
        part=part,
        shown=part.texts(patient) if shown is None else shown,
        values=part.read(patient) | values,
    )


def test_a_new_name_keeps_the_old_one(clerk: User, patient: Patient) -> None:
    change(clerk, patient, IDENTITY, family_name="Cook")
    patient.refresh_from_db()
    assert (patient.family_name, patient.version) == ("Cook", 2)
    former = PatientName.objects.get()
    assert (former.family_name, former.given_name, former.use, former.recorded_by) == ("Baker", "Ann", "former", clerk)
    assert RecordChange.objects.get().values == {"family_name": ["Baker", "Cook"]}


def test_a_misspelt_name_is_corrected_without_a_trace_among_the_names(clerk: User, patient: Patient) -> None:
    change(clerk, patient, IDENTITY, family_name="Barker", misspelt=True)
    assert not PatientName.objects.exists()
    assert RecordChange.objects.get().values == {"family_name": ["Baker", "Barker"]}


def test_two_people_on_two_cards_are_not_in_each_others_way(clerk: User, patient: Patient) -> None:
    shown = GP.texts(patient)
    change(clerk, patient, CONTACT, phone="0777777")
    change(clerk, patient, GP, shown=shown, gp_name="Dr Who")
    patient.refresh_from_db()
    assert (patient.phone, patient.gp_name) == ("0777777", "Dr Who")


def test_two_people_on_one_card_are(clerk: User, patient: Patient) -> None:
    shown = CONTACT.texts(patient)
    change(clerk, patient, CONTACT, phone="0777777")
    with pytest.raises(StaleError) as refused:
        change(clerk, patient, CONTACT, shown=shown, email="ann@example.org")
    assert refused.value.now["phone"] == "0777777"


def test_consent_is_asked_for_by_channel(clerk: User, patient: Patient) -> None:
    change(clerk, patient, CONTACT, by_sms="true", by_post="false")
    given = dict(ContactConsent.objects.values_list("channel", "given"))
    assert given == {"sms": True, "post": False}
    assert RecordChange.objects.get().values == {"by_sms": ["", "true"], "by_post": ["", "false"]}
    patient.refresh_from_db()
    change(clerk, patient, CONTACT, by_sms="false", by_post="")
    assert dict(ContactConsent.objects.values_list("channel", "given")) == {"sms": False}


def test_a_national_number_is_one_patients(clerk: User, patient: Patient) -> None:
    PatientFactory(national_number="943 476 5919")
    with pytest.raises(ValidationError, match="Another patient has this national number"):
        change(clerk, patient, IDENTITY, national_number="9434765919")


def test_nobody_dies_before_being_born(clerk: User, patient: Patient) -> None:
    with pytest.raises(ValidationError, match="before the date of birth"):
        change(clerk, patient, IDENTITY, deceased_on=date(1960, 1, 1))
