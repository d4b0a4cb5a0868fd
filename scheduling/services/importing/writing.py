"""Writes imported operations in bulk: the rows that the single commands would have written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from django.db import connection
from django.db.models import Model
from django.utils import timezone
from psycopg2.extras import Json

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

Rows = dict[type[Model], list[Any]]
"""By model, in the order of insertion: unsaved objects, or for :data:`PLAIN` models their values."""

PLAIN: dict[type[Model], tuple[str, ...]] = {
    Reservation: ("operation_id", "resource_id", "role", "period", "active", "exclusive"),
    OperationEvent: ("operation_id", "kind", "at", "recorded_at", "recorded_by_id", "current", "reason"),
    OperationChange: (
        "operation_id",
        "version",
        "verb",
        "actor_id",
        "at",
        "before",
        "after",
        "note",
        "overrides",
    ),
}
"""The columns of the tables of which an import writes most: as tuples, because making objects of
them, to insert them once, takes longer than all the rest of an import."""


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
    needs: tuple[type[Model], ...] = (Operation.features.through, OperationEquipment, OperationStaff)
    models: tuple[type[Model], ...] = (Patient, Operation, *needs, *PLAIN)
    rows: Rows = {model: [] for model in models}
    patients = {booking.operation.patient.pk: booking.operation.patient for booking in bookings}
    rows[Patient] = [row for row in patients.values() if row._state.adding]  # noqa: SLF001  # not saved yet
    now = timezone.now()
    no_reason = _sealed(OperationEvent, "reason", "")
    for booking in bookings:
        _add_history(rows, booking, actor, source, now)
        _add_needs(rows, booking.operation)
        rows[OperationEvent] += [
            (booking.operation.pk, kind, at, now, actor.pk, True, no_reason) for kind, at in booking.case.events.items()
        ]
    for model, fresh in rows.items():
        if fresh and model in PLAIN:
            _insert(model, fresh)
        elif fresh:
            model._default_manager.bulk_create(fresh)  # noqa: SLF001


def _insert(model: type[Model], values: Sequence[tuple[Any, ...]]) -> None:
    """Insert the values of a plain model's columns in one statement."""
    columns = PLAIN[model]
    places = ", ".join([f"({', '.join(['%s'] * len(columns))})"] * len(values))
    statement = f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) VALUES {places}"  # noqa: S608, SLF001
    with connection.cursor() as cursor:
        cursor.execute(statement, [*chain.from_iterable(values)])


def _add_history(rows: Rows, booking: Booking, actor: User, source: str, now: datetime) -> None:
    """Place the operation, with one change for each step of its life: requested, booked, recorded."""
    operation, case = booking.operation, booking.case
    requested = snapshot(operation, [])
    operation.status, operation.theatre_id = Status.SCHEDULED, booking.plan.theatre_id
    operation.period = booking.plan.period.as_range()
    booked = snapshot(operation, [])  # nothing but its theatre is held, and that is no part of the team
    steps: list[tuple[str, dict[str, Any], dict[str, Any], str, list[dict[str, Any]]]] = [
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
    rows[Reservation] += [
        (operation.pk, hold.resource_id, str(hold.role), hold.period.as_range(), True, hold.exclusive)
        for hold in booking.plan.holds
    ]
    rows[OperationChange] += [
        (
            *(operation.pk, version, str(verb), actor.pk, now, Json(before), Json(after)),
            _sealed(OperationChange, "note", note),
            _sealed(OperationChange, "overrides", overrides),
        )
        for version, (verb, before, after, note, overrides) in enumerate(steps, start=1)
    ]


def _sealed(model: type[Model], name: str, value: Any) -> Any:
    """Return a free text as its column holds it: tuples don't pass through the fields."""
    field: Any = model._meta.get_field(name)  # noqa: SLF001
    return field.get_db_prep_save(value, connection)


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
