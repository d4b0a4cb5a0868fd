"""Which conflicts stop a command, and which were accepted with a reason."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from accounts.permissions import authorise
from scheduling import permissions
from scheduling.conflicts import Conflict, SchedulingConflictError, find_conflicts
from scheduling.conflicts.closing import LIST_CLOSED
from scheduling.models import Operation, OperationChange
from scheduling.plan import Plan
from scheduling.services.errors import InvalidPlanError

Accepted = dict[int, list[dict[str, Any]]]
"""By operation: the soft conflicts that stand, as kept in its history."""


@dataclass(frozen=True, slots=True)
class Override:
    """The actor's reason for going ahead in spite of soft conflicts."""

    reason: str

    def __post_init__(self) -> None:
        """Refuse an empty reason: it is what colleagues will read."""
        if not self.reason.strip():
            raise InvalidPlanError("override_reason", "Give the reason for going ahead.")


def resolve_conflicts(
    actor: User,
    plans: Sequence[Plan],
    override: Override | None,
    *,
    about: Collection[int] | None = None,
    instead_of: Plan | None = None,
) -> Accepted:
    """Raise :class:`SchedulingConflictError` unless the plans may stand; return what was accepted.

    A soft conflict that was accepted at the operation's last change and is still the same, on the
    same day, needs no second reason; each change of a closed list needs its own. ``about`` names the
    resources that a command adds: time and place stand already, so soft conflicts that are not about
    them are not asked about. Nor are hard ones that are not about them, where ``instead_of``, the
    plan as it stands, has the very same.
    """
    conflicts = find_conflicts(plans)
    # A plan without soft conflicts needs no look at what was accepted.
    before = accepted_before(plan.operation for plan in plans) if any(not c.is_hard for c in conflicts) else {}
    if about is not None:
        accepted = {_likeness(item) for items in before.values() for item in items}
        standing = _standing(instead_of) if instead_of and any(c.is_hard for c in conflicts) else set()
        conflicts = [
            conflict
            for conflict in conflicts
            if conflict.resource_id in about
            or (conflict.is_hard and _likeness(conflict.as_dict()) not in standing)
            or (not conflict.is_hard and _likeness(conflict.as_dict()) in accepted)
        ]
    return settle(actor, conflicts, override, before)


def _standing(plan: Plan) -> set[tuple[Any, ...]]:
    """Return what speaks against the plan as it stands and nobody may override."""
    return {_likeness(conflict.as_dict()) for conflict in find_conflicts(plan) if conflict.is_hard}


def settle(actor: User, conflicts: Sequence[Conflict], override: Override | None, before: Accepted) -> Accepted:
    """Decide over ``conflicts`` that are known already; see :func:`resolve_conflicts`."""
    standing = (item for items in before.values() for item in items if item["rule"] != LIST_CLOSED)
    known = {_likeness(item): item for item in standing}
    fresh = [c for c in conflicts if c.is_hard or _likeness(c.as_dict()) not in known]
    if any(conflict.is_hard for conflict in fresh) or (fresh and override is None):
        raise SchedulingConflictError(fresh)
    if fresh and override is not None:
        authorise(actor, permissions.OVERRIDE)
    accepted: Accepted = {}
    for conflict in conflicts:
        kept = known.get(_likeness(conflict.as_dict()))
        reason = override.reason.strip() if override else ""
        item = kept or as_kept(conflict, reason, actor)
        accepted.setdefault(conflict.operation_id or 0, []).append(item)
    return accepted


def as_kept(conflict: Conflict, reason: str, actor: User) -> dict[str, Any]:
    """Return an accepted conflict as the history keeps it."""
    return {**conflict.as_dict(), "reason": reason, "by": actor.pk}


def _likeness(item: dict[str, Any]) -> tuple[Any, ...]:
    """Return what makes a conflict the same one again."""
    return tuple(item.get(key) for key in ("operation", "rule", "message", "resource", "other_operation", "day"))


def accepted_before(operations: Iterable[Operation]) -> Accepted:
    """Return the soft conflicts that stand since each operation's last change."""
    numbers = [operation.pk for operation in operations if operation.pk]
    last = OperationChange.objects.filter(operation_id__in=numbers).order_by("operation_id", "-version")
    return dict(last.distinct("operation_id").values_list("operation_id", "overrides"))
