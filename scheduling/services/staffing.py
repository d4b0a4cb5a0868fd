"""Give a booked operation its team, equipment and bed, and confirm it."""

from collections.abc import Mapping
from dataclasses import replace

from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from scheduling import permissions
from scheduling.models import ChangeVerb, Operation, ReservationRole
from scheduling.plan import Plan
from scheduling.services.booking import replan
from scheduling.services.errors import InvalidPlanError
from scheduling.services.locking import (
    command,
    lock_operations,
    lock_patients_and_resources,
    reservations_of,
)
from scheduling.services.overriding import Override, accepted_before, resolve_conflicts
from scheduling.services.planning import check_role, team, with_substitutes
from scheduling.services.status_rules import demand_movable
from scheduling.services.writing import Story, place, record, snapshot


def assign_resource(
    *,
    actor: User,
    operation_id: int,
    version: int,
    resource_id: int,
    role: str,
    override: Override | None = None,
) -> Operation:
    """Add a person, an item or a bed to a booked operation. A new lead surgeon replaces the old."""
    authorise(actor, permissions.ASSIGN)
    check_role(role)
    with command():
        (operation,) = lock_operations({operation_id: version}, actor=actor, capability=permissions.ASSIGN)
        demand_movable(operation)
        rows = reservations_of([operation])[operation.pk]
        before = snapshot(operation, rows)
        plan = Plan.current(operation, rows)
        if role == ReservationRole.LEAD_SURGEON:
            plan, about = plan.with_lead(resource_id), None  # blocks may be the surgeon's own
        else:
            plan = replace(plan, assignments=(*plan.assignments, *team([(resource_id, role)])))
            about = frozenset({resource_id})
        replan(actor, operation, plan, rows, before, ChangeVerb.ASSIGNED, override, about=about)
    return operation


def substitute_resources(
    *,
    actor: User,
    operation_id: int,
    version: int,
    substitutes: Mapping[int, int],
    override: Override | None = None,
) -> Operation:
    """Let other people, items or beds take the places of some on the team, each in the same role, as one change.

    ``substitutes`` maps who goes to who comes. What spoke against the operation before and is not about those who come
    stops nothing: where two are away, one can be replaced before the other is. Raises :class:`InvalidPlanError` where
    one who goes is not on the team any more, and what :func:`assign_resource` raises.
    """
    authorise(actor, permissions.ASSIGN)
    if not substitutes:
        raise InvalidPlanError("resource", "Say who is to be replaced, and by whom.")
    with command():
        (operation,) = lock_operations({operation_id: version}, actor=actor, capability=permissions.ASSIGN)
        demand_movable(operation)
        rows = reservations_of([operation])[operation.pk]
        before = snapshot(operation, rows)
        plan = Plan.current(operation, rows)
        roles = {item.resource_id: item.role for item in plan.assignments}
        if not substitutes.keys() <= roles.keys():
            raise InvalidPlanError("resource", "This is not part of the operation's team any more.")
        leads = any(roles[gone] == ReservationRole.LEAD_SURGEON for gone in substitutes)
        about = None if leads else frozenset(substitutes.values())  # blocks may be the surgeon's own
        changed = with_substitutes(plan, substitutes)
        replan(actor, operation, changed, rows, before, ChangeVerb.ASSIGNED, override, about=about, instead_of=plan)
    return operation


def release_resource(*, actor: User, operation_id: int, version: int, resource_id: int) -> Operation:
    """Take a person, an item or a bed off a booked operation; it is free at once."""
    authorise(actor, permissions.ASSIGN)
    with command():
        (operation,) = lock_operations({operation_id: version}, actor=actor, capability=permissions.ASSIGN)
        demand_movable(operation)
        rows = reservations_of([operation])[operation.pk]
        before = snapshot(operation, rows)
        plan = Plan.current(operation, rows)
        kept = tuple(item for item in plan.assignments if item.resource_id != resource_id)
        if len(kept) == len(plan.assignments):
            raise InvalidPlanError("resource", "This is not part of the operation's team any more.")
        # Letting go can't make a new clash, so conflicts that stand already are not asked about again.
        lock_patients_and_resources([operation], [row.resource_id for row in rows if row.active])
        operation.confirmed_at = operation.confirmed_by = None
        place(operation, replace(plan, assignments=kept), rows, status=operation.status)
        story = Story(overrides=accepted_before([operation]).get(operation.pk, []))
        record(actor=actor, operation=operation, verb=ChangeVerb.RELEASED, before=before, rows=rows, story=story)
    return operation


def confirm_operation(*, actor: User, operation_id: int, version: int, override: Override | None = None) -> Operation:
    """State that everything the operation needs is there; refused with what is still missing."""
    authorise(actor, permissions.CONFIRM)
    with command():
        (operation,) = lock_operations({operation_id: version}, actor=actor, capability=permissions.CONFIRM)
        demand_movable(operation)
        rows = reservations_of([operation])[operation.pk]
        before = snapshot(operation, rows)
        plan = replace(Plan.current(operation, rows), confirming=True)
        lock_patients_and_resources([operation], [hold.resource_id for hold in plan.holds])
        accepted = resolve_conflicts(actor, [plan], override)
        operation.confirmed_at, operation.confirmed_by = timezone.now(), actor
        story = Story(overrides=accepted.get(operation.pk, []))
        record(actor=actor, operation=operation, verb=ChangeVerb.CONFIRMED, before=before, rows=rows, story=story)
    return operation
