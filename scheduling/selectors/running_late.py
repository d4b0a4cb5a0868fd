"""Who will run late today, over the session or into whom, and what could be done about it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import User
from scheduling import permissions
from scheduling.models import Operation
from scheduling.opening import closing_times
from scheduling.projection import Expected
from scheduling.querysets import local_midnight
from scheduling.selectors.expecting import WORTH_SAYING, expected, milestones_of
from scheduling.slots import Slot, find_free_slots

MOST_PLACES = 8
"""For so many cases another place is looked for at once; the others have a page that looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LateCase:
    """A case that will not be as planned.

    ``over`` is the minutes it is expected to run beyond its theatre's closing time, ``into`` the next case in its
    theatre that it makes late, ``bed_until`` when its bed comes free and ``place`` the first other place of today.
    """

    operation: Operation
    expected: Expected
    over: int
    into: Operation | None
    bed_until: datetime | None
    place: Slot | None
    may_move: bool

    @property
    def is_running(self) -> bool:
        """Say whether the patient is in theatre already: then only what follows can be moved."""
        return not self.operation.is_movable

    @property
    def push_minutes(self) -> int:
        """Minutes by which to push the list, on the five-minute grid."""
        return max(5, -(-self.expected.late // 5) * 5)


def running_late(viewer: User, *, now: datetime | None = None) -> list[LateCase]:
    """Return today's cases that are not over and will be late or too long, in order of expected start.

    Cases whose patient is not open to ``viewer`` are left out: their own team sees them.
    """
    now = now or timezone.now()
    day = timezone.localdate(now)
    operations = list(Operation.objects.now_on(day).with_facts().with_board_standing(viewer).order_by("period", "pk"))
    milestones = milestones_of(operations)
    outlook = expected(operations, milestones, now, beds=True)
    closes = closing_times(day)
    after = _next_in_theatre(operations, outlook)
    may_move = viewer.can(permissions.MOVE)
    found: list[LateCase] = []
    for operation in operations:
        one = outlook[operation.pk]
        if one.case.ended or not operation.is_open:
            continue
        closing = closes.get(one.case.theatre)
        over = _minutes(one.period.end - closing) if closing else 0
        late = one.over if one.case.began else one.late
        if max(late, over) < WORTH_SAYING and one.bed_taken_until is None:
            continue
        place = None
        if may_move and operation.is_movable and over >= WORTH_SAYING and len(found) < MOST_PLACES:
            place = _elsewhere(operation, now)
        found.append(
            LateCase(
                operation=operation,
                expected=one,
                over=over if over >= WORTH_SAYING else 0,
                into=_pushed(after.get(operation.pk), outlook),
                bed_until=one.bed_taken_until,
                place=place,
                may_move=may_move,
            )
        )
    return sorted(found, key=lambda case: case.expected.period.start)


def _next_in_theatre(operations: list[Operation], outlook: dict[int, Expected]) -> dict[int, Operation]:
    """Return for each case the one after it in its theatre."""
    ordered = sorted(operations, key=lambda one: outlook[one.pk].period.start)
    last: dict[int | None, Operation] = {}
    after: dict[int, Operation] = {}
    for operation in ordered:
        if operation.theatre_id in last:
            after[last[operation.theatre_id].pk] = operation
        last[operation.theatre_id] = operation
    return after


def _pushed(following: Operation | None, outlook: dict[int, Expected]) -> Operation | None:
    if following is None:
        return None
    one = outlook[following.pk]
    return following if one.waits_for == "theatre" and one.late >= WORTH_SAYING else None


def _elsewhere(operation: Operation, now: datetime) -> Slot | None:
    """Return the first place of the rest of today in another theatre, where the whole team is free."""
    tomorrow = local_midnight(timezone.localdate(now) + timedelta(days=1))
    slots = find_free_slots(operation, now, tomorrow, limit=4, order="earliest", with_closed=True)
    return next((slot for slot in slots if slot.theatre_id != operation.theatre_id), None)


def _minutes(length: timedelta) -> int:
    return round(length / timedelta(minutes=1))
