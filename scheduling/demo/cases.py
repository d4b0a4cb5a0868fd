"""What is operated on: procedures that fit a surgeon, a theatre and the time that is left."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from random import Random

from resources.models import Specialty, StaffMember, Theatre
from scheduling.models import Laterality, Priority, Procedure, Side

URGENT = frozenset(
    {
        "10T24ZZ",
        "0DTJ4ZZ",
        "0DTJ0ZZ",
        "0DQ94ZZ",
        "0DB80ZZ",
        "0D9Q0ZZ",
        "0WJG0ZZ",
        "00C40ZZ",
        "009630Z",
        "0VSC0ZZ",
        "10D17ZZ",
        "0U9L0ZZ",
        "0J910ZZ",
        "0BQT0ZZ",
        "0DQ50ZZ",
        "0J8N0ZZ",
        "0RSJXZZ",
        "0SS9XZZ",
        "0PSHXZZ",
        "08Q8XZZ",
        "0B110F4",
        "00W60JZ",
        "10D00Z1",
    }
)
"""Procedures that come unplanned: they are not on elective lists."""

EMERGENCIES = (
    "0DTJ4ZZ",
    "0WJG0ZZ",
    "10T24ZZ",
    "0DQ94ZZ",
    "0VSC0ZZ",
    "0D9Q0ZZ",
    "0DB80ZZ",
    "0J910ZZ",
)
"""What comes to the emergency theatre in the afternoon, evening and night."""

WAITS = {"P1b": (0, 2), "P2": (6, 27), "P3": (20, 82), "P4": (60, 330)}
"""Days from listing to operation, by priority."""

SHARES = {"P2": 30, "P3": 45, "P4": 25}
"""Priorities of elective operations, in per cent."""

SIDES = (
    Side.LEFT,
    Side.RIGHT,
    Side.LEFT,
    Side.RIGHT,
    Side.LEFT,
    Side.RIGHT,
    Side.BILATERAL,
)
LONG, SHORT = 240, 60
"""Minutes in theatre from which a procedure is rare, and up to which it mostly fills gaps."""


@dataclass(slots=True)
class Catalogue:
    """The procedures and priorities with everything that is asked of them, read once."""

    procedures: list[Procedure]
    priorities: dict[str, Priority]

    @classmethod
    def read(cls) -> "Catalogue":
        """Read the catalogue."""
        needs = (
            "features",
            "credentials",
            "staff_needs",
            "equipment_needs__equipment_type",
        )
        rows = Procedure.objects.filter(in_use=True).select_related("specialty").prefetch_related(*needs)
        return cls(
            procedures=list(rows),
            priorities={row.code: row for row in Priority.objects.all()},
        )

    def by_code(self, code: str) -> Procedure:
        """Return a procedure."""
        return next(row for row in self.procedures if row.code == code)

    def elective(self, specialty: Specialty, theatre: Theatre, surgeon: StaffMember) -> list[Procedure]:
        """Return what ``surgeon`` may do in ``theatre`` on a planned list of ``specialty``."""
        present = {feature.pk for feature in theatre.features.all()}
        held = {credential.pk for credential in surgeon.credentials.all()}
        return [
            row
            for row in self.procedures
            if row.specialty_id == specialty.pk
            and row.code not in URGENT
            and present.issuperset(feature.pk for feature in row.features.all())
            and held.issuperset(credential.pk for credential in row.credentials.all())
        ]


def in_room_minutes(procedure: Procedure) -> int:
    """Return the typical minutes from wheels-in to wheels-out."""
    return procedure.anaesthesia_minutes + procedure.surgery_minutes


FULL = 40
"""Minutes of a list that may stay empty."""


def in_random_order(rng: Random, procedures: Sequence[Procedure], *, minutes: int) -> list[Procedure]:
    """Return the procedures that fit ``minutes``, the likely ones first."""
    fitting = [row for row in procedures if in_room_minutes(row) <= minutes]

    def rank(row: Procedure) -> float:
        length = in_room_minutes(row)
        rarity = 4.0 if length >= LONG else 3.0 if length <= SHORT else 1.0
        fills_the_rest = 0 <= minutes - length < FULL
        return rng.random() * rarity * (0.3 if fills_the_rest else 1.0)

    return sorted(fitting, key=rank)


@dataclass(frozen=True)
class Listing:
    """When and how urgently somebody was put on the list."""

    priority: Priority
    listed_on: date


class Listings:
    """Draws priorities and dates listed."""

    def __init__(self, rng: Random, priorities: dict[str, Priority], today: date) -> None:
        self.rng, self.priorities, self.today = rng, priorities, today

    @cached_property
    def _codes(self) -> tuple[list[str], list[int]]:
        return list(SHARES), list(SHARES.values())

    def elective(self, day: date) -> Listing:
        """Return a listing for an elective operation on ``day``; one in thirty has waited too long."""
        codes, shares = self._codes
        code = self.rng.choices(codes, shares)[0]
        late = 12 if self.rng.random() < 1 / 30 else 0
        return self._listing(code, day, late)

    def urgent(self, day: date) -> Listing:
        """Return a listing for the trauma list of ``day``."""
        return self._listing("P1b", day, 0)

    def emergency(self, day: date) -> Listing:
        """Return a listing for an emergency of ``day``."""
        return Listing(self.priorities["P1a"], day)

    def _listing(self, code: str, day: date, late: int) -> Listing:
        shortest, longest = WAITS[code]
        ahead = max((day - self.today).days, 0)
        wait = self.rng.randint(min(max(shortest, ahead), longest), longest) + (late and longest - shortest + late)
        return Listing(self.priorities[code], min(day - timedelta(days=wait), self.today))


def side_for(rng: Random, procedure: Procedure) -> Side:
    """Return a side where the procedure has one."""
    return rng.choice(SIDES) if procedure.laterality == Laterality.REQUIRED else Side.NOT_APPLICABLE


def holders(surgeons: Iterable[StaffMember], procedure: Procedure) -> list[StaffMember]:
    """Return the surgeons of the procedure's specialty who hold what it asks of them."""
    return [
        surgeon
        for surgeon in surgeons
        if any(row.pk == procedure.specialty_id for row in surgeon.specialties.all())
        and {row.pk for row in surgeon.credentials.all()}.issuperset(row.pk for row in procedure.credentials.all())
    ]
