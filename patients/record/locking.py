"""What every change of a record begins with."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ObjectDoesNotExist
from django.db import OperationalError, transaction
from psycopg2.errors import LockNotAvailable

from accounts.models import User
from accounts.permissions import authorise
from patients import access
from patients.access import NotOnCareTeamError
from patients.models import Patient
from patients.record.errors import NotPossibleError
from patients.rights.restricting import RestrictedError, demand_unrestricted

BUSY = "Somebody is changing this record at this moment. Nothing was saved; try again in a few seconds."


def is_closed(actor: User, patient: Patient) -> bool:
    """Say whether the record is restricted for the person, or erased: whatever they may do with others."""
    try:
        demand_unrestricted(actor, {patient.pk}, access.treating(actor))
    except RestrictedError:
        return True
    return False


@contextmanager
def changing(actor: User, patient_id: int, capability: str) -> Iterator[Patient]:
    """Lock a patient's record for one change: all of it or nothing, and durable once it returns.

    The patient's row stands for all of the record: two changes of one record follow each other. Raises
    :class:`~accounts.permissions.NotAllowedError`, :class:`~patients.access.NotOnCareTeamError`, and
    :class:`~patients.rights.restricting.RestrictedError` for whoever does not treat a patient whose record is
    restricted; :class:`ObjectDoesNotExist` for no such patient.
    """
    authorise(actor, capability)
    try:
        with transaction.atomic(durable=True):
            patient = Patient.objects.select_for_update(no_key=True).filter(pk=patient_id).first()
            if patient is None:
                raise ObjectDoesNotExist
            if not Patient.objects.filter(pk=patient_id).visible_to(actor).exists():
                raise NotOnCareTeamError(patient_id)
            demand_unrestricted(actor, {patient_id}, access.treating(actor))
            yield patient
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise NotPossibleError(BUSY) from error
        raise
