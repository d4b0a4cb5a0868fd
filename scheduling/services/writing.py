"""How a command writes: the operation, its reservations, one history row, and the live update."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypedDict
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from messaging.live import publish_changed
from scheduling.models import (
    CancellationReason,
    ChangeVerb,
    Operation,
    OperationChange,
    OperationEvent,
    Reservation,
    Status,
)
from scheduling.plan import Plan, assignments_of
from scheduling.status import MOVABLE, PLACED, UNPLACED

PLAN_FIELDS = (
    "status",
    "theatre",
    "period",
    "lead_surgeon",
    "set_up_minutes",
    "anaesthesia_minutes",
    "surgery_minutes",
    "clean_up_minutes",
    "estimate_source",
    "confirmed_at",
    "confirmed_by",
    "cancelled_for",
    "priority",
    "due_on",
    "assessment",
    "fit_until",
    "short_notice",
    "paused_since",
    "version",
)
"""The fields that commands write; everything else of an operation is written when it is requested."""


class Story(TypedDict, total=False):
    """What a history row tells beside who, when, before and after."""

    reason: CancellationReason | None
    note: str
    overrides: list[dict[str, Any]]
    undoes: OperationChange | None
    batch: UUID | None


def snapshot(operation: Operation, reservations: Iterable[Reservation]) -> dict[str, Any]:
    """Return the plan as the history keeps it and as undo restores it; instants in ISO 8601, UTC."""
    return {
        "status": operation.status,
        "theatre": operation.theatre_id,
        "start": _iso(operation.starts_at),
        "end": _iso(operation.ends_at),
        "lead_surgeon": operation.lead_surgeon_id,
        "minutes": [
            operation.set_up_minutes,
            operation.anaesthesia_minutes,
            operation.surgery_minutes,
            operation.clean_up_minutes,
        ],
        "estimate_source": operation.estimate_source,
        "confirmed_at": _iso(operation.confirmed_at),
        "confirmed_by": operation.confirmed_by_id,
        "cancelled_for": operation.cancelled_for_id,
        "team": [
            {"resource": a.resource_id, "role": a.role, "exclusive": a.exclusive, "tail": a.tail_minutes}
            for a in assignments_of(operation, reservations)
        ],
    }


def _iso(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


def place(operation: Operation, plan: Plan, rows: list[Reservation], *, status: str = Status.SCHEDULED) -> None:
    """Write a plan's reservations and set the operation's fields; :func:`record` saves those."""
    operation.status = status
    operation.theatre_id = plan.theatre_id
    operation.period = plan.period.as_range()
    operation.lead_surgeon_id = plan.lead_surgeon_id
    _reconcile(operation, rows, wanted={(hold.resource_id, hold.role): hold for hold in plan.holds})


def take_off(operation: Operation, rows: list[Reservation], *, status: str) -> None:
    """Release everything that the operation holds and take it off the calendar."""
    operation.status = status
    operation.theatre_id = None
    operation.period = None
    operation.confirmed_at = operation.confirmed_by = None
    _reconcile(operation, rows, wanted={})


def _reconcile(operation: Operation, rows: list[Reservation], *, wanted: dict[Any, Any]) -> None:
    """Make the active reservations exactly those wanted; rows that exist are used again."""
    changed = []
    for row in rows:
        hold = wanted.get((row.resource_id, row.role))
        period = hold.period.as_range() if hold else row.period
        exclusive = hold.exclusive if hold else row.exclusive
        if (row.active, row.period, row.exclusive) != (hold is not None, period, exclusive):
            row.active, row.period, row.exclusive = hold is not None, period, exclusive
            changed.append(row)
    existing = {(row.resource_id, row.role) for row in rows}
    fresh = [
        Reservation(
            operation=operation,
            resource_id=hold.resource_id,
            role=hold.role,
            period=hold.period.as_range(),
            exclusive=hold.exclusive,
        )
        for key, hold in wanted.items()
        if key not in existing
    ]
    if changed:
        Reservation.objects.bulk_update(changed, ["active", "period", "exclusive"])
    if fresh:
        rows.extend(Reservation.objects.bulk_create(fresh))


def record(
    *,
    actor: User,
    operation: Operation,
    verb: ChangeVerb,
    before: dict[str, Any],
    rows: Sequence[Reservation],
    story: Story | None = None,
) -> OperationChange:
    """Save the operation as its next version, with the one history row that belongs to it.

    What happened on one day says nothing of another: whoever leaves the calendar or goes to another day starts there
    as scheduled, and the milestones so far are set aside. Undo, which restores the status itself, brings them back.
    """
    operation.version += 1
    leaves = operation.status in UNPLACED and before["status"] in PLACED
    goes_on = before["status"] in MOVABLE and _is_another_day(before["start"], operation.starts_at)
    if goes_on and verb != ChangeVerb.UNDONE:
        operation.status = Status.SCHEDULED
    operation.save(update_fields=PLAN_FIELDS)
    after = snapshot(operation, rows)
    change = OperationChange.objects.create(
        operation=operation,
        version=operation.version,
        verb=verb,
        actor=actor,
        before=before,
        after=after,
        **(story or {}),
    )
    if leaves or goes_on:
        why = OFF_CALENDAR if leaves else ANOTHER_DAY
        events = OperationEvent.objects.filter(operation=operation, current=True)
        events.update(current=False, taken_back_at=change.at, taken_back_by=actor, reason=why)
    announce(before, after)
    return change


OFF_CALENDAR = "Taken off the calendar"
"""Why milestones don't stand any more: the operation was postponed, displaced or cancelled."""
ANOTHER_DAY = "Moved to another day"
"""Or it was moved there."""
SAME_NIGHT = timedelta(hours=6)
"""Who is pushed over midnight by no more than this is still the same day's."""


def _is_another_day(then: str | None, now: datetime | None) -> bool:
    """Say whether an operation that was to start at ``then`` (ISO 8601) starts on another day ``now``."""
    if then is None or now is None:
        return False
    start = datetime.fromisoformat(then)
    return timezone.localdate(start) != timezone.localdate(now) and abs(start - now) > SAME_NIGHT


def restore_events(change: OperationChange) -> None:
    """Let the milestones stand again that ``change``, which is undone, set aside; once the undo is on record."""
    events = OperationEvent.objects.filter(operation=change.operation_id, taken_back_at=change.at)
    events.update(current=True, taken_back_at=None, taken_back_by=None, reason="")


def announce(*snapshots: dict[str, Any]) -> None:
    """Tell open calendars, once the command is durable, on which days to look again."""
    days = {day for item in snapshots for day in days_of(item)}
    transaction.on_commit(lambda: publish_changed(days), robust=True)


def days_of(item: dict[str, Any]) -> set[date]:
    """Return the local days that a snapshot's plan touches."""
    ends = [datetime.fromisoformat(item[key]) for key in ("start", "end") if item.get(key)]
    return {timezone.localtime(at).date() for at in ends}
