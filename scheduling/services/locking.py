"""The one order in which every command locks: operations, patients, resources, each by number.

One order for everybody means that no two commands can wait for each other in a ring. The locks
make conflicts queue up instead of meeting in the exclusion constraint, where PostgreSQL would
break some of the rings that then form by killing a command. ``NO KEY UPDATE`` lets readers and
foreign-key checks pass.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, OperationalError, connection, transaction
from psycopg2.errors import ForeignKeyViolation, LockNotAvailable

from accounts.models import User
from patients.access import NotOnCareTeamError
from patients.merging.guarding import NOT_MERGED
from patients.models import Patient
from patients.rights.restricting import RestrictedError, demand_unrestricted
from resources.models import Resource
from scheduling.access import ELSEWHERE, patients_treated
from scheduling.conflicts import Conflict, SchedulingConflictError, Severity
from scheduling.models import Operation, Reservation
from scheduling.models.operation import PATIENT_NO_OVERLAP
from scheduling.models.reservation import NO_OVERLAP
from scheduling.services.errors import NotPossibleError, StaleVersionError

CONSTRAINT_MESSAGES = {
    NO_OVERLAP: "A theatre, person, item or bed was booked for this time a moment ago.",
    PATIENT_NO_OVERLAP: "The patient was booked for this time a moment ago.",
    NOT_MERGED: "The patient’s record was merged into another one a moment ago. Find the patient again.",
    "theatre_session_no_overlap": "Another session was given this theatre for this time a moment ago.",
    "shift_no_overlap": "This person was given a shift at this time a moment ago.",
}
BUSY = "Somebody is changing the same operations at this moment. Nothing was written; try again in a few seconds."
DELETED = "Something that this needs was deleted meanwhile. Nothing was written; open the page again and choose anew."
GONE = "This operation does not exist any more. Go back to the schedule."


@contextmanager
def command() -> Iterator[None]:
    """Run one command: everything or nothing, and durable once it returns.

    The constraints have the last word. When one fires in spite of the locks (somebody wrote by
    SQL), it is raised as the same error that the rules would have raised. Who waits for a lock
    longer than the connection allows (``lock_timeout``) is told so, and so is who names a row that
    somebody deleted: a reason, a priority, a kind of shift.
    """
    try:
        with transaction.atomic(durable=True):
            yield
    except IntegrityError as error:
        raise _explained(error) from error
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise NotPossibleError(BUSY) from error
        raise


def _explained(error: IntegrityError) -> Exception:
    if isinstance(error.__cause__, ForeignKeyViolation):
        return NotPossibleError(DELETED)
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    if name not in CONSTRAINT_MESSAGES:
        return error
    conflict = Conflict(
        rule=name,
        severity=Severity.HARD,
        message=CONSTRAINT_MESSAGES[name],
        hint="Look again and choose another time.",
    )
    return SchedulingConflictError([conflict])


def lock_operations(versions: dict[int, int], *, actor: User, capability: str) -> list[Operation]:
    """Lock operations and return them in order of number, each still at the version seen.

    ``versions`` maps each operation's number to the version that the actor saw. Raises
    :class:`StaleVersionError` where somebody was faster, and
    :class:`~patients.access.NotOnCareTeamError` where ``capability`` does not reach the operation.
    """
    rows = (
        Operation.objects.with_standing(actor, capability)
        .select_for_update(no_key=True, of=("self",))
        .select_related("procedure", "priority")  # the patient is read once locked
        .filter(pk__in=versions)
        .order_by("pk")
    )
    operations = list(rows)
    if len(operations) != len(versions):
        # One whose patient's record was merged while we waited for it is not found by its old patient.
        raise NotPossibleError(BUSY if Operation.objects.filter(pk__in=versions).count() == len(versions) else GONE)
    for operation in operations:
        if not operation.is_open:
            raise NotOnCareTeamError(operation.patient_id)
        if operation.version != versions[operation.pk]:
            raise StaleVersionError(operation, versions[operation.pk])
    demand_treating(actor, {operation.patient_id for operation in operations})
    return operations


def demand_reach(actor: User, capability: str, numbers: Collection[int]) -> None:
    """Raise :class:`PermissionDenied` unless ``capability`` reaches every one of the operations.

    For commands that do several things: those are locked with the capability of one of them.
    """
    if Operation.objects.filter(pk__in=numbers).visible_to(actor, capability).count() != len(set(numbers)):
        raise PermissionDenied(ELSEWHERE)


def demand_treating(actor: User, patient_ids: set[int]) -> None:
    """Refuse to plan for a patient whose record is restricted, but for those who treat the patient.

    Recording what happens in theatre is treatment, and asks nothing of this.
    """
    try:
        demand_unrestricted(actor, patient_ids, patients_treated(actor))
    except RestrictedError as error:
        raise NotPossibleError(str(error)) from error


def lock_patients_and_resources(operations: Sequence[Operation], resource_ids: Iterable[int]) -> None:
    """Lock what the operations hold and are to hold, after the operations themselves.

    The patients are read again: whoever held their rows until now may have recorded a death.
    """
    rows = Patient.objects.select_for_update(no_key=True).order_by("pk")
    patients = {patient.pk: patient for patient in rows.filter(pk__in={o.patient_id for o in operations})}
    for operation in operations:
        operation.patient = patients[operation.patient_id]
    resources = Resource.objects.select_for_update(no_key=True)
    list(resources.filter(pk__in=set(resource_ids)).order_by("pk").values_list("pk"))


def lock_operation(operation_id: int, *, actor: User, capability: str) -> Operation:
    """Lock one operation whatever its version, for recording what really happened."""
    rows = Operation.objects.with_standing(actor, capability).select_for_update(no_key=True, of=("self",))
    found = rows.filter(pk=operation_id).first()
    if found is None:
        raise NotPossibleError(GONE)
    if not found.is_open:
        raise NotOnCareTeamError(found.patient_id)
    return found


def reservations_of(operations: Sequence[Operation]) -> dict[int, list[Reservation]]:
    """Return each operation's reservations, released ones too; steady while it is locked."""
    rows: dict[int, list[Reservation]] = {operation.pk: [] for operation in operations}
    for row in Reservation.objects.filter(operation__in=operations).order_by("pk"):
        rows[row.operation_id].append(row)
    return rows


def defer_constraints() -> None:
    """Check the exclusion constraints at the end instead of after each statement: for exchanges."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET CONSTRAINTS {NO_OVERLAP}, {PATIENT_NO_OVERLAP} DEFERRED")


def check_constraints() -> None:
    """Check what :func:`defer_constraints` put off, while an error still names its cause."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET CONSTRAINTS {NO_OVERLAP}, {PATIENT_NO_OVERLAP} IMMEDIATE")
