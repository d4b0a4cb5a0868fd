"""The best places for an emergency, checked against everything that is booked, with names for those it displaces."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.utils import timezone

from accounts.models import User
from resources.models import Theatre, Unavailability
from scheduling import emergency, permissions
from scheduling.conflicts import Conflict, Facts, check_plan
from scheduling.emergency import Listed, Place, TheatreNow
from scheduling.models import Operation, ReservationRole
from scheduling.opening import closing_times
from scheduling.period import Period
from scheduling.plan import Plan
from scheduling.selectors.expecting import expected, milestones_of
from scheduling.selectors.masking import masked_for
from scheduling.services.locking import reservations_of
from scheduling.services.planning import team

SHOWN = 3
TRIES = 4
"""How often a place is worked out again because somebody it pushes back can't be there at that time."""
OWN_LIMIT = timedelta(hours=24)
"""For an emergency whose class names no minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A place with what to show; ``conflicts`` are those that go with it and that the reason accepts."""

    place: Place
    theatre: Theatre
    moved: list[tuple[Operation, datetime, int]]
    bumped: list[Operation]
    conflicts: list[Conflict]

    @property
    def accepts(self) -> str:
        """Return the warnings as the form sends them back: a new one is not accepted with them."""
        return " ".join(sorted({f"{one.operation_id}:{one.rule}" for one in self.conflicts}))

    @property
    def displaces(self) -> str:
        """Return who is displaced as the form sends it back: ``number:version`` and, where pushed, ``:instant``."""
        pushed = [f"{one.case.number}:{one.case.version}:{int(one.start.timestamp())}" for one in self.place.moved]
        return " ".join([*pushed, *(f"{case.number}:{case.version}" for case in self.place.bumped)])


def limit_of(operation: Operation) -> datetime:
    """Return until when an emergency has to be in theatre, by its class, from when it was asked for."""
    asked = operation.changes.order_by("version").values_list("at", flat=True).first() or timezone.now()
    return asked + timedelta(minutes=_minutes(operation))


def emergency_places(operation: Operation, viewer: User, *, now: datetime | None = None) -> list[Proposal]:
    """Return the three best places of now for a waiting emergency, the best first; fewer where fewer are possible."""
    now = now or timezone.now()
    limit = limit_of(operation)
    listed = list(
        Operation.objects.now_on(timezone.localdate(now))
        .with_facts()
        .with_board_standing(viewer)
        .order_by("period", "pk")
    )
    board = _Board(operation, listed, _theatres(operation, viewer, now), now, limit)
    found = [place for theatre in board.theatres.values() if (place := board.place(theatre))]
    best = emergency.ranked([place for place, _ in found], SHOWN)
    conflicts = {place.theatre: conflicts for place, conflicts in found}
    by_number = {one.pk: one for one in listed}
    return [
        Proposal(
            place=place,
            theatre=board.theatres[place.theatre],
            moved=[(by_number[one.case.number], one.start, one.late) for one in place.moved],
            bumped=[by_number[case.number] for case in place.bumped],
            conflicts=masked_for(viewer, conflicts[place.theatre]),
        )
        for place in best
    ]


def _minutes(operation: Operation) -> int:
    """Return within how many minutes of the decision an emergency has to be in theatre."""
    minutes = operation.priority.target_minutes
    return round(OWN_LIMIT / timedelta(minutes=1)) if minutes is None else minutes


def _theatres(operation: Operation, viewer: User, now: datetime) -> list[Theatre]:
    """Return the theatres in use, not closed now, that have what the operation needs and where ``viewer`` may book."""
    shut = Unavailability.objects.filter(period__overlap=Period(now, now + timedelta(minutes=1)).as_range())
    theatres = Theatre.objects.filter(in_use=True).exclude(pk__in=shut.values("resource")).prefetch_related("features")
    needed = set(operation.features.values_list("pk", flat=True))
    grants = viewer.grants_of(permissions.BOOK)
    return [
        theatre
        for theatre in theatres
        if needed <= {feature.pk for feature in theatre.features.all()}
        and any(not grant.sites or theatre.site_id in grant.sites for grant in grants)
    ]


class _Board:
    """The day as it is to be expected, and what each theatre could do with the emergency."""

    def __init__(
        self, operation: Operation, listed: list[Operation], theatres: list[Theatre], now: datetime, limit: datetime
    ) -> None:
        self.operation, self.now, self.limit = operation, now, limit
        self.closes = closing_times(timezone.localdate(now))
        self.outlook = expected(listed, milestones_of(listed), now)
        self.rows = reservations_of(listed)
        self.listed: dict[int, list[Operation]] = {}
        self.by_number = {one.pk: one for one in listed}
        for one in listed:
            self.listed.setdefault(one.theatre_id or 0, []).append(one)
        self.theatres = {theatre.pk: theatre for theatre in theatres}

    @cached_property
    def facts(self) -> Facts:
        """Read once what every place is judged by, with each case where it is planned."""
        latest = max((one.period.end for one in self.outlook.values()), default=self.now)
        current = [Plan.current(one, self.rows[one.pk]) for one in self.by_number.values()]
        wanted = [self._plan(number, at) for number in self.theatres for at in (self.now, max(self.now, latest))]
        facts = Facts.load([*current, *wanted])
        for plan in current:
            facts.occupy(plan)
        return facts

    def _plan(self, theatre_id: int, start: datetime) -> Plan:
        """Return the emergency in a theatre, led by whoever is named."""
        lead = self.operation.lead_surgeon_id
        members = team([(lead, ReservationRole.LEAD_SURGEON.value)] if lead else [])
        period = Period.lasting(start, self.operation.in_room_minutes)
        return Plan(operation=self.operation, theatre_id=theatre_id, period=period, assignments=members)

    def place(self, theatre: Theatre) -> tuple[Place, list[Conflict]] | None:
        """Return the theatre's best place with its soft conflicts, or None where there is none.

        Who can't be pushed back, because the surgeon or a device is needed elsewhere by then, goes back to the waiting
        list instead.
        """
        bumped: frozenset[int] = frozenset()
        for _ in range(TRIES):
            place = emergency.place_in(
                self._now(theatre),
                minutes=self.operation.in_room_minutes,
                set_up=self.operation.set_up_minutes,
                clean_up=self.operation.clean_up_minutes,
                turnover=self.operation.specialty.turnover_minutes or 0,
                now=self.now,
                limit=self.limit,
                bumped=bumped,
            )
            conflicts = [conflict for conflict in self._conflicts(place) if not self._is_about_bumped(conflict, place)]
            hard = [conflict for conflict in conflicts if conflict.is_hard]
            if not hard:
                return place, conflicts
            blocked = {conflict.operation_id for conflict in hard} & {one.case.number for one in place.moved}
            if not blocked:
                return None
            bumped |= {number for number in blocked if number is not None}
        return None

    def _now(self, theatre: Theatre) -> TheatreNow:
        cases = self.listed.get(theatre.pk, [])
        running = [one for one in cases if self.outlook[one.pk].case.began or self._goes_first(one)]
        last = max(running, key=lambda one: self.outlook[one.pk].period.end, default=None)
        return TheatreNow(
            theatre=theatre.pk,
            free_from=self.outlook[last.pk].period.end if last else None,
            clean_up=last.clean_up_minutes if last else 0,
            turnover=theatre.turnover_minutes,
            turnover_now=(last.specialty.turnover_minutes or 0) if last else 0,
            listed=[
                Listed(
                    number=one.pk,
                    version=one.version,
                    planned=Period.of(one.period),
                    set_up=one.set_up_minutes,
                    clean_up=one.clean_up_minutes,
                    turnover=one.specialty.turnover_minutes or 0,
                )
                for one in cases
                if one.is_movable and one not in running
            ],
            closes=self.closes.get(theatre.pk),
        )

    def _goes_first(self, other: Operation) -> bool:
        """Say whether a case that waits keeps its place: an emergency as urgent, or one not open to the viewer."""
        urgent = other.priority.emergency and _minutes(other) <= _minutes(self.operation)
        return other.is_movable and (urgent or not other.is_open)

    def _conflicts(self, place: Place) -> list[Conflict]:
        plans = [self._plan(place.theatre, place.period.start)]
        for one in place.moved:
            case = self.by_number[one.case.number]
            plans.append(Plan.current(case, self.rows[case.pk]).at(one.start))
        facts = self.facts.without({plan.operation.pk for plan in plans})
        for plan in plans:
            facts.occupy(plan)
        return [conflict for plan in plans for conflict in check_plan(plan, facts)]

    @staticmethod
    def _is_about_bumped(conflict: Conflict, place: Place) -> bool:
        """Say whether the case in the way is one that goes: by then it is not there any more."""
        return conflict.other_operation_id in {case.number for case in place.bumped}
