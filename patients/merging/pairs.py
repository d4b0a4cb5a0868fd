"""What people decide of pairs that look alike."""

from collections.abc import Iterable

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from patients import permissions
from patients.merging.finding import Candidate
from patients.merging.locking import demand_open
from patients.merging.merging import in_order
from patients.models import DuplicatePair, Patient


def tell_apart(*, actor: User, pair_id: int) -> DuplicatePair:
    """Remember that two records are two people's; saying so twice keeps the first."""
    return _decide(actor, pair_id, distinct=True)


def reopen(*, actor: User, pair_id: int) -> DuplicatePair:
    """Take back that two records are two people's."""
    return _decide(actor, pair_id, distinct=False)


def _decide(actor: User, pair_id: int, *, distinct: bool) -> DuplicatePair:
    authorise(actor, permissions.MERGE)
    with transaction.atomic(durable=True):
        pair = DuplicatePair.objects.select_for_update().filter(pk=pair_id).first()
        if pair is None:
            raise ObjectDoesNotExist
        demand_open(actor, [pair.first_id, pair.second_id])
        if distinct != (pair.distinct_at is not None):
            pair.distinct_by, pair.distinct_at = (actor, timezone.now()) if distinct else (None, None)
            pair.save(update_fields=["distinct_by", "distinct_at"])
    return pair


def remember_distinct(actor: User, patient: Patient, others: Iterable[Candidate]) -> None:
    """Note that whoever wrote ``patient`` down looked at the others and found them to be somebody else."""
    now = timezone.now()
    for one in others:
        DuplicatePair.objects.get_or_create(
            **in_order(patient.pk, one.patient.pk),
            defaults={
                "score": one.likeness.score,
                "signs": list(one.likeness.signs),
                "distinct_by": actor,
                "distinct_at": now,
            },
        )
