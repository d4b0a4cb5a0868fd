"""What an operation needs besides a theatre, as rows that the slot query reads."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from typing import Any

from django.db.models import QuerySet

from resources.models import Bed, EquipmentItem, StaffCredential, StaffMember
from scheduling.conflicts.rules_hard import PROFESSIONS
from scheduling.models import KIT_AWAITED, Operation, ReservationRole
from scheduling.period import Period
from scheduling.plan import Assignment, assignments_of, hold_period

Row = dict[str, Any]
"""One resource that could serve a need: ``key`` names the need, ``quantity`` how many it takes;
``before`` and ``after`` are the minutes from wheels-in to the begin and the end of the hold."""


class Requirements:
    """Everything that has to be free at once: the team that is named already, and what is still needed.

    ``keys`` names each need, also one that nothing in the hospital can serve; ``rows`` say who could.
    """

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.keys: list[str] = []
        self.rows: list[Row] = []
        self.team = _team_of(operation)
        self.named = {item.resource_id for item in self.team}
        self._add_team()
        self._add_equipment()
        self._add_staff()
        self._add_bed()

    def _add(self, key: str, quantity: int, who: Iterable[Assignment]) -> None:
        if quantity > 0:
            self.keys.append(key)
            self.rows += [_row(self.operation, key, quantity, item) for item in who]

    def _add_team(self) -> None:
        """Each of those who are named has to be free, and still be able to serve."""
        people = {item.resource_id: item.role for item in self.team if item.role in PROFESSIONS}
        able = {
            person.pk
            for person in StaffMember.objects.filter(pk__in=people, in_use=True)
            if person.profession in PROFESSIONS[people[person.pk]]
        }
        things = self.named - people.keys()
        able.update(EquipmentItem.objects.filter(pk__in=things, in_use=True).values_list("pk", flat=True))
        able.update(Bed.objects.filter(pk__in=things, in_use=True).values_list("pk", flat=True))
        for item in self.team:
            self._add(f"named {item.resource_id}", 1, [item] if item.resource_id in able else [])

    def _add_equipment(self) -> None:
        items = EquipmentItem.objects.filter(in_use=True)
        of_type = Counter(items.filter(pk__in=self.named).values_list("type_id", flat=True))
        for need in self.operation.equipment_needs.select_related("equipment_type"):
            kind = need.equipment_type
            others = items.filter(type=kind).exclude(pk__in=self.named).values_list("pk", flat=True)
            self._add(
                f"equipment {kind.pk}",
                need.quantity - of_type[kind.pk],
                (Assignment(resource_id=pk, role="equipment", tail_minutes=kind.turnaround_minutes) for pk in others),
            )

    def _add_staff(self) -> None:
        """Each role needs its own; two roles that the same people can serve need as many as both together."""
        held = Counter(item.role for item in self.team)
        held[ReservationRole.ANAESTHETIST] += held[ReservationRole.SUPERVISING_ANAESTHETIST]
        posts = {post.role: post.quantity - held[post.role] for post in self.operation.staff_needs.all()}
        posts = {role: quantity for role, quantity in posts.items() if quantity > 0}
        for role, quantity in posts.items():
            who = self._able(PROFESSIONS.get(role, frozenset()), role)
            self._add(f"staff {role}", quantity, (Assignment(resource_id=pk, role=role) for pk in who))
        for one, other in combinations(posts, 2):
            able = PROFESSIONS.get(one, frozenset()), PROFESSIONS.get(other, frozenset())
            if able[0] & able[1]:
                who = self._able(able[0] | able[1], one)
                self._add(
                    f"staff {one} and {other}",
                    posts[one] + posts[other],
                    (Assignment(resource_id=pk, role=one) for pk in who),
                )

    def _able(self, professions: frozenset[str], role: str) -> "QuerySet[StaffMember, int]":
        able = StaffMember.objects.filter(profession__in=professions, in_use=True).exclude(pk__in=self.named)
        if role == ReservationRole.SUPERVISING_ANAESTHETIST:
            able = able.filter(supervises_at_once__gt=0)
        return able.values_list("pk", flat=True)

    def _add_bed(self) -> None:
        kind = self.operation.bed_kind
        if kind and not any(item.role == ReservationRole.BED for item in self.team):
            beds = Bed.objects.filter(bed_kind=kind, in_use=True).values_list("pk", flat=True)
            self._add("bed", 1, (Assignment(resource_id=pk, role=ReservationRole.BED) for pk in beds))


def _team_of(operation: Operation) -> list[Assignment]:
    """Return the team of a placed operation, which moves with it, led by whoever leads now."""
    rows = operation.reservations.filter(active=True) if operation.pk else ()
    members = [item for item in assignments_of(operation, rows) if item.role != ReservationRole.LEAD_SURGEON]
    lead = operation.lead_surgeon_id
    return [Assignment(resource_id=lead, role=ReservationRole.LEAD_SURGEON), *members] if lead else members


def credentialed_days(operation: Operation) -> tuple[date, date] | None:
    """Return the first and last day on which the lead surgeon may do the procedure, ``None`` if never."""
    first, last = date.min, date.max
    required = set(operation.procedure.credentials.values_list("pk", flat=True))
    if operation.lead_surgeon_id is None or not required:
        return first, last
    held = StaffCredential.objects.filter(staff_member=operation.lead_surgeon_id, credential__in=required)
    for row in held:
        first, last = max(first, row.valid_from or first), min(last, row.valid_until or last)
        required.discard(row.credential_id)
    return None if required or first > last else (first, last)


def kit_in_time_from(operation: Operation) -> date:
    """Return the first day on which all kit on loan is here in time, as promised; ``date.min`` without any."""
    if not operation.pk:
        return date.min
    promised = operation.loan_kit.filter(state__in=KIT_AWAITED, expected_on__isnull=False)
    days = promised.values_list("expected_on", "days_before")
    return max((day + timedelta(days=before) for day, before in days if day), default=date.min)


def _row(operation: Operation, key: str, quantity: int, item: Assignment) -> Row:
    start = datetime(2000, 1, 3, tzinfo=UTC)
    hold = hold_period(operation, Period.lasting(start, operation.in_room_minutes), item)
    return {
        "key": key,
        "quantity": quantity,
        "resource_id": item.resource_id,
        "before": int((hold.start - start).total_seconds() // 60),
        "after": int((hold.end - start).total_seconds() // 60),
    }
