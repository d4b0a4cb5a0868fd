"""Place an emergency: it, those it pushes back and those it displaces, in one transaction."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from accounts.models import User
from accounts.permissions import authorise
from scheduling import permissions
from scheduling.access import demand_place
from scheduling.conflicts import SchedulingConflictError, find_conflicts
from scheduling.models import CancellationReason, ChangeVerb, Operation, Reservation, ReservationRole, Status
from scheduling.plan import Plan
from scheduling.services.errors import InvalidPlanError, NotPossibleError
from scheduling.services.locking import (
    check_constraints,
    command,
    defer_constraints,
    demand_reach,
    lock_operations,
    lock_patients_and_resources,
    reservations_of,
)
from scheduling.services.overriding import Accepted, Override, resolve_conflicts
from scheduling.services.planning import check_start, make_plan, team
from scheduling.services.status_rules import demand, demand_movable
from scheduling.services.writing import Story, place, record, snapshot, take_off

DISPLACED = "emergency-displaced"
"""The code of the reason why a displaced case goes back to the waiting list; ``load_reference`` brings it."""

NO_EMERGENCY = "This is no emergency. Book it on the schedule."


@dataclass(frozen=True, slots=True, kw_only=True)
class Displacing:
    """What an emergency does to others: by number, the version seen of each, and the new start of those pushed back."""

    versions: Mapping[int, int]
    starts: Mapping[int, datetime]

    @property
    def bumped(self) -> set[int]:
        """Those that go back to the waiting list."""
        return set(self.versions) - set(self.starts)


def place_emergency(
    *,
    actor: User,
    operation_id: int,
    version: int,
    theatre_id: int,
    start: datetime,
    displacing: Displacing,
    override: Override,
    accepts: Collection[tuple[int, str]] | None = None,
) -> list[Operation]:
    """Book a waiting emergency, push back and displace others, as one command; return it and them, it first.

    ``override`` is the reason that stands in every history for the soft conflicts that this accepts; ``accepts`` are
    those that were shown (operation, rule), and a new one is refused. Raises what
    :func:`~scheduling.services.book_operation` raises, and then nothing was written; :class:`InvalidPlanError` for an
    operation that is no emergency.
    """
    _authorise_all(actor, operation_id, theatre_id, displacing)
    with command():
        seen = {**displacing.versions, operation_id: version}
        locked = {one.pk: one for one in lock_operations(seen, actor=actor, capability=permissions.BOOK)}
        operation = locked[operation_id]
        _demand_emergency(operation)
        demand_reach(actor, permissions.MOVE, displacing.starts.keys())
        demand_reach(actor, permissions.POSTPONE, displacing.bumped)
        for number in displacing.versions:
            _demand_displaceable(locked[number], theatre_id, displacing.starts.get(number))
        rows = reservations_of(list(locked.values()))
        lead = [(operation.lead_surgeon_id, ReservationRole.LEAD_SURGEON.value)] if operation.lead_surgeon_id else []
        plans = [make_plan(operation, theatre_id=theatre_id, start=start, assignments=team(lead))]
        for number, at in sorted(displacing.starts.items()):
            plans.append(Plan.current(locked[number], rows[number]).at(check_start(at)))
        _lock(list(locked.values()), plans, rows)
        defer_constraints()
        writing = _Writing(actor=actor, operation=operation, rows=rows)
        writing.send_home([locked[number] for number in sorted(displacing.bumped)])
        if accepts is not None:
            _demand_known(plans, accepts)
        writing.put(plans, resolve_conflicts(actor, plans, override), override.reason)
        check_constraints()
    return [operation, *(locked[number] for number in sorted(displacing.versions))]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writing:
    """One command's writing: everything shares a batch, so that undo takes all of it back."""

    actor: User
    operation: Operation
    rows: dict[int, list[Reservation]]
    batch: UUID = field(default_factory=uuid4)

    def send_home(self, operations: list[Operation]) -> None:
        """Put the displaced back on the waiting list."""
        reason = _reason() if operations else None
        for one in operations:
            before = snapshot(one, self.rows[one.pk])
            take_off(one, self.rows[one.pk], status=Status.WAITING)
            story = Story(reason=reason, note=f"Displaced by case {self.operation.pk}", batch=self.batch)
            self._record(one, ChangeVerb.POSTPONED, before, story)

    def put(self, plans: list[Plan], accepted: Accepted, reason: str) -> None:
        """Book the emergency and push the others back."""
        for plan in plans:
            one = plan.operation
            is_new = one.pk == self.operation.pk
            before = snapshot(one, self.rows[one.pk])
            one.confirmed_at = one.confirmed_by = None
            place(one, plan, self.rows[one.pk], status=Status.SCHEDULED if is_new else one.status)
            note = reason if is_new else f"Pushed back by case {self.operation.pk}"
            story = Story(note=note, overrides=accepted.get(one.pk, []), batch=self.batch)
            self._record(one, ChangeVerb.BOOKED if is_new else ChangeVerb.PUSHED, before, story)

    def _record(self, one: Operation, verb: ChangeVerb, before: dict[str, Any], story: Story) -> None:
        rows = self.rows[one.pk]
        record(actor=self.actor, operation=one, verb=verb, before=before, rows=rows, story=story)


def _authorise_all(actor: User, operation_id: int, theatre_id: int, displacing: Displacing) -> None:
    authorise(actor, permissions.BOOK)
    demand_place(actor, permissions.BOOK, theatre_id=theatre_id)
    if displacing.versions:
        authorise(actor, permissions.MOVE)
    if displacing.bumped:
        authorise(actor, permissions.POSTPONE)
    if operation_id in displacing.versions:
        raise InvalidPlanError("place", "An operation can't displace itself.")


def _demand_emergency(operation: Operation) -> None:
    demand(operation, Status.SCHEDULED)
    if not operation.priority.emergency:
        raise InvalidPlanError("priority", NO_EMERGENCY)


def _demand_displaceable(operation: Operation, theatre_id: int, start: datetime | None) -> None:
    """Refuse who has begun, who is in another theatre, and a start that is not later than the one planned."""
    demand_movable(operation)
    if operation.theatre_id != theatre_id:
        raise InvalidPlanError("displaces", "Only cases of the same theatre can be displaced. Open the page again.")
    if start is not None and operation.starts_at and check_start(start) <= operation.starts_at:
        raise InvalidPlanError("displaces", "A case is pushed back, never forward. Open the page again.")


def _demand_known(plans: list[Plan], accepts: Collection[tuple[int, str]]) -> None:
    """Refuse a warning that was not on the page: nobody has accepted it."""
    fresh = [one for one in find_conflicts(plans) if not one.is_hard and (one.operation_id, one.rule) not in accepts]
    if fresh:
        raise SchedulingConflictError(fresh)


def _lock(operations: list[Operation], plans: list[Plan], rows: dict[int, list[Reservation]]) -> None:
    held = {row.resource_id for group in rows.values() for row in group if row.active}
    held.update(hold.resource_id for plan in plans for hold in plan.holds)
    lock_patients_and_resources(operations, held)


def _reason() -> CancellationReason:
    found = CancellationReason.objects.filter(code=DISPLACED, in_use=True).first()
    if found is None:
        message = f"The list of reasons has no “{DISPLACED}” in use. Ask an administrator; load_reference brings it."
        raise NotPossibleError(message)
    return found
