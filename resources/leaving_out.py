"""A day of a pattern that somebody takes out by hand."""

from resources.cycle import week_of_cycle
from resources.models import PatternShift, RosterException, Shift


def leave_out(shift: Shift) -> int | None:
    """Remember that the pattern's shift for which ``shift`` stands is not wanted on its day; to call before it goes.

    Returns the number of the shift's kind by the pattern, ``None`` where the shift came from none. ``shift`` itself may
    be of another kind since it was changed; of two on one day it is then the one that no other shift stands for.
    """
    kind = _kind_by_pattern(shift)
    if kind is not None and shift.day is not None:
        RosterException.objects.get_or_create(assignment_id=shift.assignment_id, day=shift.day, kind_id=kind)
    return kind


def _kind_by_pattern(shift: Shift) -> int | None:
    if shift.assignment is None or shift.day is None:
        return None
    pattern = shift.assignment.pattern
    week = week_of_cycle(shift.day, pattern.weeks, shift.assignment.starts_on)
    place = PatternShift.objects.filter(pattern=pattern, week=week, weekday=shift.day.isoweekday())
    asked = list(place.order_by("kind__starts").values_list("kind", flat=True))
    if shift.kind_id in asked:
        return shift.kind_id
    rows = {"assignment": shift.assignment, "day": shift.day}
    taken = {
        *Shift.objects.filter(**rows).exclude(pk=shift.pk).values_list("kind", flat=True),
        *RosterException.objects.filter(**rows).values_list("kind", flat=True),
    }
    return next((kind for kind in asked if kind not in taken), shift.kind_id)
