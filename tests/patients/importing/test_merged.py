"""What other systems still say of two records that were merged here."""

from typing import Any

import pytest

from patients.merging.merging import merge
from patients.models import Allergy, Patient
from tests.patients.importing.files import allergy, bundle, condition, counts, patient, run, said

pytestmark = pytest.mark.django_db
TWO = bundle(
    patient("M1", "p1"),
    allergy("a1"),
    patient("M2", "p2"),
    allergy("a2", "Nickel", whose="Patient/p2"),
    condition("c2", whose="Patient/p2"),
)


@pytest.fixture
def survivor(coordinator: Any) -> Patient:
    """Import two records of one person, and merge the second into the first."""
    run(coordinator, TWO)
    first, second = Patient.objects.order_by("mrn")
    versions = {first.pk: first.version, second.pk: second.version}
    merge(
        actor=coordinator,
        survivor_id=first.pk,
        duplicate_id=second.pk,
        versions=versions,
        choices={},
        reason="Same birth date and name.",
    )
    return first


def test_the_same_files_change_nothing(coordinator, survivor):
    found = run(coordinator, TWO)
    assert (counts(found), said(found)) == ((0, 0, 5, 0), [])
    assert Patient.objects.count() == 2
    assert {a.patient_id for a in Allergy.objects.all()} == {survivor.pk}


def test_what_is_new_goes_to_the_record_that_is_left(coordinator, survivor):
    more = allergy("a3", "Iodine", whose="Patient/p2")
    newer = condition("c2", "Gout", whose="Patient/p2", meta={"versionId": "2"})
    assert counts(run(coordinator, bundle(patient("M2", "p2"), more, newer))) == (1, 1, 1, 0)
    assert {a.substance for a in survivor.allergies.all()} == {"Latex", "Nickel", "Iodine"}
    assert survivor.conditions.get().text == "Gout"
