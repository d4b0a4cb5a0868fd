"""What a patient said to an operation, and what of it stands."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from patients.access import NotOnCareTeamError
from patients.documents.keeping import Paper, withdraw_document
from patients.models import Document
from scheduling.models import Operation, OperationConsent, Status
from scheduling.selectors.consent import ConsentProblem, consent_state
from scheduling.services import (
    Consent,
    InvalidPlanError,
    NotPossibleError,
    record_consent,
    take_back_consent,
    withdraw_consent,
)
from tests.factories import (
    OperationConsentFactory,
    OperationFactory,
    PatientFactory,
    ProcedureFactory,
    SpecialtyFactory,
    StaffMemberFactory,
    UserFactory,
)
from tests.patients.papers import bytes_of, keep_document, pdf

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


@pytest.fixture
def nurse() -> User:
    return UserFactory(role="theatre_nurse")


@pytest.fixture
def operation() -> Operation:
    return OperationFactory(side="left", lead_surgeon=StaffMemberFactory())


def said(operation: Operation, **more: Any) -> Consent:
    fields = {
        "answer": "given",
        "procedure_id": operation.procedure_id,
        "side": operation.side,
        "signed_on": TODAY,
        "taken_by_id": operation.lead_surgeon_id,
    }
    return Consent(**fields | more)


def problem(operation: Operation) -> str | None:
    operation = Operation.objects.select_related("procedure").get(pk=operation.pk)
    return consent_state([operation])[operation.pk].problem


def words(operation: Operation) -> str:
    operation = Operation.objects.select_related("procedure").get(pk=operation.pk)
    return consent_state([operation])[operation.pk].words


def test_consent_with_its_form_in_one_go(nurse: User, operation: Operation) -> None:
    assert (problem(operation), words(operation)) == (ConsentProblem.MISSING, "No consent on record")
    content = pdf()
    consent = record_consent(
        actor=nurse,
        operation_id=operation.pk,
        consent=said(operation, paper=Paper(kind="consent", content=content), note="Signed by her mother"),
    )
    assert (problem(operation), words(operation)) == (None, "")
    assert (consent.document.kind, consent.document.patient_id) == ("consent", operation.patient_id)
    assert bytes_of(consent.document) == content
    assert (consent.recorded_by, consent.side, consent.note) == (nurse, "left", "Signed by her mother")
    operation.refresh_from_db()
    assert operation.version == 1  # nobody who books meanwhile is held up


def test_a_form_of_the_record_and_one_that_is_there_already(nurse: User, operation: Operation) -> None:
    content = pdf()
    kept = keep_document(operation.patient, content=content)
    first = record_consent(actor=nurse, operation_id=operation.pk, consent=said(operation, document_id=kept.pk))
    again = record_consent(
        actor=nurse,
        operation_id=operation.pk,
        consent=said(operation, paper=Paper(kind="consent", content=content)),
    )
    assert (first.document, again.document, Document.objects.count()) == (kept, kept, 1)


def test_another_patient_s_form_is_refused(nurse: User, operation: Operation) -> None:
    wrong = keep_document(PatientFactory())
    gone = keep_document(operation.patient)
    withdraw_document(actor=nurse, document_id=gone.pk, reason="Blurred")
    for document in (wrong, gone):
        with pytest.raises(InvalidPlanError, match="not in the patient’s record"):
            record_consent(actor=nurse, operation_id=operation.pk, consent=said(operation, document_id=document.pk))
    assert OperationConsent.objects.count() == 0


def test_nothing_is_kept_of_a_form_whose_consent_is_refused(nurse: User, operation: Operation) -> None:
    with pytest.raises(NotPossibleError, match="changed meanwhile"):
        record_consent(
            actor=nurse,
            operation_id=operation.pk,
            consent=said(operation, side="right", paper=Paper(kind="consent", content=pdf())),
        )
    Operation.objects.update(status=Status.CANCELLED)
    with pytest.raises(NotPossibleError, match="was cancelled"):
        record_consent(
            actor=nurse, operation_id=operation.pk, consent=said(operation, paper=Paper(kind="consent", content=pdf()))
        )
    assert (Document.objects.count(), OperationConsent.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"answer": "perhaps"}, "answer"),
        ({"answer": "withdrawn"}, "answer"),
        ({"signed_on": TODAY + timedelta(days=1)}, "signed_on"),
        ({"signed_on": TODAY - timedelta(days=4 * 365)}, "signed_on"),
        ({"taken_by_id": None}, "taken_by"),
        ({"answer": "not_possible", "note": " "}, "note"),
    ],
)
def test_what_can_t_be_meant(operation: Operation, more: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidPlanError) as refusal:
        said(operation, **more)
    assert refusal.value.field == field


def test_what_is_no_document_is_refused_before_anything_is_written() -> None:
    with pytest.raises(ValidationError):
        Paper(kind="consent", content=b"MZ")


def test_the_newest_answer_stands(nurse: User, operation: Operation) -> None:
    def record(answer: str, **more: Any) -> OperationConsent:
        return record_consent(actor=nurse, operation_id=operation.pk, consent=said(operation, answer=answer, **more))

    record("refused", taken_by_id=None)
    assert words(operation) == "The patient refused"
    record("given")
    assert problem(operation) is None
    withdraw_consent(actor=nurse, operation_id=operation.pk, reason="Wants to wait")
    assert words(operation) == "The patient withdrew consent"
    with pytest.raises(NotPossibleError, match="no consent that could be withdrawn"):
        withdraw_consent(actor=nurse, operation_id=operation.pk, reason="")
    record("not_possible", note="Unconscious; decided by two surgeons")
    assert problem(operation) is None


def test_one_entered_in_error_does_not_count_and_what_was_before_does(nurse: User, operation: Operation) -> None:
    given = record_consent(actor=nurse, operation_id=operation.pk, consent=said(operation))
    wrong = withdraw_consent(actor=nurse, operation_id=operation.pk, reason="")
    with pytest.raises(InvalidPlanError, match="Say why"):
        take_back_consent(actor=nurse, consent_id=wrong.pk, reason=" ")
    take_back_consent(actor=nurse, consent_id=wrong.pk, reason="The patient next door")
    assert problem(operation) is None
    take_back_consent(actor=nurse, consent_id=given.pk, reason="Wrong case")
    assert problem(operation) == ConsentProblem.MISSING
    assert OperationConsent.objects.count() == 2


def test_consent_to_something_else(nurse: User, operation: Operation) -> None:
    form = keep_document(operation.patient)
    OperationConsentFactory(operation=operation, document=form)
    Operation.objects.update(side="right")
    assert words(operation) == "Consent is for another side: left"
    Operation.objects.update(procedure=ProcedureFactory())
    assert words(operation) == f"Consent is for another procedure: {operation.procedure_with_side}"
    Operation.objects.update(procedure=operation.procedure, side="left")
    assert problem(operation) is None
    withdraw_document(actor=nurse, document_id=form.pk, reason="Another patient’s")
    assert words(operation) == "The signed form was entered in error"


@pytest.mark.parametrize("role", ["booking_clerk", "manager", "privacy_officer", "administrator"])
def test_who_does_not_write_in_records_records_none(role: str, operation: Operation) -> None:
    user, consent = UserFactory(role=role), OperationConsentFactory(operation=operation)
    with pytest.raises(PermissionDenied):
        record_consent(actor=user, operation_id=operation.pk, consent=said(operation))
    with pytest.raises(PermissionDenied):
        withdraw_consent(actor=user, operation_id=operation.pk, reason="-")
    with pytest.raises(PermissionDenied):
        take_back_consent(actor=user, consent_id=consent.pk, reason="-")
    assert problem(operation) is None


def test_closed_operations_stay_closed(operation: Operation) -> None:
    consent = OperationConsentFactory(operation=operation)
    limited = UserFactory(role="theatre_nurse", role__specialties=[SpecialtyFactory()])
    with pytest.raises(NotOnCareTeamError):
        record_consent(actor=limited, operation_id=operation.pk, consent=said(operation))
    with pytest.raises(NotOnCareTeamError):
        withdraw_consent(actor=limited, operation_id=operation.pk, reason="-")
    with pytest.raises(NotOnCareTeamError):
        take_back_consent(actor=limited, consent_id=consent.pk, reason="-")


def test_as_many_queries_for_three_as_for_one(nurse: User) -> None:
    for count in (1, 3):
        for _ in range(count):
            case = OperationFactory(lead_surgeon=StaffMemberFactory())
            OperationConsentFactory(operation=case, document=keep_document(case.patient))
        operations = list(Operation.objects.with_facts())
        with CaptureQueriesContext(connection) as queries:
            states = consent_state(operations)
            assert [str(state.consent.document.kind) for state in states.values()] == ["consent"] * len(operations)
            assert [state.consent.procedure_with_side for state in states.values()]
        assert len(queries) == 1
