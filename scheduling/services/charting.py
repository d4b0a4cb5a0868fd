"""Enter afterwards what a paper chart says about an operation: for days without the system."""

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from scheduling import permissions
from scheduling.milestones import status_of
from scheduling.models import ChangeVerb, EventKind, Operation, OperationEvent
from scheduling.services.locking import command, lock_operation, reservations_of
from scheduling.services.recording import check_order, check_times, current_events
from scheduling.services.status_rules import demand_placed
from scheduling.services.writing import Story, record, snapshot


def record_chart(*, actor: User, operation_id: int, times: Mapping[str, datetime]) -> Operation:
    """Record all ``times`` (event kind to instant) of one operation as one change of its history.

    Kinds that were recorded already keep what they have: correct them one by one with
    :func:`~scheduling.services.correct_event`. Raises what :func:`~scheduling.services.record_event` raises.
    """
    authorise(actor, permissions.RECORD)
    check_times(times)
    with command():
        operation = lock_operation(operation_id, actor=actor, capability=permissions.RECORD)
        demand_placed(operation)
        fresh = _add_missing(operation, times, actor)
        if not fresh:
            return operation
        rows = reservations_of([operation])[operation.pk]
        before = snapshot(operation, rows)
        operation.status = status_of(fresh, least=operation.status)
        words = ", ".join(f"{EventKind(kind).label} {timezone.localtime(times[kind]):%H:%M}" for kind in fresh)
        story = Story(note=f"From the chart: {words}")
        record(
            actor=actor,
            operation=operation,
            verb=ChangeVerb.RECORDED,
            before=before,
            rows=rows,
            story=story,
        )
    return operation


def _add_missing(operation: Operation, times: Mapping[str, datetime], actor: User) -> list[str]:
    """Write the events that are not there yet and return their kinds in order of time."""
    current = current_events(operation)
    fresh = sorted(set(times) - set(current), key=lambda kind: times[kind])
    check_order({kind: times[kind] for kind in fresh}, current)
    for kind in fresh:
        OperationEvent.objects.create(operation=operation, kind=kind, at=times[kind], recorded_by=actor)
    return fresh
