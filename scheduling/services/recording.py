"""Record what really happened; reality is never refused because the plan says otherwise."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from scheduling import permissions
from scheduling.milestones import STATUS_AFTER, out_of_order, status_of
from scheduling.models import ChangeVerb, EventKind, Operation, OperationEvent
from scheduling.services.checklist import check_answers, demand_checklist, keep_answers
from scheduling.services.errors import InvalidPlanError, NotPossibleError
from scheduling.services.locking import GONE, command, lock_operation, reservations_of
from scheduling.services.status_rules import demand_placed
from scheduling.services.writing import Story, record, snapshot

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far a tablet's clock may run ahead of the server's."""

OWN_MISTAKE = timedelta(minutes=2)
"""For so long one takes back one's own wrong tap without saying why."""


NO_ANSWERS: Mapping[int, str] = {}


def record_event(
    *,
    actor: User,
    operation_id: int,
    kind: str,
    at: datetime,
    answers: Mapping[int, str] = NO_ANSWERS,
    reason: str = "",
) -> OperationEvent:
    """Record that something happened at ``at``, for the first time.

    A part of the safety checklist comes with ``answers`` (number of the question to :class:`Answer`); knife to skin
    waits for them, or takes a ``reason`` why nobody could wait. The status follows and never goes back.

    Raises :class:`NotPossibleError` for an operation that is not on the calendar and for a milestone that is recorded
    already (two people may tap at once), and :class:`InvalidPlanError` for a time that has not come yet or that lies on
    the wrong side of another milestone, and for an open checklist.
    """
    authorise(actor, permissions.RECORD)
    check_times({kind: at})
    with command():
        operation = lock_operation(operation_id, actor=actor, capability=permissions.RECORD)
        demand_placed(operation)
        current = current_events(operation)
        if kind in current:
            raise NotPossibleError(f"{_said(current[kind])} Correct its time if it is wrong.")
        check_order({kind: at}, current)
        answered = check_answers(kind, answers)
        if kind == EventKind.KNIFE_TO_SKIN:
            demand_checklist(current, reason)
        else:
            reason = ""
        event = OperationEvent.objects.create(
            operation=operation, kind=kind, at=at, recorded_by=actor, reason=reason.strip()
        )
        keep_answers(event, answered)
        note = _words(event) + (f", without the whole checklist: {event.reason}" if event.reason else "")
        _write(actor, operation, note, status_of([kind], least=operation.status))
    return event


def correct_event(*, actor: User, event_id: int, at: datetime, reason: str) -> OperationEvent:
    """Give a milestone another time, and keep the earlier one with who, when and why.

    Raises what :func:`record_event` raises, and :class:`InvalidPlanError` without a reason.
    """
    authorise(actor, permissions.RECORD)
    _demand_reason(reason)
    found = _find(event_id)
    check_times({found.kind: at})
    with command():
        operation = lock_operation(found.operation_id, actor=actor, capability=permissions.RECORD)
        demand_placed(operation)
        current = current_events(operation)
        earlier = _still_current(found, current)
        check_order({earlier.kind: at}, {kind: event for kind, event in current.items() if kind != earlier.kind})
        _set_aside(earlier)
        event = OperationEvent.objects.create(
            operation=operation, kind=earlier.kind, at=at, recorded_by=actor, supersedes=earlier, reason=reason.strip()
        )
        earlier.answers.update(event=event)  # what was answered stays true; only its time was wrong
        note = f"{_words(event)} instead of {_time(earlier.at)}: {event.reason}"
        _write(actor, operation, note, operation.status)
    return event


def take_back_event(*, actor: User, event_id: int, reason: str = "") -> OperationEvent:
    """Take back a milestone that was recorded by mistake; the status goes back to what the others prove.

    Whoever tapped it a moment ago needs no reason. Raises :class:`InvalidPlanError` where one is needed, and
    :class:`NotPossibleError` where it has been corrected or taken back meanwhile.
    """
    authorise(actor, permissions.RECORD)
    found = _find(event_id)
    if not may_take_back_freely(found, actor):
        _demand_reason(reason)
    with command():
        operation = lock_operation(found.operation_id, actor=actor, capability=permissions.RECORD)
        demand_placed(operation)
        current = current_events(operation)
        event = _still_current(found, current)
        event.taken_back_at, event.taken_back_by = timezone.now(), actor
        event.reason = reason.strip() or event.reason  # why nobody could wait for the checklist stays
        _set_aside(event)
        note = f"Taken back: {_words(event)}" + (f": {event.reason}" if event.reason else "")
        _write(actor, operation, note, status_of(kind for kind in current if kind != event.kind))
    return event


def may_take_back_freely(event: OperationEvent, actor: User) -> bool:
    """Say whether it is the actor's own tap of a moment ago."""
    return event.recorded_by_id == actor.pk and timezone.now() - event.recorded_at <= OWN_MISTAKE


def current_events(operation: Operation) -> dict[str, OperationEvent]:
    """Return the milestones that stand, by kind."""
    rows = OperationEvent.objects.filter(operation=operation, current=True).select_related("recorded_by")
    return {event.kind: event for event in rows}


def check_times(times: Mapping[str, datetime]) -> None:
    """Refuse unknown kinds of event and times that can't be meant (kind to instant)."""
    for kind, at in times.items():
        if kind not in STATUS_AFTER:
            raise InvalidPlanError("kind", "Choose one of the listed events.")
        if timezone.is_naive(at):
            raise InvalidPlanError("at", "The time needs a time zone.")
        if at > timezone.now() + CLOCK_TOLERANCE:
            raise InvalidPlanError("at", "This time has not come yet.")


def check_order(times: Mapping[str, datetime], current: Mapping[str, OperationEvent]) -> None:
    """Refuse times that lie on the wrong side of those that stand, or of one another."""
    known = {kind: event.at for kind, event in current.items()} | dict(times)
    for kind, at in times.items():
        other = out_of_order(kind, at, known)
        if other:
            what, then = EventKind(other).label, _time(known[other])
            side = "before" if at < known[other] else "after"
            message = f"{EventKind(kind).label} at {_time(at)} would be {side} “{what}” at {then}. Check both times."
            raise InvalidPlanError("at", message)


def _find(event_id: int) -> OperationEvent:
    event = OperationEvent.objects.filter(pk=event_id).first()
    if event is None:
        raise NotPossibleError(GONE)
    return event


def _still_current(found: OperationEvent, current: Mapping[str, OperationEvent]) -> OperationEvent:
    """Return the row as it is under the lock."""
    event = current.get(found.kind)
    if event is None or event.pk != found.pk:
        now = f" {_said(event)}" if event else ""
        raise NotPossibleError(f"Somebody has changed this milestone meanwhile.{now} Look again.")
    return event


def _demand_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidPlanError("reason", "Say why: the record keeps it.")


def _set_aside(event: OperationEvent) -> None:
    event.current = False
    event.save(update_fields=["current", "taken_back_at", "taken_back_by", "reason"])


def _write(actor: User, operation: Operation, note: str, status: str) -> None:
    """Set the status and write the change of the operation's history."""
    rows = reservations_of([operation])[operation.pk]
    before = snapshot(operation, rows)
    operation.status = status
    story = Story(note=note)
    record(actor=actor, operation=operation, verb=ChangeVerb.RECORDED, before=before, rows=rows, story=story)


def _said(event: OperationEvent) -> str:
    return f"“{EventKind(event.kind).label}” is recorded: {_time(event.at)}, by {event.recorded_by}."


def _words(event: OperationEvent) -> str:
    return f"{EventKind(event.kind).label} {_time(event.at)}"


def _time(at: datetime) -> str:
    return f"{timezone.localtime(at):%H:%M}"
