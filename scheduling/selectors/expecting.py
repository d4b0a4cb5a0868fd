"""What is to be expected of today's cases, from the plan and the milestones so far."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from scheduling.milestones import STATUS_AFTER
from scheduling.models import EventKind, Operation, OperationEvent, Reservation, ReservationRole, Status
from scheduling.period import Period
from scheduling.projection import CaseToday, Expected, project

Milestones = dict[int, dict[str, datetime]]
"""By operation: kind to instant of the milestones that stand."""

WORTH_SAYING = 5
"""Minutes of difference between plan and expectation from which on it is shown."""


def milestones_of(operations: Sequence[Operation]) -> Milestones:
    """Return what has happened of the operations, in one query."""
    rows = OperationEvent.objects.filter(operation__in=operations, current=True).order_by("at")
    found: Milestones = defaultdict(dict)
    for operation_id, kind, at in rows.values_list("operation_id", "kind", "at"):
        found[operation_id][kind] = at
    return found


def expected(
    operations: Sequence[Operation], milestones: Milestones, now: datetime, *, beds: bool = False
) -> dict[int, Expected]:
    """Return what to expect of placed ``operations`` (with their facts), by number; ``beds`` looks at stays too."""
    stays = _stays(operations) if beds else {}
    return project((_case(one, milestones.get(one.pk, {}), stays.get(one.pk, ())) for one in operations), now)


def _case(operation: Operation, known: dict[str, datetime], stays: Sequence[tuple[int, int]]) -> CaseToday:
    planned = Period.of(operation.period)
    theatre = operation.theatre
    began = known.get(EventKind.IN_THEATRE) or _first(known, Status.IN_THEATRE)
    ended = known.get(EventKind.OUT) or _first(known, Status.RECOVERY, Status.COMPLETED)
    if operation.status in (Status.RECOVERY, Status.COMPLETED):  # of an import, perhaps, that knew no times
        ended = ended or planned.end
    if operation.status == Status.IN_THEATRE or ended:
        began = began or min(planned.start, ended or planned.start)
    return CaseToday(
        number=operation.pk,
        theatre=theatre.pk if theatre else 0,
        surgeon=operation.lead_surgeon_id,
        planned=planned,
        surgery_minutes=operation.surgery_minutes,
        anaesthesia_minutes=operation.anaesthesia_minutes,
        set_up=operation.set_up_minutes,
        clean_up=operation.clean_up_minutes,
        turnover=max(theatre.turnover_minutes if theatre else 0, operation.specialty.turnover_minutes or 0),
        began=began,
        knife=known.get(EventKind.KNIFE_TO_SKIN),
        ended=ended,
        beds=tuple(stays),
    )


def _first(known: dict[str, datetime], *statuses: Status) -> datetime | None:
    """Return the first milestone that proves one of the statuses: any of them may have been left out."""
    return min((at for kind, at in known.items() if STATUS_AFTER[kind] in statuses), default=None)


def _stays(operations: Sequence[Operation]) -> dict[int, list[tuple[int, int]]]:
    rows = Reservation.objects.filter(operation__in=operations, active=True, role=ReservationRole.BED)
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for operation_id, bed, period in rows.values_list("operation_id", "resource_id", "period"):
        found[operation_id].append((bed, Period.of(period).minutes))
    return found
