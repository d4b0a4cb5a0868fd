"""A small hospital that several tests share: two theatres open round the clock, and one of everything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from accounts.models import User
from resources.models import Bed, EquipmentItem, Profession, Resource, Specialty, StaffMember, Theatre
from scheduling.localtime import wall_clock
from scheduling.models import Operation, Priority, Procedure, ReservationRole
from scheduling.period import Period
from scheduling.plan import Plan
from scheduling.services import book_operation
from scheduling.services.planning import team
from tests.factories import (
    BedFactory,
    EquipmentItemFactory,
    EquipmentTypeFactory,
    OperationFactory,
    PriorityFactory,
    ProcedureFactory,
    SpecialtyFactory,
    StaffMemberFactory,
    TheatreFactory,
    UserFactory,
    open_all_week,
)

TUESDAY = 2


def a_tuesday() -> date:
    """Return a day in a month or two on which no clock changes."""
    day = timezone.localdate() + timedelta(days=40)
    return day + timedelta(days=(TUESDAY - day.isoweekday()) % 7)


def clock_change(zone: ZoneInfo, *, forward: bool) -> datetime:
    """Return the instant of the zone's next change of clocks that is at least a month away."""
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=30)
    while True:
        later = at + timedelta(hours=1)
        gain = later.astimezone(zone).utcoffset() - at.astimezone(zone).utcoffset()  # type: ignore[operator]
        if gain and (gain > timedelta()) is forward:
            return later
        at = later


@dataclass(frozen=True, kw_only=True)
class World:
    """Names for what is there. Theatres need no turnover, so that only what a test is about speaks."""

    coordinator: User
    day: date
    specialty: Specialty
    priority: Priority
    procedure: Procedure
    one: Theatre
    two: Theatre
    surgeon: StaffMember
    other_surgeon: StaffMember
    anaesthetist: StaffMember
    nurse: StaffMember
    item: EquipmentItem
    bed: Bed

    @classmethod
    def make(cls) -> "World":
        """Make the rows. The item is cleaned for an hour after use."""
        theatres = [TheatreFactory(name=f"Theatre {n}", turnover_minutes=0) for n in (1, 2)]
        open_all_week(*theatres)
        specialty = SpecialtyFactory(name="Orthopaedics")
        arm = EquipmentTypeFactory(name="C-arm", turnaround_minutes=60)
        return cls(
            coordinator=UserFactory(role="coordinator", given_name="Jo", family_name="Marsh"),
            day=a_tuesday(),
            specialty=specialty,
            priority=PriorityFactory(),
            procedure=ProcedureFactory(name="Hip replacement", specialty=specialty),
            one=theatres[0],
            two=theatres[1],
            surgeon=StaffMemberFactory(name="Mr A. Khan"),
            other_surgeon=StaffMemberFactory(name="Ms R. Doyle"),
            anaesthetist=StaffMemberFactory(name="Dr F. Adeyinka", profession=Profession.ANAESTHETIST),
            nurse=StaffMemberFactory(name="I. Carvalho", profession=Profession.SCRUB_NURSE),
            item=EquipmentItemFactory(name="C-arm 1", type=arm),
            bed=BedFactory(name="Recovery 1"),
        )

    def at(self, hour: int, minute: int = 0, *, days: int = 0) -> datetime:
        """Return an instant of the day (or of one ``days`` later) by the clock on the wall."""
        return wall_clock(self.day + timedelta(days=days), time(hour, minute))

    def waiting(self, **fields: Any) -> Operation:
        """Return an operation on the waiting list: an hour in theatre, without a lead surgeon."""
        given = {"procedure": self.procedure, "priority": self.priority, "actor": self.coordinator}
        return OperationFactory(**{**given, **fields})

    def booked(
        self,
        start: datetime,
        *,
        theatre: Theatre | None = None,
        members: Sequence[tuple[Resource, str]] = (),
        lead: StaffMember | None = None,
        operation: Operation | None = None,
        **fields: Any,
    ) -> Operation:
        """Return an operation booked by the coordinator."""
        operation = operation or self.waiting(**fields)
        return book_operation(
            actor=self.coordinator,
            operation_id=operation.pk,
            version=operation.version,
            theatre_id=(theatre or self.one).pk,
            start=start,
            lead_surgeon_id=lead.pk if lead else None,
            members=[(resource.pk, role) for resource, role in members],
        )

    def whole_team(self) -> list[tuple[Resource, str]]:
        """Return one of each beside theatre and lead surgeon, as ``booked`` takes them."""
        return [
            (self.anaesthetist, ReservationRole.ANAESTHETIST),
            (self.nurse, ReservationRole.SCRUB_NURSE),
            (self.item, ReservationRole.EQUIPMENT),
            (self.bed, ReservationRole.BED),
        ]


def plan_for(
    operation: Operation, theatre: Theatre, start: datetime, *members: tuple[Resource, str], confirming: bool = False
) -> Plan:
    """Return a plan with (resource, role) members."""
    return Plan(
        operation=operation,
        theatre_id=theatre.pk,
        period=Period.lasting(start, operation.in_room_minutes),
        assignments=team([(resource.pk, role) for resource, role in members]),
        confirming=confirming,
    )
