"""Erase a record, where the law allows: what says who somebody is goes, operations stay without a person."""

from collections.abc import Iterator

from auditlog.context import disable_auditlog
from django.core.exceptions import ValidationError
from django.db import ProgrammingError, transaction
from django.utils import timezone
from psycopg2.errors import InsufficientPrivilege

from accounts.models import User
from patients.models import Patient
from patients.rights.holdings import holdings, trail_of
from patients.rights.models import Erasure, ErasureGround, ErasureState
from patients.rights.restricting import lock_patient
from patients.rights.retention import due_records, obstacles
from patients.rights.tombstones import bury, risen

NOT_THE_OWNER = "Erasing takes the owner of the tables: run `manage.py apply_retention` without DATABASE_ROLE."


class NotTheOwnerError(Exception):
    """The database role at hand can't take anything out of the readable trail."""

    def __init__(self) -> None:
        super().__init__(NOT_THE_OWNER)


def ask_erasure(*, actor: User, patient_id: int) -> Erasure:
    """Order that a record be erased, or note why the law forbids it. Either way it is on record.

    ``manage.py apply_retention`` carries the order out: the role under which pages run can't.
    """
    with transaction.atomic(durable=True):
        patient = lock_patient(actor, patient_id)
        if patient.erasures.filter(state=ErasureState.ORDERED).exists():
            raise ValidationError("It is ordered already.")
        refused = " ".join(obstacles(patient))
        state = ErasureState.REFUSED if refused else ErasureState.ORDERED
        return Erasure.objects.create(
            patient=patient, ground=ErasureGround.REQUEST, state=state, refusal=refused[:600], actor=actor
        )


def withdraw_erasure(*, actor: User, patient_id: int) -> None:
    """Take an order back that was not carried out yet."""
    with transaction.atomic(durable=True):
        patient = lock_patient(actor, patient_id)
        for row in patient.erasures.filter(state=ErasureState.ORDERED):
            row.state, row.refusal = ErasureState.REFUSED, "Withdrawn before it was carried out."
            row.save(update_fields=["state", "refusal"])


def erase_ordered() -> Iterator[Erasure]:
    """Carry out the orders; one that the law forbids meanwhile is refused. Yields each."""
    for pk in list(Erasure.objects.filter(state=ErasureState.ORDERED).order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic(durable=True):
            order = Erasure.objects.select_for_update().get(pk=pk)
            patient = _lock(order.patient_id)
            refused = " ".join(obstacles(patient))
            if refused:
                order.state, order.refusal = ErasureState.REFUSED, refused[:600]
                order.save(update_fields=["state", "refusal"])
            else:
                _erase(patient, order)
        bury()
        yield order


def erase_due(batch: int) -> Iterator[int]:
    """Erase the records whose time is over, each in its own transaction; yields after each ``batch`` how many.

    No progress is stored: what is left to do is what is due. What nobody may erase yet is never looked at twice.
    """
    now, after = timezone.now(), 0
    while rows := list(due_records(now).filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:batch]):
        for pk in rows:
            with transaction.atomic(durable=True):
                patient = _lock(pk)
                if due_records(now).filter(pk=pk).exists():
                    _erase(patient, _order(patient, ErasureGround.RETENTION))
        bury()
        after = rows[-1]
        yield len(rows)


def erase_risen() -> int:
    """Erase again what a restored backup brought back; return how many. Nothing stands against it: it was decided."""
    count = 0
    for pk in list(risen().values_list("pk", flat=True)):
        with transaction.atomic(durable=True):
            patient = _lock(pk)
            _erase(patient, _order(patient, ErasureGround.RESTORED))
            count += 1
    return count


def _lock(patient_id: int) -> Patient:
    return Patient.objects.select_for_update(no_key=True).get(pk=patient_id)


def _order(patient: Patient, ground: ErasureGround) -> Erasure:
    """Return the order that stands, or a new one."""
    found = patient.erasures.filter(state=ErasureState.ORDERED).first()
    return found or Erasure.objects.create(patient=patient, ground=ground, state=ErasureState.ORDERED)


def _erase(patient: Patient, order: Erasure) -> None:
    """Overwrite and delete what every table holds, and the readable trail of it; the order is then done."""
    with disable_auditlog():  # it would write down what goes
        order.state, order.done_at = ErasureState.DONE, timezone.now()
        order.save(update_fields=["state", "done_at"])
        try:
            trail_of(patient.pk).order_by().delete()  # first: rows that are gone can't be found any more
        except ProgrammingError as error:
            if isinstance(error.__cause__, InsufficientPrivilege):
                raise NotTheOwnerError from error
            raise
        for one in reversed(holdings()):
            one.erase(patient.pk)
