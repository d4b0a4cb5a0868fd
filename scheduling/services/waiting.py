"""What changes while an operation waits: fitness, urgency, whose patient it is, and a clock that stands still.

Every one of these may be one of many of a bulk action: ``batch`` is what their histories share.
"""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from resources.models import Profession, StaffMember
from scheduling import permissions
from scheduling.models import Assessment, ChangeVerb, ClockPause, Operation, OperationChange, PauseKind, Priority
from scheduling.services.errors import InvalidPlanError, NotPossibleError
from scheduling.services.locking import command, lock_operations, reservations_of
from scheduling.services.writing import Story, record, snapshot
from scheduling.status import UNPLACED, Status

LONGEST_PAUSE = timedelta(days=5 * 366)
SO_ALREADY = "This is so already; nothing was changed."
NO_UNDO = "This change can't be undone."


def set_readiness(
    *,
    actor: User,
    operation_id: int,
    version: int,
    assessment: str | None = None,
    fit_until: date | None = None,
    short_notice: bool | None = None,
    batch: UUID | None = None,
) -> Operation:
    """Say how far the pre-operative assessment is, until when it counts, and whether the patient can come at once.

    ``None`` leaves the assessment, or the short notice, as it is. Raises :class:`InvalidPlanError` for a date without
    a fit patient or in the past, :class:`NotPossibleError` where there is nothing to change.
    """
    authorise(actor, permissions.BOOK)
    _check_fitness(assessment, fit_until)
    with command():
        operation = _lock(actor, operation_id, version)
        if assessment is None and short_notice in {None, operation.short_notice}:
            raise NotPossibleError(SO_ALREADY)
        before = _standing(operation)
        if assessment is not None:
            operation.assessment, operation.fit_until = assessment, fit_until
        if short_notice is not None:
            operation.short_notice = short_notice
        _write(actor, operation, before, _fitness_in_words(assessment, fit_until, short_notice), batch)
    return operation


def _check_fitness(assessment: str | None, fit_until: date | None) -> None:
    if assessment is not None and assessment not in Assessment.values:
        raise InvalidPlanError("assessment", "Choose one of the listed states.")
    if fit_until and assessment != Assessment.FIT:
        raise InvalidPlanError("fit_until", "Only somebody who was found fit is so until a date.")
    if fit_until and fit_until < timezone.localdate():
        raise InvalidPlanError("fit_until", "This day has passed: the assessment has to be done again.")
    if fit_until and fit_until > timezone.localdate() + LONGEST_PAUSE:
        raise InvalidPlanError("fit_until", "That is more than five years ahead. Check the year.")


def _fitness_in_words(assessment: str | None, fit_until: date | None, short_notice: bool | None) -> str:  # noqa: FBT001
    if assessment is None:
        return "Can come at short notice" if short_notice else "Can’t come at short notice"
    words = str(Assessment(assessment).label)
    words += f" until {fit_until:%d %b %Y}" if fit_until else ""
    return words + (", can come at short notice" if short_notice else "")


def set_priority(
    *, actor: User, operation_id: int, version: int, priority: Priority, batch: UUID | None = None
) -> Operation:
    """Give an operation another priority class; its due date is worked out again.

    The date listed stays: due is that date, the class's target days and the days of the pauses that are over.
    Raises :class:`InvalidPlanError` for a class of emergencies, which have a way of their own.
    """
    authorise(actor, permissions.BOOK)
    if priority.emergency:
        raise InvalidPlanError("priority", "An emergency is placed, it does not wait. Choose another class.")
    with command():
        operation = _lock(actor, operation_id, version)
        if operation.priority_id == priority.pk:
            raise NotPossibleError(SO_ALREADY)
        before = _standing(operation)
        words = f"Priority {operation.priority.code} → {priority.code}"
        operation.priority = priority
        paused = sum(pause.days or 0 for pause in operation.pauses.all())
        operation.due_on = operation.listed_on + timedelta(days=priority.target_days + paused)
        _write(actor, operation, before, f"{words}, due {operation.due_on:%d %b %Y}", batch)
    return operation


def set_surgeon(
    *, actor: User, operation_id: int, version: int, surgeon: StaffMember | None, batch: UUID | None = None
) -> Operation:
    """Make an operation that waits a surgeon's own, or, without one, pooled: any surgeon of the specialty may do it.

    Raises :class:`InvalidPlanError` for somebody who is no surgeon or has left.
    """
    authorise(actor, permissions.BOOK)
    if surgeon and (surgeon.profession != Profession.SURGEON or not surgeon.in_use):
        raise InvalidPlanError("surgeon", f"{surgeon} can't be chosen. Choose a surgeon from the list.")
    with command():
        operation = _lock(actor, operation_id, version)
        if operation.lead_surgeon_id == (surgeon.pk if surgeon else None):
            raise NotPossibleError(SO_ALREADY)
        before = _standing(operation)
        operation.lead_surgeon = surgeon
        _write(actor, operation, before, f"Surgeon’s own: {surgeon}" if surgeon else "Pooled: any surgeon", batch)
    return operation


def pause_clock(
    *,
    actor: User,
    operation_id: int,
    version: int,
    kind: str,
    starts: date,
    ends: date | None = None,
    note: str = "",
    batch: UUID | None = None,
) -> ClockPause:
    """Stop the waiting clock from ``starts`` up to but without ``ends``, or until :func:`resume_clock`.

    The due date moves by the days of a pause once its end is known. Raises :class:`InvalidPlanError` for days that
    can't be meant or that overlap another pause.
    """
    authorise(actor, permissions.BOOK)
    if kind not in PauseKind.values:
        raise InvalidPlanError("kind", "Choose one of the listed reasons.")
    with command():
        operation = _lock(actor, operation_id, version)
        _check_days(operation, starts, ends)
        before = _standing(operation)
        pause = ClockPause.objects.create(
            operation=operation, kind=kind, starts=starts, ends=ends, note=note.strip(), recorded_by=actor
        )
        before["waiting"]["made"] = pause.pk
        if pause.days is None:
            operation.paused_since = starts
        elif operation.due_on:
            operation.due_on += timedelta(days=pause.days)
        until = f" to {ends:%d %b %Y}" if ends else ""
        _write(actor, operation, before, f"Clock paused from {starts:%d %b %Y}{until}: {PauseKind(kind).label}", batch)
    return pause


def resume_clock(*, actor: User, operation_id: int, version: int, ends: date, batch: UUID | None = None) -> Operation:
    """End the pause that goes on; the due date moves by its days."""
    authorise(actor, permissions.BOOK)
    with command():
        operation = _lock(actor, operation_id, version)
        pause = ClockPause.objects.filter(operation=operation, ends=None).first()
        if pause is None:
            raise NotPossibleError("The clock of this operation is not paused.")
        if ends <= pause.starts:
            raise InvalidPlanError("ends", f"The pause began on {pause.starts:%d %b %Y}: its end is after that.")
        if ends > timezone.localdate() + LONGEST_PAUSE:
            raise InvalidPlanError("ends", "That is more than five years ahead. Check the year.")
        before = _standing(operation)
        before["waiting"]["ended"] = pause.pk
        pause.ends = ends
        pause.save(update_fields=["ends"])
        operation.paused_since = None
        if operation.due_on:
            operation.due_on += ends - pause.starts
        _write(actor, operation, before, f"Clock runs again from {ends:%d %b %Y}", batch)
    return operation


def undo_waiting(*, actor: User, change_id: int, batch: UUID | None = None) -> OperationChange:
    """Set an operation that waits back to what it was before one of these changes, if that is still its last one.

    A pause that was entered goes, one that was ended goes on. Raises :class:`StaleVersionError` where somebody changed
    the operation since.
    """
    authorise(actor, permissions.BOOK)
    change = OperationChange.objects.filter(pk=change_id, verb=ChangeVerb.WAITED).first()
    if change is None or not can_undo(change):
        raise NotPossibleError(NO_UNDO)
    then = change.before["waiting"]
    with command():
        operation = _lock(actor, change.operation_id, change.version)
        before = snapshot(operation, ())
        if then.get("made"):
            ClockPause.objects.filter(pk=then["made"], operation=operation).delete()
        if then.get("ended"):
            pause = ClockPause.objects.get(pk=then["ended"], operation=operation)
            pause.ends = None
            pause.save(update_fields=["ends"])
        for name in ("assessment", "short_notice", "priority_id"):
            setattr(operation, name, then[name])
        for name in ("due_on", "fit_until", "paused_since"):
            setattr(operation, name, date.fromisoformat(then[name]) if then[name] else None)
        operation.lead_surgeon_id = change.before["lead_surgeon"]
        rows = reservations_of([operation])[operation.pk]
        story = Story(note=f"Not: {change.note}", undoes=change, batch=batch)
        return record(actor=actor, operation=operation, verb=ChangeVerb.UNDONE, before=before, rows=rows, story=story)


def can_undo(change: OperationChange) -> bool:
    """Say whether a change of an operation that waits kept what it takes to undo it: older ones did not."""
    return "waiting" in change.before


def _standing(operation: Operation) -> dict[str, Any]:
    """Return the snapshot of an operation that waits, with what undo has to put back."""

    def day(at: date | None) -> str | None:
        return at.isoformat() if at else None

    waiting = {
        "priority_id": operation.priority_id,
        "due_on": day(operation.due_on),
        "assessment": operation.assessment,
        "fit_until": day(operation.fit_until),
        "short_notice": operation.short_notice,
        "paused_since": day(operation.paused_since),
    }
    return {**snapshot(operation, ()), "waiting": waiting}


def _lock(actor: User, operation_id: int, version: int) -> Operation:
    (operation,) = lock_operations({operation_id: version}, actor=actor, capability=permissions.BOOK)
    if operation.status not in UNPLACED or operation.status == Status.CANCELLED:
        raise NotPossibleError("This operation does not wait any more. Look at it again.")
    return operation


def _check_days(operation: Operation, starts: date, ends: date | None) -> None:
    if starts < operation.listed_on:
        raise InvalidPlanError("starts", f"The clock began to run on {operation.listed_on:%d %b %Y}, the date listed.")
    if ends and ends <= starts:
        raise InvalidPlanError("ends", "The pause ends after it begins.")
    if max(starts, ends or starts) > timezone.localdate() + LONGEST_PAUSE:
        raise InvalidPlanError("ends" if ends else "starts", "That is more than five years ahead. Check the year.")
    if ends is None and starts > timezone.localdate():
        raise InvalidPlanError("ends", "A pause that begins later needs its end.")
    for other in ClockPause.objects.filter(operation=operation):
        if (other.ends is None or starts < other.ends) and (ends is None or other.starts < ends):
            raise InvalidPlanError("starts", f"There is a pause already: {other}. End or avoid it.")


def _write(actor: User, operation: Operation, before: dict[str, Any], words: str, batch: UUID | None) -> None:
    rows = reservations_of([operation])[operation.pk]
    story = Story(note=words, batch=batch)
    record(actor=actor, operation=operation, verb=ChangeVerb.WAITED, before=before, rows=rows, story=story)
