"""What a person decides about a finding."""

from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from analytics.models import FindingState, SecurityFinding
from analytics.permissions import REVIEW_SECURITY

LONGEST = timedelta(days=366)
"""A risk is accepted for a year at most; after that somebody looks again."""


@transaction.atomic
def accept_finding(*, actor: User, finding_id: int, until: date, note: str) -> SecurityFinding:
    """Accept a finding until a day, for a reason that is kept.

    Raises ``ValidationError`` if the reason is empty, the day has passed or is too far away, or nothing is open.
    """
    authorise(actor, REVIEW_SECURITY)
    finding = SecurityFinding.objects.select_for_update().get(pk=finding_id)
    today = timezone.localdate()
    if not note.strip():
        raise ValidationError("Write why this may stay as it is.")
    if not today < until <= today + LONGEST:
        raise ValidationError("Choose a day from tomorrow on, within a year.")
    if finding.state == FindingState.FIXED:
        raise ValidationError("This was fixed meanwhile; there is nothing to accept.")
    finding.state, finding.accepted_until, finding.note = FindingState.ACCEPTED, until, note.strip()
    finding.accepted_by = actor
    finding.save()
    return finding


@transaction.atomic
def reopen_finding(*, actor: User, finding_id: int) -> SecurityFinding:
    """Take an acceptance back."""
    authorise(actor, REVIEW_SECURITY)
    finding = SecurityFinding.objects.select_for_update().get(pk=finding_id)
    if finding.state == FindingState.ACCEPTED:
        finding.state, finding.accepted_until = FindingState.OPEN, None
        finding.save()
    return finding
