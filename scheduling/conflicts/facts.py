"""Everything the rules need to know about the days and resources of some plans, in memory."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from resources.models import (
    Block,
    OpeningHours,
    Resource,
    StaffCredential,
    Unavailability,
)
from scheduling.conflicts import loading
from scheduling.conflicts.busy import Busy
from scheduling.localtime import wall_clock
from scheduling.models import Operation
from scheduling.period import Period, merged
from scheduling.plan import Hold, Plan
from scheduling.querysets import local_midnight

NEIGHBOURS = timedelta(hours=12)
"""How far beyond the plans others still matter: turnover at midnight, a case begun the day before."""


@dataclass(slots=True, kw_only=True)
class Facts:
    """What is booked, open, away and owned around the plans.

    ``occupy`` adds a plan to what is booked, so that the next plan is checked against it.
    """

    now: datetime
    resources: dict[int, Resource]
    busy: dict[int, list[Busy]]
    patient_busy: dict[int, list[Busy]]
    away: dict[int, list[Unavailability]]
    opening_hours: dict[int, list[OpeningHours]]
    blocks: dict[int, list[Block]]
    shifts: dict[int, list[Period]]
    credentials: dict[int, list[StaffCredential]]
    needs: loading.Needs
    beds: dict[str, frozenset[int]]

    @classmethod
    def load(cls, plans: Sequence[Plan]) -> "Facts":
        """Read the facts around ``plans`` in a number of queries that does not grow with them."""
        beds = loading.beds_by_kind(plans)
        window = days_around(plans)
        resource_ids = {hold.resource_id for plan in plans for hold in plan.holds}
        resource_ids.update(*beds.values())
        resources = loading.resources(resource_ids)
        held = loading.held(resource_ids, plans, window)
        away, shifts = loading.times(resources.values(), window)
        opening_hours, blocks = loading.week({plan.theatre_id for plan in plans})
        needs = loading.Needs.of(plans)
        return cls(
            now=timezone.now(),
            resources=resources,
            busy=_grouped((row for row in held if row.role != loading.PATIENT), "resource_id"),
            patient_busy=_grouped((row for row in held if row.role == loading.PATIENT), "resource_id"),
            away=_grouped(away, "resource_id"),
            opening_hours=_grouped(opening_hours, "theatre_id"),
            blocks=_grouped(blocks, "theatre_id"),
            shifts=shifts,
            credentials=defaultdict(list, needs.held),
            needs=needs,
            beds=beds,
        )

    def occupy(self, plan: Plan) -> None:
        """Count ``plan`` as booked from now on."""
        for hold in plan.holds:
            self.busy[hold.resource_id].append(_busy(plan, hold))
        patient = Hold(resource_id=plan.operation.patient_id, role="patient", period=plan.period)
        self.patient_busy[plan.operation.patient_id].append(_busy(plan, patient))

    def others(self, plan: Plan, resource_id: int) -> Iterator[Busy]:
        """Yield what other operations hold of a resource."""
        own = key_of(plan.operation)
        return (busy for busy in self.busy[resource_id] if busy.operation_id != own)

    def in_theatre_on(self, plan: Plan) -> list[Busy]:
        """Return the other cases in the plan's theatre on its local day, in order."""
        day = local_day(plan.period)
        begins, ends = local_midnight(day), local_midnight(day + timedelta(days=1))
        return sorted(
            (busy for busy in self.others(plan, plan.theatre_id) if begins <= busy.in_room.start < ends),
            key=lambda busy: busy.in_room,
        )

    def open_periods(self, theatre_id: int, around: Period) -> list[Period]:
        """Return when the theatre is staffed on the days that ``around`` touches, joined at midnight."""
        days = _days_of(around)
        rows = self.opening_hours[theatre_id]
        return merged(
            span(day, row.opens, row.closes) for day in days for row in rows if row.weekday == day.isoweekday()
        )

    def block_periods(self, theatre_id: int, around: Period) -> list[tuple[Period, Block]]:
        """Return the theatre's blocks on the days that ``around`` touches, in order of time."""
        laid_out = [
            (span(day, block.starts, block.ends), block)
            for day in _days_of(around)
            for block in self.blocks[theatre_id]
            if block_is_on(block, day)
        ]
        return sorted(laid_out, key=lambda item: item[0])


def block_is_on(block: Block, day: date) -> bool:
    """Say whether a weekly block falls on ``day``."""
    return (
        block.weekday == day.isoweekday()
        and (block.valid_from is None or block.valid_from <= day)
        and (block.valid_until is None or day <= block.valid_until)
    )


def span(day: date, starts: time, ends: time) -> Period:
    """Return a local stretch of ``day``; an end of 00:00 is midnight at the end of the day."""
    last = day + timedelta(days=1) if ends == time.min else day
    start, end = wall_clock(day, starts), wall_clock(last, ends)
    return Period(min(start, end), end)  # a start that the clock change skips can be later than the end


def local_day(period: Period) -> date:
    """Return the local date on which a period starts."""
    return timezone.localtime(period.start).date()


def days_around(plans: Sequence[Plan]) -> Period:
    """Return the whole local days that the plans' holds touch, with the neighbours at their edges."""
    first = min(hold.period.start for plan in plans for hold in plan.holds)
    last = max(_last_of(plan) for plan in plans)
    days = _days_of(Period(first - NEIGHBOURS, last + NEIGHBOURS))
    return Period(local_midnight(days[0]), local_midnight(days[-1] + timedelta(days=1)))


def _last_of(plan: Plan) -> datetime:
    """Return when the plan's last hold ends, or the stay in a bed that is not chosen yet."""
    last = max(hold.period.end for hold in plan.holds)
    return max(last, plan.stay.end) if plan.operation.bed_kind else last


def _days_of(period: Period) -> list[date]:
    first = timezone.localtime(period.start).date()
    last = timezone.localtime(period.end).date()
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def key_of(operation: Operation) -> int:
    """Return what tells operations apart; one not saved yet counts by its identity, negative."""
    return operation.pk or -id(operation)


def _busy(plan: Plan, hold: Hold) -> Busy:
    return Busy(
        operation_id=key_of(plan.operation),
        resource_id=hold.resource_id,
        role=hold.role,
        period=hold.period,
        in_room=plan.period,
        exclusive=hold.exclusive,
        procedure=str(plan.operation.procedure),
        infectious=plan.operation.infectious,
    )


def _grouped(rows: Iterable[Any], key: str) -> dict[int, list[Any]]:
    groups: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, key)].append(row)
    return groups
