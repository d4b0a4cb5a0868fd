"""Access to a patient in an emergency, and its review: every write."""

import logging
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import RoleAssignment, User
from accounts.permissions import authorise
from accounts.role_table import roles_with
from patients import permissions
from patients.models import EmergencyAccess, EmergencyReason, Patient, PatientBlock, ReviewOutcome

OWN = "Your own access is reviewed by somebody else."
DONE = "This access has been reviewed already."
logger = logging.getLogger(__name__)


def begin_emergency_access(*, actor: User, patient_id: int, reason: str, explanation: str) -> EmergencyAccess:
    """Open one patient's record to ``actor`` for a while, and tell the privacy officer at once.

    Whoever has it already keeps that one: a double click makes one row. Raises
    :class:`~django.core.exceptions.ValidationError` without a reason.
    """
    authorise(actor, permissions.VIEW)
    if reason not in EmergencyReason.values or not explanation.strip():
        raise ValidationError("Say why, in a few words.")
    with transaction.atomic(durable=True):
        patient = Patient.objects.select_for_update(no_key=True).get(pk=patient_id)  # one at a time
        current = running(actor).filter(patient=patient).first()
        if current:
            return current
        now = timezone.now()
        access = EmergencyAccess.objects.create(
            actor=actor,
            patient=patient,
            reason=reason,
            explanation=explanation.strip(),
            against_block=PatientBlock.objects.filter(patient=patient, user=actor).exists(),
            began=now,
            ends=now + timedelta(minutes=settings.EMERGENCY_ACCESS_MINUTES),
        )
        transaction.on_commit(lambda: _tell(access))
    return access


def end_emergency_access(*, actor: User, access_id: int) -> None:
    """End one's own access before its time; one that has ended stays as it is."""
    running(actor).filter(pk=access_id).update(ends=timezone.now())


def review_emergency_access(*, actor: User, access_id: int, outcome: str, note: str = "") -> EmergencyAccess:
    """Say whether an access was justified. Raises :class:`ValidationError` for a second review."""
    authorise(actor, permissions.REVIEW)
    if outcome not in {ReviewOutcome.JUSTIFIED, ReviewOutcome.NOT_JUSTIFIED}:
        raise ValidationError("Choose an outcome.")
    with transaction.atomic(durable=True):
        access = EmergencyAccess.objects.select_for_update(no_key=True).get(pk=access_id)
        if access.actor_id == actor.pk:
            raise PermissionDenied(OWN)
        if access.outcome:
            raise ValidationError(DONE)
        access.outcome, access.note = outcome, note.strip()
        access.reviewed_by, access.reviewed_at = actor, timezone.now()
        access.save(update_fields=["outcome", "note", "reviewed_by", "reviewed_at"])
    return access


def running(actor: User) -> QuerySet[EmergencyAccess]:
    """Return the accesses that ``actor`` has at this moment."""
    now = timezone.now()
    return EmergencyAccess.objects.filter(actor=actor, began__lte=now, ends__gt=now)


def _tell(access: EmergencyAccess) -> None:
    """Write to everybody who reviews; numbers only, no patient data. Never raises: the access stands."""
    roles = roles_with(permissions.REVIEW)
    holders = RoleAssignment.objects.in_force().filter(role__in=roles, user__is_active=True)
    urgent = " The patient had asked that this person stay away." if access.against_block else ""
    text = (
        f"Emergency access {access.pk} was taken by user {access.actor_id} to patient {access.patient_id}.{urgent}\n"
        "Please review it: sign in and open Reviews."
    )
    for address in sorted(set(holders.values_list("user__email", flat=True))):
        try:
            send_mail("Emergency access to review", text, None, [address])
        except OSError:
            logger.warning("The notice of emergency access %s could not be sent; it waits in Reviews.", access.pk)
