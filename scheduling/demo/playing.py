"""What happened in theatre: milestones up to this moment, some lists early and some late."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random

from accounts.models import User
from scheduling.demo.calendar import planned
from scheduling.milestones import open_kinds
from scheduling.models import Answer, DelayReason, EventKind, Operation
from scheduling.services import note_delay, record_event
from scheduling.services.charting import record_chart
from scheduling.services.checklist import items_of

TURNOVER = timedelta(minutes=18)
WORTH_A_REASON, SHARE_EXPLAINED = 10, 0.7
"""Minutes from which on a late start is explained, and how often it is."""
DELAYS = ("list-overran", "patient-late", "staff-surgeon", "theatre-cleaning", "anaesthesia-difficult", "bed-recovery")
OVERDUE, VERY_OVERDUE, STILL_TO_WAIT = timedelta(minutes=5), timedelta(minutes=50), timedelta(minutes=15)
"""A late case should have begun between so long ago, and will only begin so much later than now."""


def just_due(operations: Sequence[Operation], now: datetime) -> Operation | None:
    """Return the case that should have begun a short while ago."""
    due = (o for o in operations if now - VERY_OVERDUE <= planned(o).start <= now - OVERDUE)
    return next(due, None)


def play_list(
    actor: User, rng: Random, operations: Sequence[Operation], now: datetime, *, late: Operation | None
) -> int:
    """Record what happened of one theatre's ``operations`` until ``now``; return how many have begun.

    The case that is ``late`` has not begun yet, and those after it follow.
    """
    free_from: datetime | None = None
    begun = 0
    for operation in operations:
        if operation is late:
            free_from = now + STILL_TO_WAIT
        recorded = {event.kind: event.at for event in operation.events.filter(current=True)}
        expected = {
            str(kind): at.replace(second=0, microsecond=0) for kind, at in _milestones(rng, operation, free_from)
        }
        milestones = _going_on(recorded, expected)
        free_from = milestones[EventKind.OUT] + TURNOVER
        begun += milestones[EventKind.IN_THEATRE] <= now
        fresh = {kind: at for kind, at in milestones.items() if at <= now and kind not in recorded}
        _record(actor, operation, fresh, now)
        if EventKind.IN_THEATRE in fresh:
            _explain(actor, rng, operation, milestones[EventKind.IN_THEATRE])
    return begun


def _going_on(recorded: dict[str, datetime], expected: dict[str, datetime]) -> dict[str, datetime]:
    """Return what was recorded before, and what is expected of the rest, none of it earlier than that."""
    latest = max(recorded.values(), default=None)
    if latest is None:
        return expected
    still = {kind: max(expected[kind], latest + timedelta(minutes=1)) for kind in open_kinds(recorded)}
    return expected | still | recorded


def _record(actor: User, operation: Operation, times: dict[str, datetime], now: datetime) -> None:
    """Record today's milestones one by one, as on the day, and older ones from the chart."""
    if not times:
        return
    if now - planned(operation).start > timedelta(days=1):
        record_chart(actor=actor, operation_id=operation.pk, times=times)
        return
    for kind, at in times.items():
        answers = {item.pk: str(Answer.YES) for item in items_of(kind)}
        record_event(actor=actor, operation_id=operation.pk, kind=kind, at=at, answers=answers)


def _explain(actor: User, rng: Random, operation: Operation, began: datetime) -> None:
    """Note why a case began late, as most teams do."""
    late = int((began - planned(operation).start) / timedelta(minutes=1))
    if late >= WORTH_A_REASON and rng.random() < SHARE_EXPLAINED:
        reason = rng.choice(list(DelayReason.objects.filter(code__in=DELAYS)))
        note_delay(actor=actor, operation_id=operation.pk, reason=reason, minutes=late)


def _milestones(rng: Random, operation: Operation, free_from: datetime | None) -> Iterator[tuple[str, datetime]]:
    """Yield the milestones of one case in order; none overtakes the next."""
    due = planned(operation).start
    start = due + timedelta(minutes=rng.randint(-3, 6))
    start = max(start, free_from) if free_from else start
    ready = start + _about(rng, operation.anaesthesia_minutes)
    out = ready + _about(rng, operation.surgery_minutes)
    arrived = min(due, start) - timedelta(minutes=rng.randint(20, 45))
    yield EventKind.SENT_FOR, arrived - timedelta(minutes=rng.randint(10, 25))
    yield EventKind.ARRIVED, arrived
    yield EventKind.SIGN_IN, start - timedelta(minutes=6)
    yield EventKind.IN_THEATRE, start
    yield EventKind.ANAESTHESIA, start + (ready - start) * 0.2
    yield EventKind.TIME_OUT, max(ready - timedelta(minutes=2), start + (ready - start) * 0.5)
    yield EventKind.KNIFE_TO_SKIN, ready
    yield EventKind.CLOSING, ready + (out - ready) * 0.85
    yield EventKind.SIGN_OUT, ready + (out - ready) * 0.95
    yield EventKind.OUT, out
    yield EventKind.RECOVERY, out + timedelta(minutes=4)
    stay = rng.randint(40, 95)
    yield EventKind.READY, out + timedelta(minutes=stay - 10)
    yield EventKind.DISCHARGED, out + timedelta(minutes=stay)
    yield EventKind.CLEANED, out + timedelta(minutes=rng.randint(9, 16))


def _about(rng: Random, minutes: int) -> timedelta:
    """Return a duration near ``minutes``, a little more often short than long."""
    return timedelta(minutes=max(round(minutes * rng.triangular(0.78, 1.25, 0.95)), 2))
