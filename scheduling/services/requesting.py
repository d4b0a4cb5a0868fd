"""From a request to the waiting list."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from patients.models import Patient
from resources.models import Profession, StaffMember
from scheduling import permissions
from scheduling.access import demand_place
from scheduling.models import (
    ChangeVerb,
    EstimateSource,
    Laterality,
    Operation,
    OperationChange,
    OperationEquipment,
    OperationStaff,
    Priority,
    Procedure,
    Side,
    Status,
)
from scheduling.models.operation import MAX_MINUTES
from scheduling.services.errors import InvalidPlanError, NotPossibleError
from scheduling.services.locking import command, demand_treating, lock_operations, reservations_of
from scheduling.services.writing import record, snapshot

ASA_CLASSES = range(1, 7)
FURTHEST_DUE = timedelta(days=3653)
"""Ten years: a due date further from today is a typing error."""
NOT_REQUESTED = "This operation is not a request any more. Look at it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for; minutes and needs that are not given come from the procedure."""

    patient: Patient
    procedure: Procedure
    priority: Priority
    side: str = Side.NOT_APPLICABLE
    lead_surgeon: StaffMember | None = None
    listed_on: date | None = None
    due_on: date | None = None
    surgery_minutes: int | None = None
    asa_class: int | None = None
    infectious: bool = False
    notes: str = ""
    external_id: str | None = None


def request_operation(*, actor: User, request: Request) -> Operation:
    """Put an operation on the waiting list, or ask for it where the actor may not book.

    Raises :class:`InvalidPlanError` for a deceased patient, a side that is missing or that the
    procedure has not, minutes out of bounds, and a case number that is taken.
    """
    check_request(actor, request)
    with command():
        demand_treating(actor, {request.patient.pk})
        operation = build_operation(request)
        operation.status = Status.WAITING if actor.can(permissions.BOOK) else Status.REQUESTED
        operation.save()
        copy_needs(operation)
        OperationChange.objects.create(
            operation=operation,
            version=operation.version,
            verb=ChangeVerb.REQUESTED,
            actor=actor,
            after=snapshot(operation, []),
        )
    return operation


def check_request(actor: User, request: Request) -> None:
    """Raise what :func:`request_operation` would raise, before anything is written."""
    authorise(actor, permissions.REQUEST)
    demand_place(actor, permissions.REQUEST, specialty_id=request.procedure.specialty_id)
    check_content(request)


def accept_operation(*, actor: User, operation_id: int, version: int) -> Operation:
    """Take a requested operation onto the waiting list."""
    authorise(actor, permissions.BOOK)
    with command():
        (operation,) = lock_operations({operation_id: version}, actor=actor, capability=permissions.BOOK)
        if operation.status != Status.REQUESTED:
            raise NotPossibleError(NOT_REQUESTED)
        rows = reservations_of([operation])[operation.pk]
        before = snapshot(operation, rows)
        operation.status = Status.WAITING
        record(actor=actor, operation=operation, verb=ChangeVerb.ACCEPTED, before=before, rows=rows)
    return operation


def check_content(request: Request) -> None:
    """Raise :class:`InvalidPlanError` for what nobody may ask for, whoever asks."""
    if request.patient.is_deceased:
        raise InvalidPlanError("patient", "This patient is recorded as deceased. Check that it is the right one.")
    _check_side(request)
    if request.surgery_minutes is not None and not 1 <= request.surgery_minutes <= MAX_MINUTES:
        raise InvalidPlanError("surgery_minutes", f"Surgery takes between 1 and {MAX_MINUTES} minutes.")
    if request.asa_class is not None and request.asa_class not in ASA_CLASSES:
        raise InvalidPlanError("asa_class", "The ASA class is a number from 1 to 6.")
    if request.due_on and request.due_on < (request.listed_on or timezone.localdate()):
        raise InvalidPlanError("due_on", "The due date is before the date listed.")
    if request.due_on and request.due_on > timezone.localdate() + FURTHEST_DUE:
        raise InvalidPlanError("due_on", "That is more than ten years ahead. Check the year.")
    if request.lead_surgeon and request.lead_surgeon.profession != Profession.SURGEON:
        raise InvalidPlanError("lead_surgeon", f"{request.lead_surgeon} is no surgeon. Choose one.")
    known = request.external_id and Operation.objects.filter(external_id=request.external_id)
    if known and known.exists():
        raise InvalidPlanError("external_id", "There is an operation with this case number already.")


def _check_side(request: Request) -> None:
    if request.side not in Side.values:
        raise InvalidPlanError("side", "Choose a side from the list.")
    sided = Side(request.side).is_named
    if request.procedure.laterality == Laterality.REQUIRED and not sided:
        raise InvalidPlanError("side", f"Name the side: {request.procedure} is done left, right or on both sides.")
    if request.procedure.laterality == Laterality.NONE and sided:
        raise InvalidPlanError("side", f"{request.procedure} has no side. Leave it out.")


def build_operation(request: Request) -> Operation:
    """Return the operation asked for, unsaved, with the procedure's minutes."""
    procedure = request.procedure
    operation = Operation(
        patient=request.patient,
        procedure=procedure,
        side=request.side,
        specialty=procedure.specialty,
        lead_surgeon=request.lead_surgeon,
        priority=request.priority,
        set_up_minutes=procedure.set_up_minutes,
        anaesthesia_minutes=procedure.anaesthesia_minutes,
        surgery_minutes=request.surgery_minutes or procedure.surgery_minutes,
        clean_up_minutes=procedure.clean_up_minutes,
        estimate_source=EstimateSource.BOOKER if request.surgery_minutes else EstimateSource.CATALOGUE,
        anaesthesia_type=procedure.anaesthesia_type,
        asa_class=request.asa_class,
        infectious=request.infectious,
        day_case=procedure.day_case,
        bed_kind=procedure.bed_kind,
        bed_minutes=procedure.bed_minutes,
        notes=request.notes,
        external_id=request.external_id,
    )
    if request.listed_on:
        operation.listed_on = request.listed_on
    operation.due_on = request.due_on
    if request.due_on is None:
        operation.due_date_from(request.priority)
    return operation


def copy_needs(operation: Operation) -> None:
    """Copy the procedure's needs: from now on they are the operation's own."""
    procedure = operation.procedure
    operation.features.set(procedure.features.all())
    OperationEquipment.objects.bulk_create(
        OperationEquipment(operation=operation, equipment_type_id=need.equipment_type_id, quantity=need.quantity)
        for need in procedure.equipment_needs.all()
    )
    OperationStaff.objects.bulk_create(
        OperationStaff(operation=operation, role=need.role, quantity=need.quantity)
        for need in procedure.staff_needs.all()
    )
