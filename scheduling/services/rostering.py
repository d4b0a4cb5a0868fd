"""Change the roster one shift at a time, and undo it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from resources.leaving_out import leave_out
from resources.models import (
    Resource,
    RosterAssignment,
    RosterException,
    Shift,
    ShiftKind,
    StaffMember,
)
from resources.models.availability import is_too_long
from resources.permissions import AVAILABILITY
from scheduling.access import ELSEWHERE, staff_within
from scheduling.period import Period
from scheduling.rostering import seen_of, shift_period
from scheduling.services.errors import InvalidPlanError, NotPossibleError, SchedulingError
from scheduling.services.locking import command

FARTHEST = timedelta(days=3 * 366)
"""How far from today a shift may be; what is farther is a typing error."""
GONE = "This shift is not there any more: somebody removed it meanwhile. Look at the roster again."


class StaleRosterError(SchedulingError):
    """Somebody changed what was shown; the message says how it is now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterChange:
    """One change of one shift, before and after, each as :func:`snapshot` has it or empty; enough to undo it."""

    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Whose shift and when. ``kind`` is empty for times of its own."""

    person_id: int
    period: Period
    kind: ShiftKind | None = None
    on_call: bool = False


def add_shift(*, actor: User, duty: Duty) -> RosterChange:
    """Roster somebody once more. Raises :class:`NotPossibleError` where it overlaps another shift."""
    authorise(actor, AVAILABILITY)
    _check(duty)
    with command():
        lock_people(actor, {duty.person_id}, staying=duty.person_id)
        _demand_free(duty)
        shift = Shift.objects.create(by_hand=True, **_fields(duty))
    return RosterChange(before={}, after=snapshot(shift))


def change_shift(*, actor: User, shift_id: int, seen: str, duty: Duty) -> RosterChange:
    """Give a shift other times or to somebody else; from now on laying out leaves it alone.

    ``seen`` is :func:`~scheduling.rostering.seen_of` the shift as the actor saw it; raises :class:`StaleRosterError`
    where it is another now, and what :func:`add_shift` raises.
    """
    authorise(actor, AVAILABILITY)
    _check(duty)
    with command():
        shift = _lock_shift(actor, shift_id, seen, duty.person_id)
        _demand_free(duty, but=shift.pk)
        before = snapshot(shift)
        _write(shift, {**_fields(duty), "by_hand": True})
    return RosterChange(before=before, after=snapshot(shift))


def move_shift(*, actor: User, shift_id: int, seen: str, person_id: int, day: date) -> RosterChange:
    """Move a shift to another day or person, at the same times of the day. Raises what :func:`change_shift` raises."""
    authorise(actor, AVAILABILITY)
    shift = Shift.objects.select_related("kind").filter(pk=shift_id).first()
    if shift is None:
        raise StaleRosterError(GONE)
    duty = Duty(person_id=person_id, period=period_on(shift, day), kind=shift.kind, on_call=shift.on_call)
    return change_shift(actor=actor, shift_id=shift_id, seen=seen, duty=duty)


def remove_shift(*, actor: User, shift_id: int, seen: str) -> RosterChange:
    """Take a shift out; where it came from a pattern, laying out does not bring it back."""
    authorise(actor, AVAILABILITY)
    with command():
        shift = _lock_shift(actor, shift_id, seen)
        return _take_out(shift)


def undo_shift(*, actor: User, change: RosterChange) -> RosterChange:
    """Put back what a change found; raises :class:`StaleRosterError` where somebody changed it since."""
    authorise(actor, AVAILABILITY)
    before, after = change.before, change.after
    with command():
        if not after:
            lock_people(actor, {before["person"]}, staying=before["person"])
            _demand_free(_duty_of(before))
            shift = Shift.objects.create(**_restored(before))
            if shift.day:
                rows = RosterException.objects.filter(day=shift.day, assignment=shift.assignment_id)
                rows.filter(kind=before.get("left_out", shift.kind_id)).delete()
        else:
            shift = _lock_shift(actor, after["shift"], after["seen"], before.get("person"))
            if not before:
                return _take_out(shift)
            _demand_free(_duty_of(before), but=shift.pk)
            _write(shift, _restored(before))
    return RosterChange(before=after, after=snapshot(shift))


def period_on(shift: Shift, day: date) -> Period:
    """Return the times of a shift on another day: the kind's where it has them, else its own."""
    start, end = (timezone.localtime(at) for at in (shift.period.lower, shift.period.upper))
    kind = shift.kind
    usual = shift_period(start.date(), kind.starts, kind.ends) if kind else None
    if kind and usual == Period.of(shift.period):
        found = shift_period(day, kind.starts, kind.ends)
    else:
        found = shift_period(day, start.time(), end.time())
    if found is None:
        raise InvalidPlanError("day", "The change of clocks leaves nothing of this shift on that day.")
    return found


def snapshot(shift: Shift) -> dict[str, Any]:
    """Return everything of a shift, as JSON takes it."""
    period = Period.of(shift.period)
    return {
        "shift": shift.pk,
        "seen": seen_of(shift),
        "person": shift.staff_member_id,
        "start": period.start.isoformat(),
        "end": period.end.isoformat(),
        "kind": shift.kind_id,
        "on_call": shift.on_call,
        "assignment": shift.assignment_id,
        "day": shift.day.isoformat() if shift.day else None,
        "by_hand": shift.by_hand,
    }


def _period_of(kept: dict[str, Any]) -> Period:
    return Period(datetime.fromisoformat(kept["start"]), datetime.fromisoformat(kept["end"]))


def _duty_of(kept: dict[str, Any]) -> Duty:
    return Duty(person_id=kept["person"], period=_period_of(kept), on_call=kept["on_call"])


def _restored(kept: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a snapshot; a kind or an assignment that was deleted since is left out."""
    kind = ShiftKind.objects.filter(pk=kept["kind"]).first()
    assignment = RosterAssignment.objects.filter(pk=kept["assignment"]).first()
    return {
        "staff_member_id": kept["person"],
        "period": _period_of(kept).as_range(),
        "kind": kind,
        "on_call": kept["on_call"],
        "assignment": assignment,
        "day": date.fromisoformat(kept["day"]) if kept["day"] else None,
        "by_hand": kept["by_hand"],
    }


def _fields(duty: Duty) -> dict[str, Any]:
    return {
        "staff_member_id": duty.person_id,
        "period": duty.period.as_range(),
        "kind": duty.kind,
        "on_call": duty.on_call,
    }


def _write(shift: Shift, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(shift, name, value)
    shift.save()


def _check(duty: Duty) -> None:
    if duty.period.end <= duty.period.start or is_too_long(duty.period.as_range()):
        raise InvalidPlanError("ends", "A shift lasts more than nothing and at most 24 hours.")
    if abs(duty.period.start - timezone.now()) > FARTHEST:
        raise InvalidPlanError("day", "This is more than three years from today. Check the date.")


def lock_people(actor: User, people: Collection[int], *, staying: int | None = None) -> dict[int, StaffMember]:
    """Lock everybody concerned, in one order; ``staying`` is who gets a shift, and has to be in use."""
    locked = Resource.objects.select_for_update(no_key=True).filter(pk__in=people).order_by("pk")
    list(locked.values_list("pk"))
    found = StaffMember.objects.filter(staff_within(actor, AVAILABILITY)).in_bulk(people)
    if len(found) != len(set(people)):
        raise PermissionDenied(ELSEWHERE)
    if staying is not None and not found[staying].in_use:
        raise InvalidPlanError("person", f"{found[staying]} has left. Choose somebody else.")
    return found


def _lock_shift(actor: User, shift_id: int, seen: str, new_person: int | None = None) -> Shift:
    """Lock a shift and those whose it is and will be, as it was seen."""
    owner = Shift.objects.filter(pk=shift_id).values_list("staff_member_id", flat=True).first()
    if owner is None:
        raise StaleRosterError(GONE)
    lock_people(actor, {owner, new_person or owner}, staying=new_person)
    rows = Shift.objects.select_related("staff_member", "kind").select_for_update(of=("self",))
    shift = rows.filter(pk=shift_id).first()
    if shift is None:
        raise StaleRosterError(GONE)
    if seen_of(shift) != seen:
        raise StaleRosterError(f"This was changed meanwhile: it is now {in_words(shift)}. Look again, then repeat.")
    return shift


def in_words(shift: Shift) -> str:
    """Return ``Early, Mon 23 Nov 2026 07:00–15:00, A. West``."""
    name = f"{shift.kind}, " if shift.kind else ""
    period = Period.of(shift.period)
    return f"{name}{timezone.localtime(period.start):%a %d %b %Y} {period}, {shift.staff_member}"


def _demand_free(duty: Duty, but: int | None = None) -> None:
    rows = Shift.objects.select_related("staff_member", "kind").exclude(pk=but or 0)
    other = rows.filter(staff_member=duty.person_id, period__overlap=duty.period.as_range()).order_by("period").first()
    if other:
        raise NotPossibleError(f"This overlaps another shift: {in_words(other)}. Change or remove that one first.")


def _take_out(shift: Shift) -> RosterChange:
    """Delete a shift; where it came from a pattern, remember that it is not wanted on this day."""
    before = snapshot(shift)
    kind = leave_out(shift)
    shift.delete()
    return RosterChange(before={**before, "left_out": kind}, after={})
