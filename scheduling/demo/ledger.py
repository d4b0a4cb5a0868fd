"""Who and what is free: the demo's own memory, so that it asks for a team that can come."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from resources.models import Bed, EquipmentItem, Shift, StaffMember, Unavailability
from scheduling.demo.staff import ON_CALL
from scheduling.models import Operation, Reservation, ReservationRole
from scheduling.period import Period
from scheduling.plan import Assignment, hold_period

Member = tuple[int, str]
"""A resource and the role in which it serves."""


@dataclass(slots=True)
class Ledger:
    """What is taken, by resource, and the resources to choose from."""

    taken: dict[int, list[Period]] = field(default_factory=lambda: defaultdict(list))
    shifts: dict[int, list[Period]] = field(default_factory=lambda: defaultdict(list))
    people: dict[str, list[StaffMember]] = field(default_factory=lambda: defaultdict(list))
    items: dict[int, list[EquipmentItem]] = field(default_factory=lambda: defaultdict(list))
    beds: dict[str, list[Bed]] = field(default_factory=lambda: defaultdict(list))
    on_call: set[int] = field(default_factory=set)

    @classmethod
    def read(cls) -> "Ledger":
        """Read the hospital as it stands, what is booked already included."""
        ledger = cls()
        for person in (
            StaffMember.objects.filter(in_use=True).prefetch_related("specialties", "credentials").order_by("pk")
        ):
            ledger.people[person.profession].append(person)
        for group in ledger.people.values():
            ledger.on_call.update(person.pk for person in [row for row in group if row.rostered][-ON_CALL:])
        for item in EquipmentItem.objects.filter(in_use=True).select_related("type"):
            ledger.items[item.type_id].append(item)
        for bed in Bed.objects.filter(in_use=True):
            ledger.beds[bed.bed_kind].append(bed)
        for shift in Shift.objects.filter(on_call=False):
            ledger.shifts[shift.staff_member_id].append(Period.of(shift.period))
        away = Unavailability.objects.values_list("resource_id", "period")
        held = Reservation.objects.filter(active=True).values_list("resource_id", "period")
        for resource_id, period in (*away, *held):
            ledger.taken[resource_id].append(Period.of(period))
        return ledger

    def is_free(self, resource_id: int, period: Period) -> bool:
        """Say whether nothing holds the resource in ``period``."""
        return not any(held.overlaps(period) for held in self.taken[resource_id])

    def is_on_duty(self, person: StaffMember, period: Period) -> bool:
        """Say whether a shift covers ``period``, where the person works by shifts."""
        return not person.rostered or any(shift.contains(period) for shift in self.shifts[person.pk])

    def take(self, operation: Operation, in_room: Period, members: Iterable[Member]) -> None:
        """Remember what an operation holds from now on."""
        for resource_id, role in members:
            self.taken[resource_id].append(hold_period(operation, in_room, self._assignment(resource_id, role)))

    def find_team(
        self,
        operation: Operation,
        in_room: Period,
        *,
        theatre_id: int,
        familiar: set[int],
        emergency: bool,
    ) -> list[Member] | None:
        """Return everybody and everything that ``operation`` needs beside its lead, or ``None``.

        ``familiar`` people are asked first: those who work in this theatre that day anyway. The
        team on call is left to the emergency theatre.
        """
        theatre = Assignment(resource_id=theatre_id, role=ReservationRole.THEATRE)
        if not self.is_free(theatre_id, hold_period(operation, in_room, theatre)):
            return None
        team: list[Member] = []
        for role, candidates, count in self._needs(operation, emergency=emergency):
            ordered = sorted(
                candidates,
                key=lambda row: (row.pk not in familiar, len(self.taken[row.pk])),
            )
            chosen = self._first_free(operation, in_room, role, ordered, count=count, team=team)
            if len(chosen) < count:
                return None
            team.extend((row.pk, role) for row in chosen)
        return team

    def _needs(self, operation: Operation, *, emergency: bool) -> Iterable[tuple[str, Sequence[Any], int]]:
        procedure = operation.procedure
        for need in procedure.staff_needs.all():
            registrar = need.role == ReservationRole.ASSISTANT
            people = self.people["surgeon" if registrar else need.role]
            rostered = [p for p in people if p.rostered and (emergency or p.pk not in self.on_call)]
            yield need.role, rostered, need.quantity
        for item in procedure.equipment_needs.all():
            yield (
                ReservationRole.EQUIPMENT,
                self.items[item.equipment_type_id],
                item.quantity,
            )
        if operation.bed_kind:
            yield ReservationRole.BED, self.beds[operation.bed_kind], 1

    def _first_free(
        self,
        operation: Operation,
        in_room: Period,
        role: str,
        candidates: Sequence[Any],
        *,
        count: int,
        team: Sequence[Member],
    ) -> list[Any]:
        already = {resource_id for resource_id, _ in team}
        chosen = []
        for row in candidates:
            period = hold_period(operation, in_room, self._assignment(row.pk, role, row))
            on_duty = not isinstance(row, StaffMember) or self.is_on_duty(row, period)
            if row.pk not in already and on_duty and self.is_free(row.pk, period):
                chosen.append(row)
            if len(chosen) == count:
                break
        return chosen

    def _assignment(self, resource_id: int, role: str, row: object = None) -> Assignment:
        if role != ReservationRole.EQUIPMENT:
            return Assignment(resource_id=resource_id, role=role)
        item = row if isinstance(row, EquipmentItem) else self._item(resource_id)
        return Assignment(
            resource_id=resource_id,
            role=role,
            tail_minutes=item.type.turnaround_minutes,
        )

    def _item(self, resource_id: int) -> EquipmentItem:
        return next(item for items in self.items.values() for item in items if item.pk == resource_id)
