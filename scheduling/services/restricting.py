"""Who may not see a patient's record: confidential records, and colleagues whom the patient keeps away."""

from datetime import date

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from patients.models import Patient, PatientBlock, Restriction, RestrictionVerb
from patients.permissions import RESTRICT
from scheduling.access import ELSEWHERE, patients_restricted_by

NO_REASON = "Say why, in a few words."
NOT_ONESELF = "Nobody keeps themselves away or lets themselves in. Ask a colleague."


def mark_confidential(*, actor: User, patient_id: int, confidential: bool, reason: str) -> Patient:
    """Mask the patient in lists, or show the name again. What is so already stays as it is.

    Raises :class:`~django.core.exceptions.ValidationError` without a reason.
    """
    with transaction.atomic(durable=True):
        patient = _lock(actor, patient_id, reason)
        if patient.confidential != confidential:
            patient.confidential = confidential
            patient.save(update_fields=["confidential"])
            verb = RestrictionVerb.CONFIDENTIAL if confidential else RestrictionVerb.NOT_CONFIDENTIAL
            _note(actor, patient, verb, reason)
    return patient


def block_colleague(
    *, actor: User, patient_id: int, user_id: int, reason: str, requested_on: date | None = None
) -> PatientBlock:
    """Keep a colleague away from a record because the patient asks for it. No operation changes by it.

    Raises :class:`~django.core.exceptions.ValidationError` by field for what can't be.
    """
    asked = requested_on or timezone.localdate()
    with transaction.atomic(durable=True):
        patient = _lock(actor, patient_id, reason)
        colleague = User.objects.filter(pk=user_id, is_active=True).first()
        if colleague is None:
            raise ValidationError({"user": "Choose a colleague."})
        if colleague == actor:
            raise ValidationError({"user": NOT_ONESELF})
        if asked > timezone.localdate():
            raise ValidationError({"requested_on": "The patient can't have asked in the future."})
        if PatientBlock.objects.filter(patient=patient, user=colleague).exists():
            raise ValidationError({"user": "This colleague is kept away already."})
        block = PatientBlock.objects.create(patient=patient, user=colleague, requested_on=asked, note=reason.strip())
        _note(actor, patient, RestrictionVerb.BLOCKED, reason, colleague)
    return block


def lift_block(*, actor: User, patient_id: int, user_id: int, reason: str) -> None:
    """Let a colleague see the record again, as far as roles and the care team let them."""
    with transaction.atomic(durable=True):
        patient = _lock(actor, patient_id, reason)
        block = PatientBlock.objects.filter(patient=patient, user=user_id).select_related("user").first()
        if block is None:
            raise ValidationError({"reason": "This colleague is not kept away any more."})
        block.delete()
        _note(actor, patient, RestrictionVerb.LIFTED, reason, block.user)


def demand_restricting(actor: User, patient_id: int) -> Patient:
    """Return the patient if ``actor`` may say who sees them.

    Raises :class:`PermissionDenied` beyond the actor's reach, :class:`ObjectDoesNotExist` for no such patient.
    """
    authorise(actor, RESTRICT)
    if not Patient.objects.filter(pk=patient_id).exists():
        raise ObjectDoesNotExist
    patient = Patient.objects.filter(patients_restricted_by(actor), pk=patient_id).first()
    if patient is None:
        raise PermissionDenied(ELSEWHERE)
    return patient


def _lock(actor: User, patient_id: int, reason: str) -> Patient:
    """Return the patient, locked: two people who change who may see the record wait for each other."""
    patient = demand_restricting(actor, patient_id)
    if not reason.strip():
        raise ValidationError({"reason": NO_REASON})
    return Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)


def _note(actor: User, patient: Patient, verb: RestrictionVerb, reason: str, colleague: User | None = None) -> None:
    Restriction.objects.create(patient=patient, verb=verb, user=colleague, actor=actor, reason=reason.strip())
