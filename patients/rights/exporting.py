"""Give out everything that is held of one patient."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.audit.models import AccessKind
from accounts.audit.recording import record_access
from accounts.models import User
from accounts.permissions import authorise
from patients import permissions
from patients.access import NotOnCareTeamError
from patients.access_history import HistoryFilter, whole_history
from patients.models import Patient
from patients.rights.holdings import holdings, trail_of
from patients.rights.models import Disclosure, DisclosureBasis, Purpose, RecordExport

BASES = {
    Purpose.PATIENT: DisclosureBasis.PATIENT,
    Purpose.REPRESENTATIVE: DisclosureBasis.AUTHORISED,
    Purpose.PROVIDER: DisclosureBasis.AUTHORISED,
    Purpose.AUTHORITY: DisclosureBasis.COURT,
}
"""As what a copy counts in the accounting of disclosures."""
FORMAT = "operation-scheduler-patient-export-1"
LIMITED = "Your role is limited to some sites or specialties, and a copy holds all of the record. Ask a colleague."
NOT_HELD = {
    "Decisions made by programs alone": "There are none.",
    "The technical audit record": "It repeats the changes below by row number, without names.",
}


def demand_exporting(actor: User, patient_id: int) -> Patient:
    """Return the patient if ``actor`` may give out the whole record.

    A copy holds everything, so it takes a role without limits that sees the record anyway. Raises
    :class:`PermissionDenied`, or :class:`ObjectDoesNotExist` for no such patient.
    """
    authorise(actor, permissions.EXPORT_RECORD)
    if all(grant.is_limited for grant in actor.grants_of(permissions.EXPORT_RECORD)):
        raise PermissionDenied(LIMITED)
    if not Patient.objects.filter(pk=patient_id).exists():
        raise ObjectDoesNotExist
    patient = Patient.objects.visible_to(actor).filter(pk=patient_id).first()
    if patient is None:
        raise NotOnCareTeamError(patient_id)
    return patient


def export_record(*, actor: User, patient_id: int, purpose: str, recipient: str, form: str) -> dict[str, Any]:
    """Return everything that is held of the patient, ready for JSON, and put on record that it was given.

    Raises :class:`~django.core.exceptions.ValidationError` by field without a purpose or a recipient.
    """
    if purpose not in Purpose.values:
        raise ValidationError({"purpose": "Say why the copy is made."})
    if not recipient.strip():
        raise ValidationError({"recipient": "Say who gets the copy."})
    with transaction.atomic(durable=True):
        patient = demand_exporting(actor, patient_id)
        export = RecordExport.objects.create(
            patient=patient, actor=actor, purpose=purpose, recipient=recipient.strip(), form=form
        )
        tell_disclosure(export)
        return everything_held(patient, export)


def tell_disclosure(export: RecordExport) -> None:
    """Put the copy on record: among who saw the patient, and among what left the hospital."""
    Disclosure.objects.create(
        patient_id=export.patient_id,
        at=export.at,
        recipient=export.recipient,
        content="A copy of the whole record",
        purpose=Purpose(export.purpose).label,
        basis=BASES[Purpose(export.purpose)],
        recorded_by=export.actor,
    )
    record_access(
        [export.patient_id],
        actor_id=export.actor_id,
        view="patients:record-export",
        kind=AccessKind.EXPORT,
        reason=Purpose(export.purpose).label,
    )


def everything_held(patient: Patient, export: RecordExport) -> dict[str, Any]:
    """Return the content of a copy: sections of rows, and what is left out, with reasons."""
    found = holdings()
    sections = [{"name": one.name, "title": one.title, "rows": one.exported(patient.pk)} for one in found]
    sections += [
        {"name": "access", "title": "Who saw the record", "rows": _seen(patient)},
        {"name": "trail", "title": "Changes of the record", "rows": _changes(patient)},
    ]
    left_out = [{"what": what, "why": why} for what, why in NOT_HELD.items()]
    left_out += [
        {"what": f"{one.title}: {name.replace('_', ' ')}", "why": why}
        for one in found
        for name, why in one.withheld.items()
    ]
    return {
        "format": FORMAT,
        "made_at": _iso(timezone.now()),
        "made_by": str(export.actor),
        "purpose": Purpose(export.purpose).label,
        "recipient": export.recipient,
        "patient": patient.pk,
        "sections": sections,
        "left_out": left_out,
    }


def _seen(patient: Patient) -> list[dict[str, Any]]:
    return [
        {
            "at": _iso(one.at),
            "who": str(one.person) if one.person else "The system",
            "page": one.page,
            "how": one.kind,
            "as_or_why": one.reason,
            "emergency_access": one.emergency,
        }
        for one in whole_history(patient, HistoryFilter(in_passing=True))
    ]


def _changes(patient: Patient) -> list[dict[str, Any]]:
    return [
        {
            "at": _iso(one.timestamp),
            "who": str(one.actor) if one.actor else "The system",
            "what": one.content_type.name,
            "number": one.object_id,
            "action": one.get_action_display(),
            "before_and_after": {name: list(pair) for name, pair in one.changes_dict.items() if isinstance(pair, list)},
        }
        for one in trail_of(patient.pk).select_related("actor", "content_type")
    ]


def _iso(at: datetime) -> str:
    return timezone.localtime(at).isoformat(timespec="seconds")
