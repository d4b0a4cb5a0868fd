"""A plan: an operation put in a theatre at a time with a team, not yet written."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Self

from scheduling.models import Operation, Reservation, ReservationRole
from scheduling.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_BED_MINUTES = 60
"""Stay assumed for a bed where the operation names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One resource in one role, beside the theatre.

    ``tail_minutes`` is how long it stays held after wheels-out: sterilisation of equipment.
    """

    resource_id: int
    role: str
    exclusive: bool = True
    tail_minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What a plan would reserve: a resource, in a role, for a period."""

    resource_id: int
    role: str
    period: Period
    exclusive: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where, when and with whom an operation would be.

    ``period`` is wheels-in to wheels-out. ``confirming`` asks for everything the operation needs
    to be there; until then a team may still be incomplete.
    """

    operation: Operation
    theatre_id: int
    period: Period
    assignments: tuple[Assignment, ...] = ()
    confirming: bool = False
    holds: tuple[Hold, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Work out once what the plan would hold; every rule asks for it."""
        theatre = Assignment(resource_id=self.theatre_id, role=ReservationRole.THEATRE)
        everything = (theatre, *self.assignments)
        holds = tuple(
            Hold(
                resource_id=item.resource_id,
                role=item.role,
                period=hold_period(self.operation, self.period, item),
                exclusive=item.exclusive,
            )
            for item in everything
        )
        object.__setattr__(self, "holds", holds)

    @classmethod
    def current(cls, operation: Operation, reservations: "Iterable[Reservation]") -> Self:
        """Return what a placed operation holds now, as a plan to change."""
        if operation.theatre_id is None or operation.period is None:
            msg = f"{operation} has no theatre and time"
            raise ValueError(msg)
        return cls(
            operation=operation,
            theatre_id=operation.theatre_id,
            period=Period.of(operation.period),
            assignments=assignments_of(operation, reservations),
        )

    @property
    def theatre_hold(self) -> Hold:
        """Return the theatre's own hold: set-up to clean-up."""
        return self.holds[0]

    @property
    def stay(self) -> Period:
        """Return how long the patient is expected to need a bed."""
        return Period.lasting(self.period.end, self.operation.bed_minutes or DEFAULT_BED_MINUTES)

    @property
    def lead_surgeon_id(self) -> int | None:
        """Return who leads, if anybody is named yet."""
        return next((a.resource_id for a in self.assignments if a.role == ReservationRole.LEAD_SURGEON), None)

    def at(self, start: datetime, *, theatre_id: int | None = None) -> Self:
        """Return the same plan at another start, and perhaps in another theatre."""
        period = Period.lasting(start, self.operation.in_room_minutes)
        return replace(self, period=period, theatre_id=theatre_id or self.theatre_id)

    def with_lead(self, surgeon_id: int | None) -> Self:
        """Return the plan led by another surgeon, or by nobody yet."""
        others = tuple(a for a in self.assignments if a.role != ReservationRole.LEAD_SURGEON)
        lead = Assignment(resource_id=surgeon_id, role=ReservationRole.LEAD_SURGEON) if surgeon_id else None
        return replace(self, assignments=(lead, *others) if lead else others)


def hold_period(operation: Operation, in_room: Period, item: Assignment) -> Period:
    """Return from when to when an assignment is held, given wheels-in to wheels-out.

    Theatre, scrub and circulating nurses: set-up to clean-up. Surgeons: ready for incision to
    wheels-out. Anaesthetists, perfusionist, radiographer: wheels-in to wheels-out. Equipment:
    set-up until it is clean again. Bed: from wheels-out for the expected stay.
    """
    role, set_up, clean_up = item.role, operation.set_up_minutes, operation.clean_up_minutes
    if role in (ReservationRole.LEAD_SURGEON, ReservationRole.ASSISTANT):
        return in_room.widened(before=-operation.anaesthesia_minutes)
    if role in (ReservationRole.THEATRE, ReservationRole.SCRUB_NURSE, ReservationRole.CIRCULATING_NURSE):
        return in_room.widened(before=set_up, after=clean_up)
    if role == ReservationRole.ANAESTHETIC_NURSE:
        return in_room.widened(before=set_up)
    if role == ReservationRole.EQUIPMENT:
        return in_room.widened(before=set_up, after=max(clean_up, item.tail_minutes))
    if role == ReservationRole.BED:
        return Period.lasting(in_room.end, operation.bed_minutes or DEFAULT_BED_MINUTES)
    return in_room


def assignments_of(operation: Operation, reservations: "Iterable[Reservation]") -> tuple[Assignment, ...]:
    """Return the active reservations beside the theatre's as assignments."""
    return tuple(
        Assignment(
            resource_id=row.resource_id,
            role=row.role,
            exclusive=row.exclusive,
            tail_minutes=_tail_of(operation, row),
        )
        for row in reservations
        if row.active and row.role != ReservationRole.THEATRE
    )


def _tail_of(operation: Operation, row: Reservation) -> int:
    if row.role != ReservationRole.EQUIPMENT or operation.period is None:
        return 0
    return Period(Period.of(operation.period).end, Period.of(row.period).end).minutes
