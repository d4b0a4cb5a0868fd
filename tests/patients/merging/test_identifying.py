"""An unknown emergency patient gets a name; the number they came with goes on finding them."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.permissions import NotAllowedError
from patients.access import NotOnCareTeamError
from patients.merging.errors import MergeRefusedError, StaleRecordError
from patients.merging.identifying import KNOWN, identify_patient
from patients.models import Patient, PatientBlock
from patients.selectors import find_patients, patient_numbered
from patients.services import add_unknown_patient
from tests.factories import OperationFactory, PatientFactory, UserFactory

pytestmark = pytest.mark.django_db
WHO = {"mrn": "A100", "family_name": "Ito", "given_name": "Ken", "date_of_birth": date(1990, 1, 2), "sex": "male"}


@pytest.fixture
def unknown(clerk: User) -> Patient:
    return add_unknown_patient(actor=clerk, sex="male")


def test_the_name_is_given_and_both_numbers_find_the_patient(clerk: User, unknown: Patient) -> None:
    operation, came_as = OperationFactory(patient=unknown), unknown.mrn
    assert unknown.provisional

    patient = identify_patient(actor=clerk, patient_id=unknown.pk, version=1, values=WHO)

    assert (patient.display_name, patient.mrn, patient.provisional, patient.version) == ("ITO, Ken", "A100", False, 2)
    assert (patient_numbered(came_as), patient_numbered("a100")) == (patient, patient)
    assert list(find_patients(came_as, clerk)) == [patient]
    assert list(patient.operations.all()) == [operation]


def test_refusals_in_words(clerk: User, unknown: Patient) -> None:
    PatientFactory(mrn="TAKEN", national_number="1")
    for values, field in (
        ({**WHO, "mrn": "TAKEN"}, "mrn"),
        ({**WHO, "mrn": unknown.mrn}, "mrn"),
        ({**WHO, "national_number": "1"}, "national_number"),
    ):
        with pytest.raises(ValidationError) as wrong:
            identify_patient(actor=clerk, patient_id=unknown.pk, version=1, values=values)
        assert list(wrong.value.message_dict) == [field]
    with pytest.raises(StaleRecordError):
        identify_patient(actor=clerk, patient_id=unknown.pk, version=2, values=WHO)
    identify_patient(actor=clerk, patient_id=unknown.pk, version=1, values=WHO)
    with pytest.raises(MergeRefusedError, match=KNOWN):
        identify_patient(actor=clerk, patient_id=unknown.pk, version=2, values=WHO)


def test_who_may(clerk: User, unknown: Patient) -> None:
    with pytest.raises(NotAllowedError):
        identify_patient(actor=UserFactory(role="surgeon"), patient_id=unknown.pk, version=1, values=WHO)
    PatientBlock.objects.create(patient=unknown, user=clerk)
    with pytest.raises(NotOnCareTeamError):
        identify_patient(actor=clerk, patient_id=unknown.pk, version=1, values=WHO)
