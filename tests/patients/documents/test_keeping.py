"""Documents are kept sealed, once, by whoever may; and withdrawn, never removed."""

import threading
from datetime import date, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.audit.models import Event
from accounts.encryption.cipher import DamagedTokenError
from accounts.encryption.pieces import PIECE_BYTES
from accounts.models import User
from patients.access import NotOnCareTeamError
from patients.documents.keeping import KnownDocumentError, Paper, add_document, keep, kinds_for, withdraw_document
from patients.models import Document, DocumentKind, DocumentPart, Patient, PatientBlock
from patients.rights.restricting import RestrictedError, restrict_processing
from tests.factories import OperationFactory, PatientFactory, SpecialtyFactory, StaffMemberFactory, UserFactory
from tests.patients.papers import bytes_of, keep_document, pdf, picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def nurse() -> User:
    return UserFactory(role="theatre_nurse")


@pytest.fixture
def patient() -> Patient:
    return PatientFactory()


def paper(**said: Any) -> Paper:
    return Paper(**{"kind": "consent", "content": pdf(), **said})


def stored(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {table}::text FROM {table}")
        return "\n".join(row for (row,) in cursor.fetchall())


def test_what_is_kept_comes_back_and_lies_sealed(nurse: User, patient: Patient) -> None:
    content = picture(size=(1400, 1400), quality=95)
    assert len(content) > PIECE_BYTES
    made = add_document(
        actor=nurse,
        patient_id=patient.pk,
        paper=paper(content=content, title=" Knee, left ", dated_on=date(2026, 5, 1)),
    )
    found = Document.objects.get()
    assert (made, found.title, found.dated_on, found.size) == (found, "Knee, left", date(2026, 5, 1), len(content))
    assert (found.content_type, found.uploaded_by, found.version) == ("image/jpeg", nurse, 1)
    assert found.parts.count() == -(-len(content) // PIECE_BYTES)
    assert bytes_of(found) == content
    assert content[1000:1020].hex() not in stored("patients_documentpart")
    for clear in ("Knee", found.content_key):
        assert clear not in stored("patients_document")


def test_the_record_of_changes_says_that_it_came_and_not_what_it_is(nurse: User, patient: Patient) -> None:
    document = add_document(actor=nurse, patient_id=patient.pk, paper=paper(title="Knee"))
    row = Event.objects.filter(table_name="patients_document", row_id=document.pk).latest("pk")
    assert row.action == "insert"
    assert {row.changed[name] for name in ("title", "content_key", "fingerprint")} == {"changed"}
    part = Event.objects.filter(table_name="patients_documentpart").latest("pk")
    assert part.changed["sealed"] == "changed"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"kind": "letter"}, "kind"),
        ({"content": b"MZ"}, "file"),
        ({"dated_on": timezone.localdate() + timedelta(days=1)}, "dated_on"),
        ({"dated_on": date(1066, 1, 1)}, "dated_on"),
    ],
)
def test_what_can_t_be_kept(said: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        paper(**said)
    assert list(refusal.value.message_dict) == [field]


def test_the_same_file_is_one_document(nurse: User, patient: Patient) -> None:
    content = pdf()
    first = add_document(actor=nurse, patient_id=patient.pk, paper=paper(content=content, title="Knee"))
    with pytest.raises(KnownDocumentError, match="in the record already, as “Knee”, added by Jo Marsh") as refusal:
        add_document(actor=nurse, patient_id=patient.pk, paper=paper(content=content, kind="other"))
    assert refusal.value.document == first
    assert Document.objects.count() == 1
    add_document(actor=nurse, patient_id=PatientFactory().pk, paper=paper(content=content))  # another patient's
    withdraw_document(actor=nurse, document_id=first.pk, reason="Blank form")
    again = add_document(actor=nurse, patient_id=patient.pk, paper=paper(content=content))
    assert again != first
    with pytest.raises(IntegrityError), transaction.atomic():
        Document.objects.filter(pk=first.pk).update(withdrawn_at=None, withdrawn_by=None)


@pytest.mark.django_db(transaction=True)
def test_two_who_send_the_same_file_at_once_make_one_document(nurse: User, patient: Patient) -> None:
    content, told = pdf(), []
    start = threading.Barrier(4)

    def send() -> None:
        try:
            start.wait()
            add_document(actor=nurse, patient_id=patient.pk, paper=paper(content=content))
            told.append("kept")
        except KnownDocumentError:
            told.append("known")
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["kept", "known", "known", "known"]
    assert (Document.objects.count(), DocumentPart.objects.count()) == (1, 1)


def test_nothing_is_left_of_a_document_whose_transaction_fails(nurse: User, patient: Patient) -> None:
    def fail_later() -> None:
        with transaction.atomic():
            keep(actor=nurse, patient_id=patient.pk, paper=paper())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_later()
    assert (Document.objects.count(), DocumentPart.objects.count()) == (0, 0)


def test_bytes_that_were_changed_are_not_given(nurse: User, patient: Patient) -> None:
    document = add_document(actor=nurse, patient_id=patient.pk, paper=paper())
    part = document.parts.get()
    DocumentPart.objects.update(sealed=bytes(part.sealed)[:-1] + b"\0")
    with pytest.raises(DamagedTokenError):
        bytes_of(document)
    other = add_document(actor=nurse, patient_id=patient.pk, paper=paper())
    DocumentPart.objects.filter(document=other).update(sealed=part.sealed)  # moved there
    with pytest.raises(DamagedTokenError):
        bytes_of(other)
    other.parts.all().delete()
    with pytest.raises(DamagedTokenError):
        bytes_of(other)


def test_under_a_new_key_the_same_document_is_opened(nurse: User, patient: Patient, settings: Any) -> None:
    content = pdf()
    document = add_document(actor=nurse, patient_id=patient.pk, paper=paper(content=content))
    sealed = bytes(document.parts.get().sealed)
    settings.FIELD_KEYS = ["new:bmV3LWtleS1mb3ItdGVzdHMtb24tb25lLW1hY2hpbmU=", *settings.FIELD_KEYS]
    said = StringIO()
    call_command("rotate_keys", stdout=said, verbosity=0)
    assert "patients_document content_key: 1 under new" in said.getvalue()
    settings.FIELD_KEYS = settings.FIELD_KEYS[:1]
    document = Document.objects.get()
    assert bytes_of(document) == content
    assert bytes(document.parts.get().sealed) == sealed  # the bytes themselves are not read


def test_one_that_was_entered_in_error_stays_and_says_so(nurse: User, patient: Patient) -> None:
    document = keep_document(patient)
    with pytest.raises(ValidationError, match="Say why"):
        withdraw_document(actor=nurse, document_id=document.pk, reason=" ")
    withdraw_document(actor=nurse, document_id=document.pk, reason="Another patient’s")
    withdraw_document(actor=nurse, document_id=document.pk, reason="Twice")
    found = Document.objects.get()
    assert (found.withdrawn_by, found.withdrawn_because, found.version) == (nurse, "Another patient’s", 2)
    assert (patient.documents.counting().count(), bytes_of(found) != b"") == (0, True)


RECORDS = ["coordinator", "surgeon", "anaesthetist", "theatre_nurse", "ward_nurse", "integration"]


@pytest.mark.parametrize("role", RECORDS)
def test_who_writes_in_records_keeps_every_kind(role: str) -> None:
    assert kinds_for(UserFactory(role=role)) == list(DocumentKind)


@pytest.mark.parametrize("role", ["manager", "privacy_officer", "administrator"])
def test_who_does_not_keeps_none(role: str, patient: Patient) -> None:
    user = UserFactory(role=role)
    assert kinds_for(user) == []
    with pytest.raises(PermissionDenied):
        add_document(actor=user, patient_id=patient.pk, paper=paper())
    with pytest.raises(PermissionDenied):
        withdraw_document(actor=user, document_id=keep_document(patient).pk, reason="-")
    assert Document.objects.counting().count() == 1


def test_a_clerk_keeps_letters_of_referral_only(patient: Patient) -> None:
    clerk = UserFactory(role="booking_clerk")
    letter = add_document(actor=clerk, patient_id=patient.pk, paper=paper(kind="referral"))
    withdraw_document(actor=clerk, document_id=letter.pk, reason="Of another patient")
    with pytest.raises(PermissionDenied, match="write in patients' records"):
        add_document(actor=clerk, patient_id=patient.pk, paper=paper(kind="ecg"))
    with pytest.raises(PermissionDenied):
        withdraw_document(actor=clerk, document_id=keep_document(patient).pk, reason="-")


def test_whose_record_is_closed_to_one_stays_closed(nurse: User, patient: Patient) -> None:
    document = keep_document(patient)
    OperationFactory(patient=patient)
    limited = UserFactory(role="theatre_nurse", role__specialties=[SpecialtyFactory()])
    blocked = UserFactory(role="theatre_nurse")
    PatientBlock.objects.create(patient=patient, user=blocked)
    for user in (limited, blocked):
        with pytest.raises(NotOnCareTeamError):
            add_document(actor=user, patient_id=patient.pk, paper=paper())
        with pytest.raises(NotOnCareTeamError):
            withdraw_document(actor=user, document_id=document.pk, reason="-")
    Patient.objects.update(confidential=True)
    with pytest.raises(NotOnCareTeamError):
        add_document(actor=nurse, patient_id=patient.pk, paper=paper())
    assert Document.objects.counting().get() == document


def test_a_restricted_record_takes_documents_from_those_who_treat(nurse: User, patient: Patient) -> None:
    officer, surgeon = UserFactory(role="privacy_officer"), UserFactory(role="surgeon")
    OperationFactory(patient=patient, lead_surgeon=StaffMemberFactory(user=surgeon))
    restrict_processing(actor=officer, patient_id=patient.pk, ground="claims", reason="Court")
    with pytest.raises(RestrictedError):
        add_document(actor=nurse, patient_id=patient.pk, paper=paper())
    add_document(actor=surgeon, patient_id=patient.pk, paper=paper())


def test_no_such_patient(nurse: User) -> None:
    with pytest.raises(ObjectDoesNotExist):
        add_document(actor=nurse, patient_id=99, paper=paper())
