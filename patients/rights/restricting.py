"""Restriction of processing (GDPR, Article 18) and legal holds: placing, lifting, and what they keep from happening."""

from collections.abc import Iterable
from datetime import date
from typing import cast

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from patients import permissions
from patients.access import in_emergency, on_care_team
from patients.models import Patient
from patients.rights.models import Erasure, ErasureState, LegalHold, ProcessingRestriction, RestrictionGround

NO_REASON = "Say why, in a few words."
PAST = "This day is over."
ALREADY = "There is one already. Lift it first."
ERASED = "This record was erased. If the patient comes again, register them anew."
SENTENCE = (
    "Processing of this patient’s record is restricted (GDPR, Article 18): only the care team and those who treat the "
    "patient may change it. Ask the privacy officer."
)


class RestrictedError(PermissionDenied):
    """The record is restricted, and the actor does not treat the patient; or there is nothing left of it."""

    def __init__(self, sentence: str = SENTENCE) -> None:
        super().__init__(sentence)


def restrict_processing(
    *, actor: User, patient_id: int, ground: str, reason: str, until: date | None = None
) -> ProcessingRestriction:
    """Restrict a record until a day, or until somebody lifts it. Raises :class:`ValidationError` by field."""
    if ground not in RestrictionGround.values:
        raise ValidationError({"ground": "Choose a ground."})
    with transaction.atomic(durable=True):
        patient = lock_patient(actor, patient_id)
        _demand(reason, until)
        _make_room(actor, ProcessingRestriction, patient)
        return ProcessingRestriction.objects.create(
            patient=patient, ground=ground, reason=reason.strip(), until=until, placed_by=actor
        )


def hold_record(*, actor: User, patient_id: int, reason: str, until: date | None = None) -> LegalHold:
    """Let nothing of a record go until a day, or until somebody lifts the hold."""
    with transaction.atomic(durable=True):
        patient = lock_patient(actor, patient_id)
        _demand(reason, until)
        _make_room(actor, LegalHold, patient)
        return LegalHold.objects.create(patient=patient, reason=reason.strip(), until=until, placed_by=actor)


def lift(*, actor: User, patient_id: int, kind: type[ProcessingRestriction] | type[LegalHold]) -> None:
    """Lift what stands; what does not stand any more stays as it is."""
    with transaction.atomic(durable=True):
        patient = lock_patient(actor, patient_id)
        _lift(actor, kind, patient)


def lock_patient(actor: User, patient_id: int) -> Patient:
    """Return the patient, locked, if ``actor`` decides on rights; raises for an erased record."""
    authorise(actor, permissions.MANAGE_RIGHTS)
    patient = Patient.objects.select_for_update(no_key=True).filter(pk=patient_id).first()
    if patient is None:
        raise ObjectDoesNotExist
    if patient.erasures.filter(state="done").exists():
        raise ValidationError(ERASED)
    return patient


def is_restricted(patient: str = "pk") -> Exists:
    """Say, wherever the patient stands, whether the record is restricted today."""
    return Exists(ProcessingRestriction.objects.in_force().filter(patient=OuterRef(patient)))


def restriction_of(patient_id: int) -> ProcessingRestriction | None:
    """Return the restriction in force, if there is one."""
    found = ProcessingRestriction.objects.in_force().filter(patient=patient_id).first()
    return cast("ProcessingRestriction | None", found)


def mark_restrictions(patients: Iterable[Patient]) -> None:
    """Note on each patient of a list the restriction in force, in one query: ``patient.restriction``."""
    rows = {patient.pk: patient for patient in patients}
    found = {one.patient_id: one for one in ProcessingRestriction.objects.in_force().filter(patient__in=rows)}
    for number, patient in rows.items():
        patient.restriction = found.get(number)  # type: ignore[attr-defined]  # read by the banner


def demand_unrestricted(actor: User, patient_ids: set[int], treats: Q) -> None:
    """Raise :class:`RestrictedError` where a record is restricted and ``actor`` does not treat the patient.

    ``treats`` is what the caller knows of it, as a condition on patients; the care team and emergency access count
    in any case. With an erased record nobody plans.
    """
    erased = Q(Exists(Erasure.objects.filter(patient=OuterRef("pk"), state=ErasureState.DONE)))
    restricted = Patient.objects.filter(Q(is_restricted()) | erased, pk__in=patient_ids)
    if restricted.filter(erased).exists():
        raise RestrictedError(ERASED)
    if restricted.exclude(treats | Q(on_care_team(actor)) | Q(in_emergency(actor))).exists():
        raise RestrictedError


def _demand(reason: str, until: date | None) -> None:
    if not reason.strip():
        raise ValidationError({"reason": NO_REASON})
    if until and until < timezone.localdate():
        raise ValidationError({"until": PAST})


def _make_room(actor: User, kind: type[ProcessingRestriction] | type[LegalHold], patient: Patient) -> None:
    """Refuse a second one; one whose last day is over is closed."""
    if kind.objects.in_force().filter(patient=patient).exists():
        raise ValidationError(ALREADY)
    _lift(actor, kind, patient)


def _lift(actor: User, kind: type[ProcessingRestriction] | type[LegalHold], patient: Patient) -> None:
    for row in kind.objects.filter(patient=patient, lifted_at=None):
        row.lifted_by, row.lifted_at = actor, timezone.now()
        row.save(update_fields=["lifted_by", "lifted_at"])
