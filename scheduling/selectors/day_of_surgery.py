"""The day of one operation: what has happened, what comes next, and what was recorded wrongly."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accounts.models import User
from scheduling import permissions
from scheduling.forms.recording import CorrectForm, DelayForm, RecordForm
from scheduling.milestones import open_kinds
from scheduling.models import ChecklistAnswer, EventKind, Operation, OperationDelay, OperationEvent
from scheduling.services.checklist import missing_before_knife, parts_with_items
from scheduling.services.recording import may_take_back_freely

Failed = RecordForm | CorrectForm | DelayForm | None
"""A form that was refused, with what was typed into it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    """A milestone that can be recorded; one with a checklist has a page of its own."""

    kind: str
    label: str
    has_checklist: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """One that happened, with the form that corrects it."""

    event: OperationEvent
    label: str
    answers: list[ChecklistAnswer]
    correction: CorrectForm | None
    freely: bool
    """The viewer tapped it a moment ago and may take it back without a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A recording that did not stay, and why."""

    label: str
    was: datetime
    became: datetime | None
    """The time it was corrected to; None where it was taken back."""
    by: User
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfSurgery:
    """What the panel shows; ``expected`` is the big button, ``others`` are the small ones.

    ``knife_waits_for`` names the parts of the checklist without which nobody cuts.
    """

    done: list[Milestone]
    set_aside: list[SetAside]
    delays: list[OperationDelay]
    form: RecordForm | None
    delay_form: DelayForm | None
    expected: Tap | None
    others: list[Tap]
    knife_waits_for: list[str]
    is_today: bool


def day_of_surgery(operation: Operation, viewer: User, failed: Failed = None) -> DayOfSurgery:
    """Return what the panel of ``operation`` shows; ``failed`` keeps what was typed into the form that was refused."""
    rows = list(
        operation.events.select_related("recorded_by", "taken_back_by", "supersedes")
        .prefetch_related("answers")
        .order_by("at", "recorded_at")
    )
    may_record = operation.is_placed and viewer.can(permissions.RECORD)
    current = [event for event in rows if event.current]
    expected, others, waits_for = _taps({event.kind for event in current}) if may_record else (None, [], [])
    return DayOfSurgery(
        done=[_milestone(event, viewer, failed, may_record=may_record) for event in current],
        set_aside=_set_aside(rows),
        delays=list(operation.delays.filter(taken_back_at=None).select_related("reason", "recorded_by")),
        form=(failed if isinstance(failed, RecordForm) else RecordForm()) if may_record else None,
        delay_form=(failed if isinstance(failed, DelayForm) else DelayForm()) if may_record else None,
        expected=expected,
        others=others,
        knife_waits_for=waits_for,
        is_today=bool(current) or _is_today(operation),
    )


def _taps(recorded: set[str]) -> tuple[Tap | None, list[Tap], list[str]]:
    """Return the milestone to come, all others that are not recorded, and the open parts of the checklist."""
    parts = parts_with_items()
    taps = {
        kind: Tap(kind=kind, label=str(EventKind(kind).label), has_checklist=kind in parts)
        for kind in EventKind.values
        if kind not in recorded
    }
    expected = next(iter(open_kinds(recorded)), None)
    waits_for = missing_before_knife(recorded, parts) if EventKind.KNIFE_TO_SKIN in taps else []
    return taps.get(expected or ""), [tap for kind, tap in taps.items() if kind != expected], waits_for


def _is_today(operation: Operation) -> bool:
    if operation.starts_at is None or operation.ends_at is None:
        return False
    today = timezone.localdate()
    return timezone.localdate(operation.starts_at) <= today <= timezone.localdate(operation.ends_at)


def _milestone(event: OperationEvent, viewer: User, failed: Failed, *, may_record: bool) -> Milestone:
    form = failed if isinstance(failed, CorrectForm) and failed.event.pk == event.pk else CorrectForm(event=event)
    return Milestone(
        event=event,
        label=EventKind(event.kind).label,
        answers=list(event.answers.all()),
        correction=form if may_record else None,
        freely=may_record and may_take_back_freely(event, viewer),
    )


def _set_aside(rows: list[OperationEvent]) -> list[SetAside]:
    """Return what was corrected or taken back, in the order in which that was done."""
    found = [
        SetAside(
            label=EventKind(row.kind).label,
            was=row.supersedes.at,
            became=row.at,
            by=row.recorded_by,
            at=row.recorded_at,
            reason="" if row.taken_back_at else row.reason,
        )
        for row in rows
        if row.supersedes
    ]
    found += [
        SetAside(
            label=EventKind(row.kind).label,
            was=row.at,
            became=None,
            by=row.taken_back_by,
            at=row.taken_back_at,
            reason=row.reason,
        )
        for row in rows
        if row.taken_back_by and row.taken_back_at
    ]
    return sorted(found, key=lambda item: item.at)
