"""Place an emergency: it, those it pushes back and those it displaces, in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from accounts.models import User
from accounts.permissions import authorise
from scheduling import permissions
from scheduling.access import demand_place
from scheduling.models import CancellationReason, ChangeVerb, Operation, Reservation, ReservationRole, Status
from scheduling.plan import Plan
from scheduling.services.errors import InvalidPlanError, NotPossibleError
from scheduling.services.locking import (
    check_constraints,
    command,
    defer_constraints,
    lock_operations,
    lock_patients_and_resources,
    reservations_of,
)
from scheduling.services.overriding import Override, resolve_conflicts
from scheduling.services.planning import make_plan, team
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
) -> list[Operation]:
    """Book a waiting emergency, push back and displace others, as one command; return it and them, it first.

    ``override`` is the reason that stands in every history for the soft conflicts that this accepts. Raises what
    :func:`~scheduling.services.book_operation` raises, and then nothing was written; :class:`InvalidPlanError` for an
    operation that is no emergency.
    """
    authorise(actor, permissions.BOOK)
    demand_place(actor, permissions.BOOK, theatre_id=theatre_id)
    if displacing.versions:
        authorise(actor, permissions.MOVE)
    if displacing.bumped:
        authorise(actor, permissions.POSTPONE)
    if operation_id in displacing.versions:
        raise InvalidPlanError("place", "An operation can't displace itself.")
    with command():
        seen = {**displacing.versions, operation_id: version}
        locked = {one.pk: one for one in lock_operations(seen, actor=actor, capability=permissions.BOOK)}
        operation = locked[operation_id]
        demand(operation, Status.SCHEDULED)
        if not operation.priority.emergency:
            raise InvalidPlanError("priority", NO_EMERGENCY)
        for number in displacing.versions:
            demand_movable(locked[number])
        rows = reservations_of(list(locked.values()))
        befores = {number: snapshot(one, rows[number]) for number, one in locked.items()}
        lead = [(operation.lead_surgeon_id, ReservationRole.LEAD_SURGEON.value)] if operation.lead_surgeon_id else []
        plans = [make_plan(operation, theatre_id=theatre_id, start=start, assignments=team(lead))]
        plans += [Plan.current(locked[number], rows[number]).at(at) for number, at in sorted(displacing.starts.items())]
        _lock(list(locked.values()), plans, rows)
        defer_constraints()
        batch = uuid4()
        reason = _reason() if displacing.bumped else None
        for number in sorted(displacing.bumped):
            one = locked[number]
            take_off(one, rows[number], status=Status.WAITING)
            story = Story(reason=reason, note=f"Displaced by case {operation_id}", batch=batch)
            _record(actor, one, ChangeVerb.POSTPONED, befores, rows, story)
        accepted = resolve_conflicts(actor, plans, override)
        for plan in plans:
            one = plan.operation
            is_new = one.pk == operation_id
            one.confirmed_at = one.confirmed_by = None
            place(one, plan, rows[one.pk], status=Status.SCHEDULED if is_new else one.status)
            note = override.reason if is_new else f"Pushed back by case {operation_id}"
            story = Story(note=note, overrides=accepted.get(one.pk, []), batch=batch)
            _record(actor, one, ChangeVerb.BOOKED if is_new else ChangeVerb.PUSHED, befores, rows, story)
        check_constraints()
    others = [locked[number] for number in sorted(displacing.versions)]
    return [operation, *others]


def _lock(operations: list[Operation], plans: list[Plan], rows: dict[int, list[Reservation]]) -> None:
    held = {row.resource_id for group in rows.values() for row in group if row.active}
    held.update(hold.resource_id for plan in plans for hold in plan.holds)
    lock_patients_and_resources(operations, held)


def _record(
    actor: User,
    operation: Operation,
    verb: ChangeVerb,
    befores: dict[int, dict[str, Any]],
    rows: dict[int, list[Reservation]],
    story: Story,
) -> None:
    number = operation.pk
    record(actor=actor, operation=operation, verb=verb, before=befores[number], rows=rows[number], story=story)


def _reason() -> CancellationReason:
    found = CancellationReason.objects.filter(code=DISPLACED, in_use=True).first()
    if found is None:
        message = f"The list of reasons has no “{DISPLACED}” in use. Ask an administrator; load_reference brings it."
        raise NotPossibleError(message)
    return found
