"""Every write to a patient."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone
from guardian.shortcuts import assign_perm

from accounts.models import User
from accounts.permissions import authorise
from patients import permissions
from patients.models import Allergy, AllergyStatus, ChangeVerb, Patient
from patients.record.allergies import STATUS, note_asked
from patients.record.changes import note_change
from patients.record.parts import ENTRY_PARTS


def add_patient(*, actor: User, patient: Patient, allergies: Sequence[str] = ()) -> Patient:
    """Save a new patient with the substances they must not meet.

    Raises :class:`~django.core.exceptions.ValidationError` with the fields that are wrong.
    """
    authorise(actor, permissions.ADD)
    if allergies:
        patient.allergy_status = AllergyStatus.RECORDED
    note_asked(patient, actor)
    patient.full_clean()
    try:
        with transaction.atomic(durable=True):
            patient.save()
            _note_allergies(patient, actor, allergies)
            assign_perm(permissions.CARE_TEAM, actor, patient)  # who wrote it down goes on to ask for the operation
    except IntegrityError:
        # Somebody else added the same number since it was checked; the check says so in the form's words.
        patient.clean()
        patient.validate_unique()
        patient.validate_constraints()
        raise
    return patient


def _note_allergies(patient: Patient, actor: User, substances: Sequence[str]) -> None:
    """List the substances, and let the history of the record begin with what was said about allergies."""
    part = ENTRY_PARTS["allergies"]
    before, after = {STATUS: str(AllergyStatus.NOT_RECORDED)}, {STATUS: str(patient.allergy_status)}
    note_change(patient.pk, part.slug, before=before, after=after, actor=actor)
    for substance in substances:
        row = Allergy.objects.create(patient=patient, substance=substance, recorded_by=actor)
        said = part.texts(row)
        note_change(patient.pk, part.slug, before={}, after=said, actor=actor, entry=row.pk, verb=ChangeVerb.ADDED)


def add_unknown_patient(*, actor: User, sex: str) -> Patient:
    """Add somebody whom nobody knows yet; the number says when they came, and is reconciled later."""
    now = timezone.localtime()
    number = f"UNKNOWN-{now:%Y%m%d-%H%M%S-%f}"
    named = {"family_name": "Unknown", "given_name": f"{now:%d %b %H:%M}", "provisional": True}
    return add_patient(actor=actor, patient=Patient(mrn=number, sex=sex, **named))
