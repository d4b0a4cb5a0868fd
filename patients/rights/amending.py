"""Wishes that a record be corrected: what was asked, and what was decided."""

from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from patients.rights.models import Amendment, AmendmentDecision, AskedBy
from patients.rights.restricting import lock_patient

NO_WISH = "Say what shall be corrected."
FUTURE = "The patient can't have asked in the future."
NO_DENIAL = "Say why it is denied: the patient has a right to know."
NO_STATEMENT = "A statement answers a denial. Leave it out, or deny."
DECIDED = "This was decided already. Look at it again."


def ask_amendment(
    *, actor: User, patient_id: int, wish: str, asked_by: str = AskedBy.PATIENT, asked_on: date | None = None
) -> Amendment:
    """Note a wish. Raises :class:`~django.core.exceptions.ValidationError` by field."""
    asked = asked_on or timezone.localdate()
    if not wish.strip():
        raise ValidationError({"wish": NO_WISH})
    if asked > timezone.localdate():
        raise ValidationError({"asked_on": FUTURE})
    with transaction.atomic(durable=True):
        patient = lock_patient(actor, patient_id)
        return Amendment.objects.create(
            patient=patient, wish=wish.strip(), asked_by=asked_by, asked_on=asked, received_by=actor
        )


def decide_amendment(
    *, actor: User, amendment: Amendment, decision: str, reason: str = "", statement: str = ""
) -> Amendment:
    """Accept or deny a wish, once. The record itself is corrected by those who may change it."""
    if decision not in {AmendmentDecision.ACCEPTED, AmendmentDecision.DENIED}:
        raise ValidationError({"decision": "Choose a decision."})
    denied = decision == AmendmentDecision.DENIED
    if denied and not reason.strip():
        raise ValidationError({"reason": NO_DENIAL})
    if statement.strip() and not denied:
        raise ValidationError({"statement": NO_STATEMENT})
    with transaction.atomic(durable=True):
        lock_patient(actor, amendment.patient_id)
        amendment.refresh_from_db()
        if amendment.decision:
            raise ValidationError(DECIDED)
        amendment.decision, amendment.reason, amendment.statement = decision, reason.strip(), statement.strip()
        amendment.decided_by, amendment.decided_at = actor, timezone.now()
        amendment.save(update_fields=["decision", "reason", "statement", "decided_by", "decided_at"])
    return amendment
