"""Everything the rules need to know about the days and resources of some plans, in memory."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from resources.models import Resource, StaffCredential, Theatre, Unavailability
from scheduling.conflicts import loading
from scheduling.conflicts.busy import Busy
from scheduling.conflicts.closing import Closings, List, list_of
from scheduling.list_closing import Closed
from scheduling.models import Operation
from scheduling.opening import OpenHours, open_hours
from scheduling.ownership import OwnedTime, Standing, owned_times
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
    opened: OpenHours
    sessions: dict[int, list[OwnedTime]]
    shifts: loading.Duties
    on_call: loading.Duties
    credentials: dict[int, list[StaffCredential]]
    needs: loading.Needs
    beds: dict[str, frozenset[int]]
    closings: Closings
    emergencies: frozenset[List]
    """Lists on which one of the plans puts an emergency."""

    @classmethod
    def load(cls, plans: Sequence[Plan]) -> "Facts":
        """Read the facts around ``plans`` in a number of queries that does not grow with them."""
        beds = loading.beds_by_kind(plans)
        window = days_around(plans)
        resource_ids = {hold.resource_id for plan in plans for hold in plan.holds}
        resource_ids.update(*beds.values())
        lists = {(plan.theatre_id, local_day(plan.period)) for plan in plans}
        lists.update(place for plan in plans if (place := list_of(plan.operation)))  # those that are left
        resources = loading.resources(resource_ids.union(theatre for theatre, _ in lists))
        held = loading.held(resource_ids, plans, window)
        away, shifts, on_call = loading.times(resources.values(), window)
        theatres = {plan.theatre_id for plan in plans}
        days = days_of(window)
        needs = loading.Needs.of(plans)
        closings = Closings.of(lists)
        return cls(
            now=timezone.now(),
            resources=resources,
            busy=_grouped((row for row in held if row.role != loading.PATIENT), "resource_id"),
            patient_busy=_grouped((row for row in held if row.role == loading.PATIENT), "resource_id"),
            away=_grouped(away, "resource_id"),
            opened=open_hours(days[0], days[-1], theatres),
            sessions=owned_times(window, theatres),
            shifts=shifts,
            on_call=on_call,
            credentials=defaultdict(list, needs.held),
            needs=needs,
            beds=beds,
            closings=closings,
            emergencies=_emergencies(plans) if closings else frozenset(),
        )

    def occupy(self, plan: Plan) -> None:
        """Count ``plan`` as booked from now on."""
        self.hold(plan, {hold.resource_id for hold in plan.holds})
        patient = Hold(resource_id=plan.operation.patient_id, role="patient", period=plan.period)
        self.patient_busy[plan.operation.patient_id].append(_busy(plan, patient))

    def hold(self, plan: Plan, resource_ids: Collection[int]) -> None:
        """Count these of what ``plan`` holds as booked from now on."""
        for hold in plan.holds:
            if hold.resource_id in resource_ids:
                self.busy[hold.resource_id].append(_busy(plan, hold))

    def without(self, operation_ids: Collection[int]) -> "Facts":
        """Return the same facts as if these operations held nothing; what is counted there is not counted here."""
        busy, patients = (
            _grouped(
                (one for rows in groups.values() for one in rows if one.operation_id not in operation_ids),
                "resource_id",
            )
            for groups in (self.busy, self.patient_busy)
        )
        return replace(self, busy=busy, patient_busy=patients)

    def others(self, plan: Plan, resource_id: int) -> Iterator[Busy]:
        """Yield what other operations hold of a resource."""
        own = key_of(plan.operation)
        return (busy for busy in self.busy[resource_id] if busy.operation_id != own)

    def turnover_between(self, plan: Plan, other: Busy) -> int:
        """Return the standard minutes between two cases: the most that the theatre or either specialty takes."""
        theatre: Theatre = self.resources[plan.theatre_id].theatre
        own = (self.needs.turnover.get(pk, 0) for pk in (plan.operation.specialty_id, other.specialty_id))
        return max(theatre.turnover_minutes, *own)

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
        return merged(
            period
            for day in days_of(around)
            if (theatre_id, day) in self.opened
            for period in self.opened[theatre_id, day]
        )

    def owned(self, plan: Plan, standing: Standing) -> list[OwnedTime]:
        """Return the sessions of the plan's theatre on its days to which it stands so, in order of time."""
        operation, days = plan.operation, set(days_of(plan.period))
        return [
            session
            for session in self.sessions[plan.theatre_id]
            if session.day in days
            and standing
            == session.standing(
                specialty_id=operation.specialty_id,
                surgeon_id=plan.lead_surgeon_id,
                emergency=operation.priority.emergency,
                now=self.now,
            )
        ]

    def closed_list(self, theatre_id: int, day: date) -> Closed | None:
        """Return since when a theatre's list is closed."""
        return self.closings.closed(theatre_id, day, self.now)


def _emergencies(plans: Sequence[Plan]) -> frozenset[List]:
    urgent = (plan for plan in plans if plan.operation.priority.emergency)
    return frozenset((plan.theatre_id, local_day(plan.period)) for plan in urgent)


def local_day(period: Period) -> date:
    """Return the local date on which a period starts."""
    return timezone.localtime(period.start).date()


def days_around(plans: Sequence[Plan]) -> Period:
    """Return the whole local days that the plans' holds touch, with the neighbours at their edges."""
    first = min(hold.period.start for plan in plans for hold in plan.holds)
    last = max(_last_of(plan) for plan in plans)
    days = days_of(Period(first - NEIGHBOURS, last + NEIGHBOURS))
    return Period(local_midnight(days[0]), local_midnight(days[-1] + timedelta(days=1)))


def _last_of(plan: Plan) -> datetime:
    """Return when the plan's last hold ends, or the stay in a bed that is not chosen yet."""
    last = max(hold.period.end for hold in plan.holds)
    return max(last, plan.stay.end) if plan.operation.bed_kind else last


def days_of(period: Period) -> list[date]:
    """Return the local days that a period touches."""
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
        specialty_id=plan.operation.specialty_id,
    )


def _grouped(rows: Iterable[Any], key: str) -> dict[int, list[Any]]:
    groups: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, key)].append(row)
    return groups
