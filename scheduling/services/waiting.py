"""What changes while an operation waits: fitness, short notice, and a clock that stands still."""

from datetime import date, timedelta

from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from scheduling import permissions
from scheduling.models import Assessment, ChangeVerb, ClockPause, Operation, PauseKind
from scheduling.services.errors import InvalidPlanError, NotPossibleError
from scheduling.services.locking import command, lock_operations, reservations_of
from scheduling.services.writing import Story, record, snapshot
from scheduling.status import UNPLACED, Status

LONGEST_PAUSE = timedelta(days=5 * 366)


def set_readiness(
    *,
    actor: User,
    operation_id: int,
    version: int,
    assessment: str,
    fit_until: date | None = None,
    short_notice: bool = False,
) -> Operation:
    """Say how far the pre-operative assessment is, until when it counts, and whether the patient can come at once.

    Raises :class:`InvalidPlanError` for a date without a fit patient or in the past.
    """
    authorise(actor, permissions.BOOK)
    if assessment not in Assessment.values:
        raise InvalidPlanError("assessment", "Choose one of the listed states.")
    if fit_until and assessment != Assessment.FIT:
        raise InvalidPlanError("fit_until", "Only somebody who was found fit is so until a date.")
    if fit_until and fit_until < timezone.localdate():
        raise InvalidPlanError("fit_until", "This day has passed: the assessment has to be done again.")
    with command():
        operation = _lock(actor, operation_id, version)
        before = snapshot(operation, ())
        operation.assessment, operation.fit_until, operation.short_notice = assessment, fit_until, short_notice
        words = str(Assessment(assessment).label)
        words += f" until {fit_until:%d %b %Y}" if fit_until else ""
        words += ", can come at short notice" if short_notice else ""
        _write(actor, operation, before, words)
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
        before = snapshot(operation, ())
        pause = ClockPause.objects.create(
            operation=operation, kind=kind, starts=starts, ends=ends, note=note.strip(), recorded_by=actor
        )
        if pause.days is None:
            operation.paused_since = starts
        elif operation.due_on:
            operation.due_on += timedelta(days=pause.days)
        until = f" to {ends:%d %b %Y}" if ends else ""
        _write(actor, operation, before, f"Clock paused from {starts:%d %b %Y}{until}: {PauseKind(kind).label}")
    return pause


def resume_clock(*, actor: User, operation_id: int, version: int, ends: date) -> Operation:
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
        before = snapshot(operation, ())
        pause.ends = ends
        pause.save(update_fields=["ends"])
        operation.paused_since = None
        if operation.due_on:
            operation.due_on += ends - pause.starts
        _write(actor, operation, before, f"Clock runs again from {ends:%d %b %Y}")
    return operation


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


def _write(actor: User, operation: Operation, before: dict[str, object], words: str) -> None:
    rows = reservations_of([operation])[operation.pk]
    story = Story(note=words)
    record(actor=actor, operation=operation, verb=ChangeVerb.WAITED, before=before, rows=rows, story=story)
