"""After an erasure nothing in the whole database says who the patient was."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.audit import role
from accounts.encryption.fields import encrypted_fields
from accounts.models import SignInFailure, User
from patients.models import Allergy, Document, DocumentPart, Patient
from patients.rights.erasing import ask_erasure, erase_due, erase_ordered, erase_risen, withdraw_erasure
from patients.rights.models import Erasure, LegalHold
from patients.rights.restricting import hold_record, restrict_processing
from patients.rights.retention import KINDS, delete_old
from scheduling.integrity import find_breaches
from scheduling.models import Operation
from scheduling.services import NotPossibleError, Request, request_operation
from tests.accounts.audit.conftest import empty
from tests.factories import OperationFactory, PatientFactory, PriorityFactory, ProcedureFactory, UserFactory
from tests.patients.rights.whole_patient import MARK, whole_patient

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, settings: Any) -> None:
    settings.ERASURES_FILE = str(tmp_path / "kept" / "erasures.jsonl")
    empty()


@pytest.fixture
def officer(db: None) -> User:
    return UserFactory(role="privacy_officer")


def whole_database() -> dict[str, str]:
    """Return every row of every table as one text, encrypted columns in clear beside them."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT string_agg(row::text, chr(10)) FROM "{table}" AS row')
            found[table] = cursor.fetchone()[0] or ""
    for model in apps.get_models():
        for field in encrypted_fields(model):
            values = model._base_manager.values_list(field.name, flat=True)
            found[f"{model._meta.label} {field.name}"] = json.dumps(list(values), default=str)
    return found


def places_with(mark: str) -> list[str]:
    return sorted(place for place, text in whole_database().items() if mark.lower() in text.lower())


def test_nothing_is_left_of_whom_it_was(officer: User) -> None:
    patient = whole_patient()
    patient.family_name = f"{MARK}-married"
    patient.save()
    Allergy.objects.create(patient=patient, substance=f"{MARK}-latex").delete()
    assert "audit_event" not in places_with(MARK)
    assert {"auditlog_logentry", "patients_patient", "scheduling.Operation notes"} <= set(places_with(MARK))
    born = str(patient.date_of_birth)

    assert ask_erasure(actor=officer, patient_id=patient.pk).state == "ordered"
    (done,) = erase_ordered()

    assert (done.state, places_with(MARK), places_with(born)) == ("done", [], [])
    assert (Document.objects.count(), DocumentPart.objects.count()) == (0, 0)
    patient.refresh_from_db()
    assert (patient.mrn, patient.family_name, patient.date_of_birth) == (f"ERASED-{patient.pk}", "Erased", None)
    operation = Operation.objects.get()
    assert (operation.status, operation.notes, operation.patient_id) == ("completed", "", patient.pk)
    assert find_breaches() == []


def test_nothing_is_planned_with_an_erased_record(officer: User) -> None:
    coordinator = UserFactory(role="coordinator")
    patient = PatientFactory()
    ask_erasure(actor=officer, patient_id=patient.pk)
    list(erase_ordered())
    with pytest.raises(NotPossibleError, match="register them anew"):
        request_operation(
            actor=coordinator,
            request=Request(patient=patient, procedure=ProcedureFactory(), priority=PriorityFactory()),
        )


def test_another_patient_keeps_everything(officer: User) -> None:
    patient, other = whole_patient(), PatientFactory(family_name="Zebrowska", phone="1234")
    Allergy.objects.create(patient=other, substance="Latex")
    OperationFactory(patient=other, notes="Long table")
    before = LogEntry.objects.filter(object_id=other.pk, content_type__model="patient").count()
    ask_erasure(actor=officer, patient_id=patient.pk)
    list(erase_ordered())
    other.refresh_from_db()
    assert (other.family_name, other.phone, other.allergies.count()) == ("Zebrowska", "1234", 1)
    assert other.operations.get().notes == "Long table"
    assert LogEntry.objects.filter(object_id=other.pk, content_type__model="patient").count() == before == 1


def test_a_restored_record_is_erased_again_and_nobody_elses(officer: User) -> None:
    patient = whole_patient()
    before = Patient.objects.filter(pk=patient.pk).values("mrn", "family_name", "phone").get()
    ask_erasure(actor=officer, patient_id=patient.pk)
    list(erase_ordered())
    # As a backup of before brings it back: the row as it was, and no word of the erasure.
    Erasure.objects.all().delete()
    Patient.objects.filter(pk=patient.pk).update(**before)
    stranger = PatientFactory(family_name="Newcomer")

    assert erase_risen() == 1
    assert (erase_risen(), places_with(MARK)) == (0, [])
    stranger.refresh_from_db()
    assert stranger.family_name == "Newcomer"
    assert Erasure.objects.get().ground == "restored"


def test_a_refusal_names_each_rule_and_until_when(officer: User) -> None:
    patient = whole_patient(years_ago=2)
    hold_record(actor=officer, patient_id=patient.pk, reason="Claim 7", until=timezone.localdate() + timedelta(days=9))
    restrict_processing(actor=officer, patient_id=patient.pk, ground="claims", reason="Claim 7")
    refused = ask_erasure(actor=officer, patient_id=patient.pk)
    assert refused.state == "refused"
    for words in (
        "A legal hold is on the record until ",
        "Processing is restricted until it is lifted",
        "The record is kept for 10 years, until ",
    ):
        assert words in refused.refusal
    OperationFactory(patient=patient)
    assert "An operation is to come." in ask_erasure(actor=officer, patient_id=patient.pk).refusal
    assert list(erase_ordered()) == []
    assert "patients_patient" in places_with(MARK)


def test_a_child_is_kept_until_grown_up(officer: User) -> None:
    patient = whole_patient()
    born = timezone.localdate().replace(day=1) - timedelta(days=365 * 22)
    Patient.objects.filter(pk=patient.pk).update(date_of_birth=born, deceased_on=None)
    assert "The record of a child is kept until" in ask_erasure(actor=officer, patient_id=patient.pk).refusal


def test_a_hold_that_came_after_the_order_stops_it(officer: User) -> None:
    patient = whole_patient()
    order = ask_erasure(actor=officer, patient_id=patient.pk)
    with pytest.raises(ValidationError, match="ordered already"):
        ask_erasure(actor=officer, patient_id=patient.pk)
    LegalHold.objects.create(patient=patient, reason="-", placed_by=officer)
    (refused,) = erase_ordered()
    assert (refused.pk, refused.state) == (order.pk, "refused")


def test_an_order_can_be_withdrawn(officer: User) -> None:
    patient = whole_patient()
    ask_erasure(actor=officer, patient_id=patient.pk)
    withdraw_erasure(actor=officer, patient_id=patient.pk)
    assert list(erase_ordered()) == []
    assert Erasure.objects.latest("pk").refusal == "Withdrawn before it was carried out."


@pytest.mark.parametrize("role", ["coordinator", "surgeon", "administrator", "manager"])
def test_other_roles_order_none(role: str) -> None:
    with pytest.raises(PermissionDenied):
        ask_erasure(actor=UserFactory(role=role), patient_id=PatientFactory().pk)


def test_what_is_due_is_erased_and_what_is_not_stays() -> None:
    old, young = whole_patient(), PatientFactory(family_name="Young")
    OperationFactory(patient=young)
    assert [list(erase_due(1)), list(erase_due(1))] == [[1], []]
    assert set(Patient.objects.filter(erasures__state="done")) == {old}


def test_the_command_changes_nothing_unless_told(officer: User, capsys: Any) -> None:
    patient = whole_patient()
    call_command("apply_retention", verbosity=0)
    said = capsys.readouterr().out
    assert "Patient’s record, after the last operation: 1" in said
    assert "Nothing was changed" in said
    assert Patient.objects.get(pk=patient.pk).family_name == patient.family_name
    call_command("apply_retention", "--yes", verbosity=0)
    assert "1 records erased" in capsys.readouterr().out
    assert places_with(MARK) == []


def test_the_role_of_the_pages_can_order_but_not_erase(officer: User) -> None:
    patient = whole_patient()
    role.prepare()
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role.ROLE}")
    try:
        ask_erasure(actor=officer, patient_id=patient.pk)
        with pytest.raises(CommandError, match="owner of the tables"):
            call_command("apply_retention", "--yes", verbosity=0)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
    assert Erasure.objects.filter(state="ordered").count() == 1
    assert Patient.objects.get(pk=patient.pk).family_name == patient.family_name


def test_a_damaged_file_of_tombstones_stops_it(settings: Any) -> None:
    Path(settings.ERASURES_FILE).parent.mkdir()
    Path(settings.ERASURES_FILE).write_text("no tombstone\n")
    with pytest.raises(CommandError, match=r"Line 1 of erasures\.jsonl is no tombstone"):
        call_command("apply_retention", "--yes", verbosity=0)


def test_other_kinds_go_when_their_time_is_over() -> None:
    now = timezone.now()
    for days in (1, 400, 800):
        SignInFailure.objects.create(at=now - timedelta(days=days))
    kind = next(kind for kind in KINDS if kind.code == "sign_in_failure")
    assert list(delete_old(kind, now, 1)) == [1, 1]
    assert SignInFailure.objects.count() == 1
