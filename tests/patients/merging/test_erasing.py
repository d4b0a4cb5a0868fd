"""What was merged goes with the record that it was merged into, and a restored backup brings neither back."""

import pytest

from patients.models import Patient
from patients.rights.erasing import ask_erasure, erase_ordered
from patients.rights.retention import due_records
from patients.rights.tombstones import risen, tombstones
from tests.factories import PatientFactory, UserFactory
from tests.patients.merging.conftest import Merge
from tests.patients.rights.test_erasing import places_with
from tests.patients.rights.whole_patient import MARK, marked, whole_patient

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def erasures_file(settings, tmp_path) -> None:
    settings.ERASURES_FILE = tmp_path / "erasures.jsonl"


def test_the_merged_record_is_erased_with_the_survivor(join: Merge) -> None:
    patient = whole_patient()
    other = PatientFactory(mrn=marked("second").upper(), family_name=marked("second"), date_of_birth=None)
    tokens = {patient.token, other.token}
    join(patient, other)
    assert patient.pk in set(due_records_of())
    assert other.pk not in set(due_records_of())

    officer = UserFactory(role="privacy_officer")
    ask_erasure(actor=officer, patient_id=patient.pk)
    (done,) = erase_ordered()

    assert (done.state, places_with(MARK)) == ("done", [])
    other.refresh_from_db()
    assert (other.mrn, other.family_name) == (f"ERASED-{other.pk}", "Erased")
    assert set(tombstones()) == tokens
    assert not risen().exists()


def test_a_backup_from_before_the_merge_brings_back_neither(join: Merge) -> None:
    patient, other = whole_patient(), PatientFactory()
    join(patient, other)
    ask_erasure(actor=UserFactory(role="privacy_officer"), patient_id=patient.pk)
    list(erase_ordered())
    Patient.objects.filter(pk=other.pk).update(merged_into=None, family_name="Back")
    assert list(risen()) == [other]


def due_records_of() -> list[int]:
    from django.utils import timezone

    return list(due_records(timezone.now()).values_list("pk", flat=True))
