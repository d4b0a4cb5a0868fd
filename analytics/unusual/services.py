"""Look for unusual access, and record what came of the question."""

from collections.abc import Iterable
from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from analytics.models import UnusualAccess, UnusualOutcome
from analytics.unusual.rules import RULES
from patients.permissions import REVIEW

OWN = "Access of your own is reviewed by somebody else."
DONE = "Some of these have been reviewed already. Nothing was recorded: look at the list again."


def find_unusual(day: date) -> int:
    """Put what stands out on ``day`` into the queue; return how many rows are new. Safe to repeat."""
    rows = [
        UnusualAccess(rule=rule, actor_id=one.actor_id, patient_id=one.patient_id, day=day, evidence=one.evidence)
        for rule, look in RULES.items()
        for one in look(day)
    ]
    before = UnusualAccess.objects.filter(day=day).count()
    UnusualAccess.objects.bulk_create(rows, ignore_conflicts=True)
    return UnusualAccess.objects.filter(day=day).count() - before


def review_unusual(*, actor: User, numbers: Iterable[int], outcome: str, note: str = "") -> int:
    """Record one outcome for all rows named, or for none; return how many.

    Raises :class:`~django.core.exceptions.ValidationError` if one was reviewed already or is the actor's own, and
    for several rows without a note.
    """
    authorise(actor, REVIEW)
    if outcome not in UnusualOutcome.values or not outcome:
        raise ValidationError("Choose an outcome.")
    wanted = sorted(set(numbers))
    if not wanted:
        raise ValidationError("Tick at least one row.")
    if len(wanted) > 1 and not note.strip():
        raise ValidationError(f"Say in the note what holds for all {len(wanted)} rows: an outcome can't be taken back.")
    with transaction.atomic(durable=True):
        rows = list(UnusualAccess.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk"))
        if len(rows) != len(wanted) or any(row.outcome for row in rows):
            raise ValidationError(DONE)
        if any(row.actor_id == actor.pk for row in rows):
            raise ValidationError(OWN)
        for row in rows:
            row.outcome, row.note, row.reviewed_by, row.reviewed_at = outcome, note.strip(), actor, timezone.now()
            row.save(update_fields=["outcome", "note", "reviewed_by", "reviewed_at"])
    return len(rows)
