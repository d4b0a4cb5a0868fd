"""Finding one patient among 20,000, and among two million.

Each kind of search is made for patients drawn by lot, as the box in the top bar makes it: eight results with their
banner facts. Figures are of the selector, Python and database together; a page's own work comes on top.
"""

import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import RoleAssignment, User
from accounts.roles import Role
from bench.board import CASES_A_DAY, CHUNK_DAYS, DAYS_AHEAD
from bench.cases import list_cases, place_cases, settle, without_indexes
from bench.figures import middle, percentile, table
from bench.house import House, build_house
from bench.population import COMMON, GIVEN, register
from patients.models import Patient
from resources.models import Site, StaffMember, Theatre
from scheduling.selectors.finding import patients_found

SMALL, LARGE, QUICK = 20_000, 2_000_000, 200_000
A_QUARTER = 4
"""One patient in so many has been operated on."""
WAITING, SUGGESTED = 5_000, 8
DRAWN, TIMES = 6, 2
COLUMNS = ("p50 ms", "p95 ms", "max ms", "busy p50", "busy p95")
AIM_MS = 50
Texts = dict[str, list[str]]


def measure(*, quick: bool) -> dict[str, Any]:
    """Measure at both sizes, print and return."""
    large = QUICK if quick else LARGE
    house = build_house(patients=0)
    _split(house)
    found: dict[str, Any] = {"aim_ms": AIM_MS}
    present = 0
    viewers: dict[str, User] = {}
    for size in (SMALL, large):
        began = perf_counter()
        register(present + 1, size)
        _operate(house, present, size)
        present = size
        viewers = viewers or _viewers(house)
        settle()
        print(f"{size:,} patients are there after {perf_counter() - began:.0f} s", flush=True)
        found[str(size)] = _measured(viewers, _texts(size))
    _show(found, SMALL, large)
    return found


def _split(house: House) -> None:
    """Put the theatres in two places, by turns."""
    sites = [Site.objects.create(code=name, name=name.title()) for name in ("north", "south")]
    for at, crew in enumerate(house.crews):
        Theatre.objects.filter(pk=crew.theatre_id).update(site=sites[at % 2])


def _operate(house: House, before: int, size: int) -> None:
    """Place the days to come, a waiting list, and a past operation for a quarter of the patients."""
    today = timezone.localdate()
    if not before:
        place_cases(house, first_day=today, days=DAYS_AHEAD, a_day=CASES_A_DAY, status="scheduled")
        list_cases(house, WAITING)
    days = (size - before) // A_QUARTER // CASES_A_DAY
    until = today - timedelta(days=before // A_QUARTER // CASES_A_DAY + 1)
    with without_indexes():
        for begin in range(0, days, CHUNK_DAYS):
            count = min(CHUNK_DAYS, days - begin)
            place_cases(
                house,
                first_day=until - timedelta(days=begin + count),
                days=count,
                a_day=CASES_A_DAY,
                status="completed",
            )


def _viewers(house: House) -> dict[str, User]:
    own, specialist = _person(Role.SURGEON), _person(Role.SURGEON)
    for crew, user in zip(house.crews, (own, specialist), strict=False):
        StaffMember.objects.filter(pk=crew.surgeon_id).update(user=user)
    StaffMember.objects.get(user=specialist).specialties.add(house.specialty)
    return {
        "coordinator": house.actor,
        "coordinator of a site": _person(Role.COORDINATOR, sites=Site.objects.filter(code="north")),
        "surgeon, all of a specialty": specialist,
        "surgeon, own cases": own,
        "ward nurse": _person(Role.WARD_NURSE),
    }


def _person(role: Role, **limits: Any) -> User:
    number = User.objects.count()
    user = User.objects.create_user(f"viewer{number}@example.org", given_name="Bench", family_name=f"Viewer {number}")
    given = RoleAssignment.objects.create(user=user, role=role)
    for name, rows in limits.items():
        getattr(given, name).set(rows)
    return user


def _texts(size: int) -> Texts:
    """Return what is typed, kind by kind, about patients drawn by lot."""
    dice = random.Random(size)
    drawn = list(Patient.objects.filter(pk__in=dice.sample(range(1, size + 1), DRAWN * 3)))
    dice.shuffle(drawn)
    rare = [one for one in drawn if one.family_name not in COMMON]
    long = [one for one in rare if len(one.family_name) >= 8]  # noqa: PLR2004  # two errors are forgiven
    for at, one in enumerate(drawn):
        one.phone = f"07{at:03}{dice.randrange(10**6):06}"
        one.save(update_fields=["phone"])

    def of(patients: list[Patient], say: Callable[[Patient], str]) -> list[str]:
        return [say(one) for one in patients[:DRAWN]]

    return {
        "MRN": of(drawn, lambda one: one.mrn),
        "MRN, first 4": of(drawn, lambda one: one.mrn[:4]),
        "phone": of(drawn, lambda one: f"+44 {one.phone[1:]}"),
        "two letters": of(drawn, lambda one: one.family_name[:2]),
        "three letters": of(drawn, lambda one: one.family_name[:3]),
        "common surname": [name.lower() for name in COMMON[:DRAWN]],
        "common given name": [name.lower() for name in GIVEN[:DRAWN]],
        "both names": of(drawn, lambda one: f"{one.given_name} {one.family_name}"),
        "both names, common": [f"{given} {family}" for given, family in zip(GIVEN[:DRAWN], COMMON, strict=False)],
        "name and initial": of(drawn, lambda one: f"{one.family_name}, {one.given_name[:1]}"),
        "rare surname": of(rare, lambda one: one.family_name),
        "slip in a common name": [_swapped(name, dice) for name in COMMON[:DRAWN]],
        "slip, both names": of(drawn, lambda one: f"{one.given_name} {_swapped(one.family_name, dice)}"),
        "two slips in a long name": of(long, lambda one: _swapped(one.family_name[:-1], dice)),
        "date of birth": of(drawn, lambda one: f"{one.date_of_birth:%d/%m/%Y}"),
        "common name and year": [f"{name} {1930 + at * 4}" for at, name in enumerate(COMMON[:DRAWN])],
        "name and date of birth": of(drawn, lambda one: f"{one.family_name} {_born(one):%d.%m.%y}"),
        "nobody": [f"{name}xq" for name in COMMON[:DRAWN]],
    }


def _born(patient: Patient) -> date:
    return patient.date_of_birth or date.min


def _swapped(name: str, dice: random.Random) -> str:
    """Return the name with two letters after the first in each other's place."""
    at = dice.randrange(1, max(2, len(name) - 1))
    return (name[:at] + name[at : at + 2][::-1] + name[at + 2 :]).lower()


def _measured(viewers: dict[str, User], texts: Texts) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for who, viewer in viewers.items():
        for kind, typed in texts.items():
            taken = [one for text in typed for one in _times(viewer, text)]
            clock, busy = [one[0] for one in taken], [one[1] for one in taken]
            found.setdefault(who, {})[kind] = {
                "p50_ms": middle(clock),
                "p95_ms": round(percentile(clock, 0.95), 1),
                "max_ms": round(max(clock), 1),
                "busy_p50_ms": middle(busy),
                "busy_p95_ms": round(percentile(busy, 0.95), 1),
            }
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size('patients_patient'), pg_total_relation_size('patients_nameword')")
        patients, words = cursor.fetchone()
    return {"patients_mb": patients >> 20, "index_mb": words >> 20, "kinds": found}


def _times(viewer: User, text: str) -> list[tuple[float, float]]:
    """Return how long each search takes by the clock, and on a processor: the same where nobody else needs it."""
    patients_found(text, viewer, most=SUGGESTED)
    taken = []
    for _ in range(TIMES):
        began, busy = perf_counter(), _busy()
        patients_found(text, viewer, most=SUGGESTED)
        taken.append(((perf_counter() - began) * 1000, _busy() - busy))
    return taken


def _busy() -> float:
    """Return the milliseconds that this process and its server process in the database have computed."""
    server = connection.connection.info.backend_pid
    with Path(f"/proc/{server}/schedstat").open() as file:
        return process_time() * 1000 + int(file.read().split()[0]) / 1e6


def _show(found: dict[str, Any], small: int, large: int) -> None:
    few, many = found[str(small)]["kinds"], found[str(large)]["kinds"]
    for who, kinds in many.items():
        rows = [
            [kind, *figures.values(), before, round(figures["busy_p50_ms"] / before, 1)]
            for kind, figures in kinds.items()
            for before in [few[who][kind]["busy_p50_ms"]]
        ]
        heads = (f"{large:,} patients", *COLUMNS, f"busy p50 of {small:,}", "times")
        table(f"{who} (aim: p95 under {AIM_MS} ms)", heads, rows)
