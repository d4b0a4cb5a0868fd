"""What a merge and its undo begin with: both records locked, in the one order of all commands."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.core.exceptions import ObjectDoesNotExist
from django.db import OperationalError, transaction
from django.db.models import Q
from psycopg2.errors import LockNotAvailable

from accounts.models import User
from accounts.permissions import authorise
from patients import access, permissions
from patients.access import NotOnCareTeamError
from patients.merging.errors import MergeRefusedError
from patients.merging.followers import followers
from patients.models import Patient
from patients.rights.models import Erasure, ErasureState
from patients.rights.restricting import restriction_of

BUSY = "Somebody is working with one of the two records at this moment. Nothing was written; try again in a minute."
ERASED = "One of the two records was erased, or its erasure is ordered. What is left of it can't be merged."
RESTRICTED = (
    "Processing of one of the two records is restricted (GDPR, Article 18): it is stored as it is. "
    "Ask the privacy officer to lift that first."
)


@contextmanager
def both_locked(actor: User, *patient_ids: int) -> Iterator[dict[int, Patient]]:
    """Lock the records with all that follows them, for one change: everything or nothing, durable once it returns.

    Operations are locked before patients, each by number, as bookings do it. The patients are locked ``FOR UPDATE``,
    so that nobody adds a row about them meanwhile. Raises :class:`NotAllowedError`, :class:`ObjectDoesNotExist`,
    and :class:`MergeRefusedError` if somebody else holds one of them for too long.
    """
    authorise(actor, permissions.MERGE)
    try:
        with transaction.atomic(durable=True):
            followed = _lock_followers(patient_ids)
            rows = Patient.objects.select_for_update().filter(pk__in=patient_ids).order_by("pk")
            patients = {patient.pk: patient for patient in rows}
            if len(patients) != len(set(patient_ids)):
                raise ObjectDoesNotExist
            if followed != [set(one.rows(patient_ids).values_list("pk", flat=True)) for one in followers()]:
                raise MergeRefusedError(BUSY)  # one came in between, and may be somebody's who waits for us
            yield patients
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise MergeRefusedError(BUSY) from error
        raise


def _lock_followers(patient_ids: Collection[int]) -> list[set[int]]:
    return [
        set(one.rows(patient_ids).select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
        for one in followers()
    ]


def demand_open(actor: User, patient_ids: Collection[int]) -> None:
    """Raise :class:`NotOnCareTeamError` unless all the records are open to ``actor``, whom none keeps away.

    Emergency access opens a record to treat the patient, not to join it with another.
    """
    team = access.on_care_team(actor)
    opened = (
        Patient.objects.visible_to(actor)
        .filter(access.by_role(actor) | team, Q(confidential=False) | access.intimate(actor) | team, pk__in=patient_ids)
        .exclude(access.is_blocked(actor))
    )
    if hidden := set(patient_ids) - set(opened.values_list("pk", flat=True)):
        raise NotOnCareTeamError(min(hidden))


def demand_free(patient_ids: Collection[int]) -> None:
    """Raise :class:`MergeRefusedError` for records that were erased, or whose processing is restricted."""
    gone = (ErasureState.ORDERED, ErasureState.DONE)
    if Erasure.objects.filter(patient__in=patient_ids, state__in=gone).exists():
        raise MergeRefusedError(ERASED)
    if any(restriction_of(number) for number in patient_ids):
        raise MergeRefusedError(RESTRICTED)
