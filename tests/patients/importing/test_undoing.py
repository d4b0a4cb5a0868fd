"""Taking a whole import back, but for patients of whom something was changed or used since."""

from typing import Any

import pytest
from auditlog.models import LogEntry
from django.core.exceptions import PermissionDenied, ValidationError

from patients.importing.undoing import undo_import
from patients.models import (
    Allergy,
    Condition,
    ImportChange,
    ImportedRecord,
    NextOfKin,
    Patient,
    PatientName,
)
from tests.factories import OperationFactory, PatientFactory, UserFactory
from tests.patients.importing.files import (
    allergy,
    bundle,
    concept,
    condition,
    counts,
    medicine,
    patient,
    procedure,
    run,
)

pytestmark = pytest.mark.django_db
WHOLE = bundle(patient(), allergy(), condition(), medicine(), procedure())


def newer(resource: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return resource | changed | {"meta": {"versionId": "2"}}


def test_a_new_patient_goes_with_everything_and_can_come_again(coordinator):
    done = run(coordinator, WHOLE)
    found = undo_import(actor=coordinator, run_id=done.pk)
    assert found.undo_report == {"done": 1, "kept": []}
    assert found.undone_by == coordinator
    for model in (Patient, Allergy, Condition, ImportedRecord, ImportChange):
        assert not model.objects.exists()
    assert LogEntry.objects.filter(content_type__model="patient", action=LogEntry.Action.DELETE).count() == 1
    assert counts(run(coordinator, WHOLE)) == (5, 0, 0, 0)


def test_a_patient_who_was_here_is_as_before(coordinator):
    here = PatientFactory(mrn="M1", family_name="Baker", given_name="Ann Mary", sex="unknown", date_of_birth=None)
    before = Patient.objects.filter(pk=here.pk).values().get()
    kin = {"name": {"family": "Baker", "given": ["Bo"]}}
    names = [{"use": "official", "family": "Baker", "given": ["Ann", "Mary"]}, {"use": "maiden", "family": "Cook"}]
    done = run(coordinator, bundle(patient(contact=[kin], name=names), allergy()))
    assert (Patient.objects.get().sex, NextOfKin.objects.count(), PatientName.objects.count()) == ("female", 1, 1)
    undo_import(actor=coordinator, run_id=done.pk)
    after = Patient.objects.filter(pk=here.pk).values().get()
    assert {k: v for k, v in after.items() if k != "version"} == {k: v for k, v in before.items() if k != "version"}
    assert (after["version"], Allergy.objects.count(), NextOfKin.objects.count()) == (3, 0, 0)
    assert not PatientName.objects.exists()
    assert not ImportedRecord.objects.exists()


def test_an_update_is_put_back_and_the_earlier_import_knows_it_again(coordinator):
    run(coordinator, bundle(patient(), condition()))
    second = run(coordinator, bundle(newer(patient(), gender="other"), newer(condition(), code=concept("1", "Other"))))
    undo_import(actor=coordinator, run_id=second.pk)
    assert (Condition.objects.get().text, Patient.objects.get().sex) == ("Asthma", "female")
    assert counts(run(coordinator, bundle(patient(), condition()))) == (0, 0, 2, 0)


def change_phone(ann: Patient) -> None:
    ann.phone = "1"
    ann.version += 1
    ann.save()


def change_name(ann: Patient) -> None:
    ann.given_name = "Anna"
    ann.save()


def change_allergy(ann: Patient) -> None:
    Allergy.objects.filter(patient=ann).update(reaction="rash", version=2)


def remove_condition(ann: Patient) -> None:
    ann.conditions.all().delete()


def add_condition(ann: Patient) -> None:
    Condition.objects.create(patient=ann, text="Gout")


def add_kin(ann: Patient) -> None:
    NextOfKin.objects.create(patient=ann, name="Bo")


def request_operation(ann: Patient) -> None:
    OperationFactory(patient=ann)


def import_again(ann: Patient) -> None:
    run(UserFactory(role="coordinator"), bundle(newer(patient(), gender="other")))


@pytest.mark.parametrize(
    ("use", "reason"),
    [
        (change_phone, "The patient was changed since."),
        (change_name, "The patient was changed since."),
        (change_allergy, "The allergy was changed since."),
        (remove_condition, "Something was removed since."),
        (add_condition, "Something was added since: conditions."),
        (add_kin, "Something was added since: next of kin."),
        (request_operation, "Something was added since: operations."),
        (import_again, "changed something since."),
    ],
)
def test_what_was_changed_or_used_since_stays_and_is_listed(coordinator, use, reason):
    done = run(coordinator, bundle(patient(), allergy(), condition(), patient("M2", "p2")))
    ann = Patient.objects.get(mrn="M1")
    use(ann)
    found = undo_import(actor=coordinator, run_id=done.pk)
    assert found.undo_report["done"] == 1
    ((kept,)) = found.undo_report["kept"]
    assert kept["patient"] == ann.pk
    assert any(reason in one for one in kept["reasons"])
    assert list(Patient.objects.all()) == [ann]


def test_it_can_be_repeated_once_nothing_is_in_the_way(coordinator):
    done = run(coordinator, WHOLE)
    gout = Condition.objects.create(patient=Patient.objects.get(), text="Gout")
    undo_import(actor=coordinator, run_id=done.pk)
    gout.delete()
    found = undo_import(actor=coordinator, run_id=done.pk)
    assert found.undo_report == {"done": 1, "kept": []}
    with pytest.raises(ValidationError, match="undone already"):
        undo_import(actor=coordinator, run_id=done.pk)


def test_a_dry_run_can_not_be_undone(coordinator):
    tried = run(coordinator, WHOLE, dry_run=True)
    with pytest.raises(ValidationError, match="was no dry run"):
        undo_import(actor=coordinator, run_id=tried.pk)


def test_others_may_not(coordinator):
    done = run(coordinator, WHOLE)
    with pytest.raises(PermissionDenied):
        undo_import(actor=UserFactory(role="booking_clerk"), run_id=done.pk)
