"""Finds free slots the slow way: minute by minute, theatre by theatre, with sets. No SQL, no ranges.

It reads the same rows as the product and shares no code with it. A minute is counted from the
window's start; sets of minutes are bits of an integer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from resources.models import (
    Bed,
    EquipmentItem,
    OpeningHours,
    Resource,
    Shift,
    StaffMember,
    Theatre,
    TheatreSession,
    Unavailability,
)
from scheduling.models import Operation, Reservation

AROUND = 3 * 24 * 60
"""Minutes before and after the window that are looked at."""
GRID = 5
SERVES = {
    "scrub_nurse": {"scrub_nurse"},
    "circulating_nurse": {"circulating_nurse", "scrub_nurse"},
    "anaesthetist": {"anaesthetist"},
}


@dataclass
class Oracle:
    """Answers for one operation in the ``minutes`` from ``start`` on."""

    operation: Operation
    start: datetime
    minutes: int
    zone: ZoneInfo

    def __post_init__(self) -> None:
        """Read everything."""
        self.origin = self.start - timedelta(minutes=AROUND)
        self.size = self.minutes + 2 * AROUND
        self.everything = (1 << self.size) - 1
        others = Reservation.objects.filter(active=True).exclude(operation=self.operation)
        self.held = list(others.select_related("operation__specialty"))
        self.away = list(Unavailability.objects.all())
        self.local = [
            (self.origin + timedelta(minutes=minute)).astimezone(self.zone).replace(tzinfo=None)
            for minute in range(self.size)
        ]

    def bits(self, periods: Iterable[tuple[datetime, datetime]]) -> int:
        """Return the minutes in any of the periods."""
        found = 0
        for lower, upper in periods:
            first = max(0, int((lower - self.origin).total_seconds() // 60))
            last = min(self.size, int((upper - self.origin).total_seconds() // 60))
            if first < last:
                found |= (1 << last) - (1 << first)
        return found

    def clock(self, weekday: int, opens: time, closes: time, valid: tuple = (None, None)) -> int:
        """Return the minutes between two times of the wall clock, each taken at its last occurrence."""
        found = 0
        for day in {at.date() for at in self.local}:
            inside = (valid[0] is None or valid[0] <= day) and (valid[1] is None or day <= valid[1])
            if day.isoweekday() == weekday and inside:
                after = day + timedelta(days=1) if closes == time.min else day
                found |= self.bits(
                    [(self.instant(datetime.combine(day, opens)), self.instant(datetime.combine(after, closes)))]
                )
        return found

    def instant(self, naive: datetime) -> datetime:
        """Return the last instant at which the wall clock shows it, or where it would have been."""
        for fold in (1, 0):
            at = naive.replace(tzinfo=self.zone, fold=fold).astimezone(UTC)
            if at.astimezone(self.zone).replace(tzinfo=None) == naive:
                return at
        return naive.replace(tzinfo=self.zone, fold=0).astimezone(UTC)

    def fits(self, allowed: int, minute: int, before: int, after: int) -> bool:
        """Say whether all minutes from ``minute + before`` up to ``minute + after`` are allowed."""
        wanted = (1 << (minute + after)) - (1 << (minute + before))
        return allowed & wanted == wanted

    def free(self, resource: Resource) -> int:
        """Return when nobody holds the resource and it is not away."""
        held = ((row.period.lower, row.period.upper) for row in self.held if row.resource_id == resource.pk)
        away = (
            (row.period.lower or self.origin, row.period.upper or datetime.max.replace(tzinfo=UTC))
            for row in self.away
            if row.resource_id == resource.pk
        )
        free = self.everything & ~self.bits(chain(held, away))
        if isinstance(resource, StaffMember) and resource.rostered:
            shifts = [row for row in Shift.objects.filter(staff_member=resource) if self.counts(row)]
            free &= self.bits((row.period.lower, row.period.upper) for row in shifts)
        return free

    def counts(self, shift: Shift) -> bool:
        return self.operation.priority.emergency or not shift.on_call

    # --- per theatre ---

    def starts(self, theatre: Theatre) -> list[int]:
        """Return the grid minutes of the window at which the operation fits, counted from the origin."""
        grid = range(AROUND, AROUND + self.minutes, GRID)
        offset = -int(self.origin.timestamp() // 60) % GRID
        possible = [minute + offset for minute in grid if minute + offset < AROUND + self.minutes]
        kit = self.operation.loan_kit.exclude(state="arrived")
        kit_days = [one.expected_on + timedelta(days=one.days_before) for one in kit]
        possible = [minute for minute in possible if all(day <= self.local[minute].date() for day in kit_days)]
        return [minute for minute in possible if self.theatre_fits(theatre, minute) and self.team_fits(minute)]

    def theatre_fits(self, theatre: Theatre, minute: int) -> bool:
        o, long = self.operation, self.operation.in_room_minutes
        needs = self.cached("features", lambda: set(o.features.values_list("pk", flat=True)))
        facts = self.theatre_facts(theatre)
        inside = self.fits(facts.open & ~facts.others, minute, 0, long)
        if not theatre.in_use or needs - facts.features or not inside:
            return False
        if facts.own >> minute & 1 and not self.fits(facts.own, minute, 0, long):
            return False
        if not self.fits(facts.free, minute, -o.set_up_minutes, long + o.clean_up_minutes):
            return False
        for in_room, theirs in facts.in_room:
            turnover = max(theatre.turnover_minutes, o.specialty.turnover_minutes or 0, theirs)
            if not self.fits(self.everything & ~in_room, minute, -turnover, long + turnover):
                return False
        return not self.infection(facts.cases, minute)

    def theatre_facts(self, theatre: Theatre) -> "TheatreFacts":
        """Return what there is to know of a theatre, read once."""
        facts: TheatreFacts = self.cached(f"theatre {theatre.pk}", lambda: self.read_theatre(theatre))
        return facts

    def read_theatre(self, theatre: Theatre) -> "TheatreFacts":
        opened = own = others = 0
        for row in OpeningHours.objects.filter(theatre=theatre):
            opened |= self.clock(row.weekday, row.opens, row.closes)
        for session in TheatreSession.objects.filter(theatre=theatre):
            bits = self.bits([(session.period.lower, session.period.upper)])
            own, others = (own | bits, others) if self.is_own(session) else (own, others | bits)
        cases = [row.operation for row in self.held if row.resource_id == theatre.pk]
        return TheatreFacts(
            open=opened,
            own=own,
            others=others,
            free=self.free(theatre),
            in_room=[
                (self.bits([(case.period.lower, case.period.upper)]), case.specialty.turnover_minutes or 0)
                for case in cases
            ],
            features=set(theatre.features.values_list("pk", flat=True)),
            cases=cases,
        )

    def is_own(self, session: TheatreSession) -> bool:
        mine = session.specialty_id == self.operation.specialty_id
        return mine and session.surgeon_id in (None, self.operation.lead_surgeon_id)

    def infection(self, cases: list[Operation], minute: int) -> bool:
        """Say whether a clean case would come after an infectious one on this local day."""
        day = self.local[minute].date()
        at = self.origin + timedelta(minutes=minute)
        for case in cases:
            if case.period.lower.astimezone(self.zone).date() == day and case.infectious != self.operation.infectious:
                dirty, clean = (at, case.period.lower) if self.operation.infectious else (case.period.lower, at)
                if dirty <= clean:
                    return True
        return False

    # --- the team ---

    def team_fits(self, minute: int) -> bool:
        o, long = self.operation, self.operation.in_room_minutes
        same = Operation.objects.filter(patient=o.patient, period__isnull=False).exclude(pk=o.pk)
        patient = self.cached(
            "patient", lambda: self.everything & ~self.bits((s.period.lower, s.period.upper) for s in same)
        )
        if not self.fits(patient, minute, 0, long):
            return False
        if o.lead_surgeon_id and not self.surgeon_fits(minute):
            return False
        if o.bed_kind:
            beds = self.cached(
                "beds", lambda: [self.free(b) for b in Bed.objects.filter(bed_kind=o.bed_kind, in_use=True)]
            )
            if not any(self.fits(bed, minute, long, long + (o.bed_minutes or 60)) for bed in beds):
                return False
        return self.equipment_fits(minute) and self.staff_fits(minute)

    def surgeon_fits(self, minute: int) -> bool:
        o = self.operation
        surgeon = self.cached("lead", lambda: StaffMember.objects.get(pk=o.lead_surgeon_id))
        free = self.cached("surgeon", lambda: self.free(surgeon))
        if not surgeon.in_use or not self.fits(free, minute, o.anaesthesia_minutes, o.in_room_minutes):
            return False
        limit, day = surgeon.daily_operations_limit, self.local[minute].date()
        led = [row for row in self.held if row.resource_id == surgeon.pk and row.role == "lead_surgeon"]
        on_day = [row for row in led if row.operation.period.lower.astimezone(self.zone).date() == day]
        return limit is None or len(on_day) < limit

    def equipment_fits(self, minute: int) -> bool:
        o, long = self.operation, self.operation.in_room_minutes
        for need in self.cached("equipment", lambda: list(o.equipment_needs.select_related("equipment_type"))):
            kind = need.equipment_type
            items = self.cached(
                f"items {kind.pk}",
                lambda kind=kind: [self.free(i) for i in EquipmentItem.objects.filter(type=kind, in_use=True)],
            )
            after = long + max(o.clean_up_minutes, kind.turnaround_minutes)
            if sum(self.fits(item, minute, -o.set_up_minutes, after) for item in items) < need.quantity:
                return False
        return True

    def staff_fits(self, minute: int) -> bool:
        """Try to give each post somebody of its own."""
        o = self.operation
        posts = self.cached("posts", lambda: [p.role for p in o.staff_needs.all() for _ in range(p.quantity)])
        people = self.cached(
            "people",
            lambda: [(p, self.free(p)) for p in StaffMember.objects.filter(in_use=True).exclude(pk=o.lead_surgeon_id)],
        )
        around = {"anaesthetist": (0, 0)}
        able = []
        for role in posts:
            before, after = around.get(role, (-o.set_up_minutes, o.clean_up_minutes))
            able.append(
                {
                    person.pk
                    for person, free in people
                    if person.profession in SERVES[role] and self.fits(free, minute, before, o.in_room_minutes + after)
                }
            )
        return _matched(able, frozenset())

    def cached(self, name: str, make):  # type: ignore[no-untyped-def]
        cache = self.__dict__.setdefault("_cache", {})
        if name not in cache:
            cache[name] = make()
        return cache[name]


@dataclass
class TheatreFacts:
    """Minutes of a theatre, and its cases; of each that is in the room, with its specialty's turnover."""

    open: int
    own: int
    others: int
    free: int
    in_room: list[tuple[int, int]]
    features: set[int]
    cases: list[Operation]


def _matched(able: list[set[int]], used: frozenset[int]) -> bool:
    return not able or any(_matched(able[1:], used | {who}) for who in able[0] - used)
