"""Book and move one operation."""

from collections.abc import Collection, Sequence
from datetime import datetime

from accounts.models import User
from accounts.permissions import authorise
from scheduling import permissions
from scheduling.access import demand_place
from scheduling.models import ChangeVerb, Operation, ReservationRole, Status
from scheduling.plan import Plan, assignments_of
from scheduling.services.locking import (
    command,
    lock_operations,
    lock_patients_and_resources,
    reservations_of,
)
from scheduling.services.overriding import Override, resolve_conflicts
from scheduling.services.planning import (
    UNCHANGED,
    Unchanged,
    make_plan,
    set_minutes,
    team,
)
from scheduling.services.status_rules import demand, demand_movable
from scheduling.services.writing import Story, place, record, snapshot


def book_operation(
    *,
    actor: User,
    operation_id: int,
    version: int,
    theatre_id: int,
    start: datetime,
    minutes: int | None = None,
    lead_surgeon_id: int | None | Unchanged = UNCHANGED,
    members: Sequence[tuple[int, str]] = (),
    override: Override | None = None,
) -> Operation:
    """Give a waiting operation a theatre, a time and a team.

    ``start`` is wheels-in, ``minutes`` wheels-in to wheels-out, ``members`` (resource, role) pairs
    beside theatre and lead surgeon. Raises :class:`SchedulingConflictError`,
    :class:`StaleVersionError`, :class:`NotPossibleError`, :class:`InvalidPlanError`; then nothing
    was written.
    """
    authorise(actor, permissions.BOOK)
    demand_place(actor, permissions.BOOK, theatre_id=theatre_id)
    with command():
        (operation,) = lock_operations({operation_id: version}, actor=actor, capability=permissions.BOOK)
        demand(operation, Status.SCHEDULED)
        rows = reservations_of([operation])[operation.pk]
        before = snapshot(operation, rows)
        lead = operation.lead_surgeon_id if isinstance(lead_surgeon_id, Unchanged) else lead_surgeon_id
        set_minutes(operation, minutes)
        people = [*([(lead, ReservationRole.LEAD_SURGEON.value)] if lead else []), *members]
        plan = make_plan(operation, theatre_id=theatre_id, start=start, assignments=team(people))
        lock_patients_and_resources([operation], [hold.resource_id for hold in plan.holds])
        accepted = resolve_conflicts(actor, [plan], override)
        place(operation, plan, rows)
        story = Story(overrides=accepted.get(operation.pk, []))
        record(actor=actor, operation=operation, verb=ChangeVerb.BOOKED, before=before, rows=rows, story=story)
    return operation


def move_operation(
    *,
    actor: User,
    operation_id: int,
    version: int,
    theatre_id: int,
    start: datetime,
    minutes: int | None = None,
    lead_surgeon_id: int | None | Unchanged = UNCHANGED,
    override: Override | None = None,
) -> Operation:
    """Move a booked operation to another time, theatre, length or lead surgeon; the team follows.

    Raises what :func:`book_operation` raises. Moving takes back a confirmation.
    """
    authorise(actor, permissions.MOVE)
    demand_place(actor, permissions.MOVE, theatre_id=theatre_id)
    with command():
        (operation,) = lock_operations({operation_id: version}, actor=actor, capability=permissions.MOVE)
        demand_movable(operation)
        rows = reservations_of([operation])[operation.pk]
        before = snapshot(operation, rows)
        members = assignments_of(operation, rows)
        set_minutes(operation, minutes)
        plan = make_plan(operation, theatre_id=theatre_id, start=start, assignments=members)
        if not isinstance(lead_surgeon_id, Unchanged):
            plan = plan.with_lead(lead_surgeon_id)
        replan(actor, operation, plan, rows, before, ChangeVerb.MOVED, override)
    return operation


def replan(
    actor: User,
    operation: Operation,
    plan: Plan,
    rows: list,  # type: ignore[type-arg]
    before: dict[str, object],
    verb: ChangeVerb,
    override: Override | None,
    *,
    about: Collection[int] | None = None,
    instead_of: Plan | None = None,
) -> None:
    """Put a placed, locked operation on another plan; the status stays what it is.

    ``about`` and ``instead_of``: see :func:`~scheduling.services.overriding.resolve_conflicts`.
    """
    held = [row.resource_id for row in rows if row.active]
    lock_patients_and_resources([operation], [*held, *(hold.resource_id for hold in plan.holds)])
    accepted = resolve_conflicts(actor, [plan], override, about=about, instead_of=instead_of)
    operation.confirmed_at = operation.confirmed_by = None
    place(operation, plan, rows, status=operation.status)
    story = Story(overrides=accepted.get(operation.pk, []))
    record(actor=actor, operation=operation, verb=verb, before=before, rows=rows, story=story)
