"""Record what a patient said to an operation.

The plan does not change, so neither does the operation's version: nobody who is booking meanwhile is held up. Who
recorded what and when stands in the rows themselves, which are never changed but to say that one was an error.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from patients.documents.keeping import Paper, keep
from patients.models import Document
from patients.permissions import CHANGE_RECORD
from scheduling.models import ConsentAnswer, Operation, OperationConsent, Status
from scheduling.services.errors import InvalidPlanError, NotPossibleError
from scheduling.services.locking import command, demand_treating, lock_operation

OLDEST = timedelta(days=3 * 366)
"""A form that was signed longer ago is a typing error."""
CHANGED = "Procedure or side was changed meanwhile. Look at what the consent is for, then record it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What was said: ``procedure_id`` and ``side`` are what the form names, ``paper`` is a scan to be kept with it."""

    answer: str
    procedure_id: int
    side: str
    signed_on: date
    taken_by_id: int | None = None
    document_id: int | None = None
    paper: Paper | None = None
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse what can't be meant."""
        today = timezone.localdate()
        if self.answer not in ConsentAnswer.values or self.answer == ConsentAnswer.WITHDRAWN:
            raise InvalidPlanError("answer", "Choose what the patient said.")
        if self.signed_on > today:
            raise InvalidPlanError("signed_on", "This day is still to come.")
        if self.signed_on < today - OLDEST:
            raise InvalidPlanError("signed_on", "That is more than three years ago. Check the year.")
        if self.answer == ConsentAnswer.GIVEN and not self.taken_by_id:
            raise InvalidPlanError("taken_by", "Say who explained the operation.")
        if self.answer == ConsentAnswer.NOT_POSSIBLE and not self.note.strip():
            raise InvalidPlanError("note", "Say why the patient can’t be asked, and who decided.")


def record_consent(*, actor: User, operation_id: int, consent: Consent) -> OperationConsent:
    """Record what the patient said, with the signed form if there is one; it takes the place of what stood before.

    Raises :class:`NotPossibleError` for an operation that was cancelled, and where procedure or side are not what the
    form names any more; :class:`InvalidPlanError` for a form that is not one of this patient's.
    """
    authorise(actor, CHANGE_RECORD)
    with command():
        operation = _lock(actor, operation_id)
        if (operation.procedure_id, operation.side) != (consent.procedure_id, consent.side):
            raise NotPossibleError(CHANGED)
        _demand_newer(operation, consent)
        return OperationConsent.objects.create(
            operation=operation,
            answer=consent.answer,
            procedure_id=operation.procedure_id,
            side=operation.side,
            signed_on=consent.signed_on,
            taken_by_id=consent.taken_by_id,
            document=_form(actor, operation, consent),
            note=consent.note.strip(),
            recorded_by=actor,
        )


def _demand_newer(operation: Operation, consent: Consent) -> None:
    """Refuse a form that was signed before the patient refused, or withdrew what was given."""
    stands = standing(operation)
    if consent.answer != ConsentAnswer.GIVEN or stands is None or consent.signed_on >= stands.signed_on:
        return
    if stands.answer in (ConsentAnswer.REFUSED, ConsentAnswer.WITHDRAWN):
        said = ConsentAnswer(stands.answer).label.lower()
        raise NotPossibleError(
            f"Consent was {said} on {stands.signed_on:%d %b %Y}, after this form was signed. Ask anew."
        )


def withdraw_consent(*, actor: User, operation_id: int, reason: str) -> OperationConsent:
    """Record that the patient withdrew what was given, today."""
    authorise(actor, CHANGE_RECORD)
    with command():
        operation = _lock(actor, operation_id)
        stands = standing(operation)
        if stands is None or stands.answer != ConsentAnswer.GIVEN:
            raise NotPossibleError("There is no consent that could be withdrawn.")
        return OperationConsent.objects.create(
            operation=operation,
            answer=ConsentAnswer.WITHDRAWN,
            procedure_id=stands.procedure_id,
            side=stands.side,
            signed_on=timezone.localdate(),
            document_id=stands.document_id,
            note=reason.strip(),
            recorded_by=actor,
        )


def take_back_consent(*, actor: User, consent_id: int, reason: str) -> OperationConsent:
    """Say that an answer was entered in error: the one before stands again. Done twice it is done once."""
    authorise(actor, CHANGE_RECORD)
    if not reason.strip():
        raise InvalidPlanError("reason", "Say why, in a few words.")
    found = OperationConsent.objects.get(pk=consent_id)
    with command():
        _lock(actor, found.operation_id)
        consent = OperationConsent.objects.get(pk=consent_id)
        if consent.taken_back_at is None:
            consent.taken_back_by, consent.taken_back_at = actor, timezone.now()
            consent.taken_back_because = reason.strip()
            consent.save(update_fields=["taken_back_by", "taken_back_at", "taken_back_because"])
    return consent


def standing(operation: Operation) -> OperationConsent | None:
    """Return the answer that stands."""
    return OperationConsent.objects.filter(operation=operation, taken_back_at=None).first()


def _lock(actor: User, operation_id: int) -> Operation:
    operation = lock_operation(operation_id, actor=actor, capability=CHANGE_RECORD)
    demand_treating(actor, {operation.patient_id})
    if operation.status == Status.CANCELLED:
        raise NotPossibleError("This operation was cancelled; nothing is recorded for it any more.")
    return operation


def _form(actor: User, operation: Operation, consent: Consent) -> Document | None:
    """Return the signed form: kept now, or one of the patient's that is in the record already."""
    if consent.paper:
        return keep(actor=actor, patient_id=operation.patient_id, paper=consent.paper)[0]
    if consent.document_id is None:
        return None
    found = Document.objects.counting().filter(pk=consent.document_id, patient=operation.patient_id).first()
    if found is None:
        raise InvalidPlanError("document", "This form is not in the patient’s record any more.")
    return found
