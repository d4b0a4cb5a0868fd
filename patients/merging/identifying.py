"""An unknown emergency patient gets a name."""

from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.permissions import authorise
from patients import access, permissions
from patients.access import NotOnCareTeamError
from patients.merging.errors import MergeRefusedError, StaleRecordError
from patients.merging.numbers import former_number, our_system
from patients.merging.writing import note_entry, on_record
from patients.models import ChangeVerb, Patient
from patients.rights.restricting import demand_unrestricted

KNOWN = "This patient’s identity is confirmed already. Look at the record again."
GIVEN = (
    *("mrn", "family_name", "given_name", "date_of_birth", "birth_accuracy"),
    *("sex", "national_number", "phone"),
)
"""What is given at once; the rest of the record is filled in as usual."""


def identify_patient(*, actor: User, patient_id: int, version: int, values: dict[str, Any]) -> Patient:
    """Write down who an unknown patient is. The number they had until now goes on finding them.

    ``values`` are those of :data:`GIVEN` that are known. Raises :class:`~django.core.exceptions.ValidationError` by
    field, :class:`StaleRecordError`, and :class:`MergeRefusedError` for somebody whose identity is confirmed.
    """
    authorise(actor, permissions.CHANGE)
    with transaction.atomic(durable=True):
        patient = Patient.objects.select_for_update(no_key=True).filter(pk=patient_id).first()
        if patient is None:
            raise ObjectDoesNotExist
        if not Patient.objects.visible_to(actor).filter(pk=patient_id).exists():
            raise NotOnCareTeamError(patient_id)
        demand_unrestricted(actor, {patient_id}, access.NOTHING)
        if not patient.provisional:
            raise MergeRefusedError(KNOWN)
        if patient.version != version:
            raise StaleRecordError
        former = patient.mrn
        with on_record(patient, actor):
            for name in GIVEN:
                setattr(patient, name, values.get(name, getattr(patient, name)))
            if patient.mrn == former:
                raise ValidationError({"mrn": "Give the patient’s own MRN: this one was made up on arrival."})
            patient.provisional, patient.version = False, patient.version + 1
            patient.full_clean()
            _save(patient)
        if row := former_number(patient, our_system(), former):
            row.save()
            note_entry(row, actor, verb=ChangeVerb.ADDED)
    return patient


def _save(patient: Patient) -> None:
    """Save it, or say in the form's words that somebody else was given the number since it was checked."""
    try:
        with transaction.atomic():
            patient.save(update_fields=[*GIVEN, "provisional", "version"])
    except IntegrityError:
        patient.clean()
        patient.validate_unique()
        raise
