"""Whether somebody asked about allergies, kept true to what is listed."""

from django.utils import timezone

from accounts.models import User
from patients import permissions
from patients.models import AllergyStatus, Patient
from patients.record.changes import note_change
from patients.record.errors import NotPossibleError
from patients.record.locking import changing

STATUS = "allergy_status"
LISTED = "There are allergies on record. Take those that are not so back one by one, then say that none are known."


def state_none_known(*, actor: User, patient_id: int) -> Patient:
    """Record that somebody asked and the patient knows of no allergy; says who and when.

    Raises :class:`NotPossibleError` where an allergy is listed that the team must heed.
    """
    with changing(actor, patient_id, permissions.CHANGE_RECORD) as patient:
        if patient.allergies.counting().exists():
            raise NotPossibleError(LISTED)
        _set(patient, actor, AllergyStatus.NONE_KNOWN)
    return patient


def follow_list(patient: Patient, actor: User | None) -> None:
    """Make the summary say what the list says. An empty list says nothing: the statement "none" has to be made anew."""
    if patient.allergies.counting().exists():
        _set(patient, actor, AllergyStatus.RECORDED)
    elif patient.allergy_status == AllergyStatus.RECORDED:
        _set(patient, None, AllergyStatus.NOT_RECORDED)


def note_asked(patient: Patient, actor: User | None) -> None:
    """Put down who asked, and when, for saving; nobody while no answer is recorded."""
    is_answered = patient.allergy_status != AllergyStatus.NOT_RECORDED
    patient.allergies_asked_by = actor if is_answered else None
    patient.allergies_asked_at = timezone.now() if is_answered else None


def _set(patient: Patient, actor: User | None, status: AllergyStatus) -> None:
    before = {STATUS: patient.allergy_status}
    patient.allergy_status = status
    note_asked(patient, actor)
    patient.version += 1
    patient.save(update_fields=[STATUS, "allergies_asked_by", "allergies_asked_at", "version"])
    note_change(patient.pk, "allergies", before=before, after={STATUS: str(status)}, actor=actor)
