"""Writes imported operations in bulk: the rows that the single commands would have written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from accounts.models import User
from patients.models import Patient
from scheduling.importing.case import Case
from scheduling.models import (
    ChangeVerb,
    EventKind,
    Operation,
    OperationChange,
    OperationEquipment,
    OperationEvent,
    OperationStaff,
    Reservation,
    Status,
)
from scheduling.plan import Plan
from scheduling.services.writing import snapshot

Rows = dict[Any, list[Any]]
"""By model: the rows to insert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A case that may stand: its operation is on no list yet and has its number already.

    ``overrides`` are the soft conflicts as the history keeps them.
    """

    case: Case
    plan: Plan
    overrides: list[dict[str, Any]]

    @property
    def operation(self) -> Operation:
        """The operation, unsaved."""
        return self.plan.operation


def write(bookings: Sequence[Booking], *, actor: User, source: str) -> None:
    """Insert the bookings with their patients, needs, reservations, events and history."""
    rows: Rows = {
        model: []
        for model in (
            Patient,
            Operation,
            Operation.features.through,
            OperationEquipment,
            OperationStaff,
            Reservation,
            OperationEvent,
            OperationChange,
        )
    }
    patients = {booking.operation.patient.pk: booking.operation.patient for booking in bookings}
    rows[Patient] = [row for row in patients.values() if row._state.adding]  # noqa: SLF001  # not saved yet
    for booking in bookings:
        _add_history(rows, booking, actor, source)
        _add_needs(rows, booking.operation)
        rows[OperationEvent] += [
            OperationEvent(operation_id=booking.operation.pk, kind=kind, at=at, recorded_by_id=actor.pk)
            for kind, at in booking.case.events.items()
        ]
    for model, fresh in rows.items():
        if fresh:
            model.objects.bulk_create(fresh)


def _add_history(rows: Rows, booking: Booking, actor: User, source: str) -> None:
    """Place the operation, with one change for each step of its life: requested, booked, recorded."""
    operation, case = booking.operation, booking.case
    reservations = [
        Reservation(
            operation_id=operation.pk,
            resource_id=hold.resource_id,
            role=hold.role,
            period=hold.period.as_range(),
            exclusive=hold.exclusive,
        )
        for hold in booking.plan.holds
    ]
    requested = snapshot(operation, [])
    operation.status, operation.theatre_id = Status.SCHEDULED, booking.plan.theatre_id
    operation.period = booking.plan.period.as_range()
    booked = snapshot(operation, reservations)
    steps = [
        (ChangeVerb.REQUESTED, {}, requested, f"Imported from {source}, line {case.line}", []),
        (ChangeVerb.BOOKED, requested, booked, "", booking.overrides),
    ]
    if case.events:
        operation.status = case.status
        zone = timezone.get_current_timezone()
        times = [f"{EventKind(kind).label} {at.astimezone(zone):%H:%M}" for kind, at in case.events.items()]
        recorded = booked | {"status": str(case.status)}
        steps.append((ChangeVerb.RECORDED, booked, recorded, f"Imported: {', '.join(times)}", []))
    operation.version = len(steps)
    rows[Operation].append(operation)
    rows[Reservation] += reservations
    rows[OperationChange] += [
        OperationChange(
            operation_id=operation.pk,
            version=version,
            verb=verb,
            actor_id=actor.pk,
            before=before,
            after=after,
            note=note,
            overrides=overrides,
        )
        for version, (verb, before, after, note, overrides) in enumerate(steps, start=1)
    ]


def _add_needs(rows: Rows, operation: Operation) -> None:
    """Copy the procedure's needs, as :func:`scheduling.services.requesting.copy_needs` does for one."""
    procedure = operation.procedure
    link = Operation.features.through
    rows[link] += [link(operation=operation, feature=feature) for feature in procedure.features.all()]
    rows[OperationEquipment] += [
        OperationEquipment(operation=operation, equipment_type_id=need.equipment_type_id, quantity=need.quantity)
        for need in procedure.equipment_needs.all()
    ]
    rows[OperationStaff] += [
        OperationStaff(operation=operation, role=need.role, quantity=need.quantity)
        for need in procedure.staff_needs.all()
    ]
