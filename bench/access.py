"""Lists with rights and without them, side by side, over a long history.

The waiting list, the day board and the search for patients, once as a list (rows and count) and once as
a page, for people whom the rights cost nothing, something, or nearly everything. "Without rights" is the
same code with every condition of :mod:`scheduling.access` true.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from statistics import median
from typing import Any

from django.core.paginator import Paginator
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from guardian.shortcuts import assign_perm

from accounts.models import RoleAssignment, User
from accounts.roles import Role
from bench.board import CASES_A_DAY, CASES_A_PATIENT, CHUNK_DAYS, DAYS_AHEAD
from bench.cases import list_cases, place_cases, settle, without_indexes
from bench.figures import middle, milliseconds, table
from bench.house import House, add_patients, build_house
from patients import access as patient_access
from patients.models import Patient, PatientBlock
from patients.permissions import CARE_TEAM
from patients.selectors import find_patients
from resources.models import Site, Specialty, StaffMember, Theatre
from scheduling import access
from scheduling.selectors.day_board import day_board
from scheduling.selectors.waiting_list import WaitingFilter, waiting_list
from scheduling.views.requesting import SHOWN
from scheduling.views.waiting import PAGE_SIZE

WAITING = 5_000
ON_CARE_TEAM = 200
EVERY_CONFIDENTIAL = 200
BLOCKS = 500
WORDS = "bakerbcd"
LEAST_TIMES, ROUND_MS = 5, 600
AIM = 1.3
Work = Callable[[], object]


def measure(*, quick: bool) -> dict[str, Any]:
    """Load the history, measure each list for each viewer with and without rights in turn, print and return."""
    size, rounds = (20_000, 2) if quick else (1_000_000, 3)
    house = build_house()
    today = timezone.localdate()
    _split(house)
    place_cases(house, first_day=today, days=DAYS_AHEAD, a_day=CASES_A_DAY, status="scheduled")
    list_cases(house, WAITING)
    _add_history(house, today, size)
    viewers = _viewers(house)
    _restrict(list(viewers.values()))
    settle()
    taken: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for _ in range(rounds):
        for who, viewer in viewers.items():
            for name, work in _works(viewer, today + timedelta(days=7)).items():
                taken[name, who].append(_pair(work))
    return {"past_operations": size, "waiting": WAITING, "rounds": rounds} | _shown(taken)


def _split(house: House) -> None:
    """Put the theatres in two places, by turns."""
    sites = [Site.objects.create(code=name, name=name.title()) for name in ("north", "south")]
    for at, crew in enumerate(house.crews):
        Theatre.objects.filter(pk=crew.theatre_id).update(site=sites[at % 2])


def _add_history(house: House, today: date, size: int) -> None:
    add_patients(Patient.objects.count() + 1, size // CASES_A_PATIENT)
    days = -(-size // CASES_A_DAY)
    with without_indexes():
        for begin in range(0, days, CHUNK_DAYS):
            count = min(CHUNK_DAYS, days - begin)
            first = today - timedelta(days=begin + count)
            place_cases(house, first_day=first, days=count, a_day=CASES_A_DAY, status="completed")


def _viewers(house: House) -> dict[str, User]:
    """Return somebody of each kind; who is on care teams only has a role that opens nothing."""
    people = {
        "coordinator": house.actor,
        "coordinator of a site": _person(Role.COORDINATOR, sites=Site.objects.filter(code="north")),
        "surgeon": _person(Role.SURGEON),
        "ward nurse": _person(Role.WARD_NURSE),
        "care team only": _person(
            Role.COORDINATOR, specialties=[Specialty.objects.create(code="elsewhere", name="Elsewhere")]
        ),
    }
    lead = StaffMember.objects.get(pk=house.crews[0].surgeon_id)
    lead.user = people["surgeon"]
    lead.save(update_fields=["user"])
    lead.specialties.add(house.specialty)
    for patient in Patient.objects.order_by("-pk")[:ON_CARE_TEAM]:
        assign_perm(CARE_TEAM, people["care team only"], patient)
    return people


def _person(role: Role, **limits: Any) -> User:
    number = User.objects.count()
    user = User.objects.create_user(f"viewer{number}@example.org", given_name="Bench", family_name=f"Viewer {number}")
    given = RoleAssignment.objects.create(user=user, role=role)
    for name, rows in limits.items():
        getattr(given, name).set(rows)
    return user


def _restrict(viewers: list[User]) -> None:
    """Make some records confidential, and have some patients keep a viewer away."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE patients_patient SET confidential = true WHERE id %% %s = 0", [EVERY_CONFIDENTIAL])
    patients = Patient.objects.order_by("pk")[:BLOCKS]
    PatientBlock.objects.bulk_create(
        PatientBlock(patient=patient, user=viewers[at % len(viewers)]) for at, patient in enumerate(patients)
    )


def _works(viewer: User, day: date) -> dict[str, Work]:
    client = Client(SERVER_NAME="localhost")
    client.force_login(viewer, backend="allauth.account.auth_backends.AuthenticationBackend")
    waiting, board, find = reverse("scheduling:waiting-list"), reverse("scheduling:day", args=[day]), "/find/"
    return {
        "waiting list": lambda: _first_page(viewer),
        "waiting list, page": lambda: client.get(waiting),
        "day board": lambda: day_board(day, viewer),
        "day board, page": lambda: client.get(board),
        "patient search": lambda: list(find_patients(WORDS, viewer)[: SHOWN + 1]),
        "patient search, page": lambda: client.post(find, {"text": WORDS}),
    }


def _first_page(viewer: User) -> list[Any]:
    return list(Paginator(waiting_list(WaitingFilter(), viewer), PAGE_SIZE).get_page(1))


def _pair(work: Work) -> tuple[float, float]:
    """Return the median milliseconds of one round with rights and without them."""
    once = milliseconds(work, times=1)[0]
    times = min(40, max(LEAST_TIMES, int(ROUND_MS / once)))
    with_rights = median(milliseconds(work, times=times, warm_up=0))
    with _no_rights():
        return with_rights, median(milliseconds(work, times=times, warm_up=1))


@contextmanager
def _no_rights() -> Iterator[None]:
    """Let every condition be true for a while: the same lists, of everything."""
    everything = lambda *_, **__: patient_access.EVERYTHING  # noqa: E731
    everyone = lambda rows, _user: rows  # noqa: E731
    kept = [(access, name, getattr(access, name)) for name in ("listed", "opened", "shown_nameless")]
    rows: Any = type(Patient.objects.all())
    kept.append((rows, "visible_to", rows.visible_to))
    for owner, name, _ in kept:
        setattr(owner, name, everyone if name == "visible_to" else everything)
    try:
        yield
    finally:
        for owner, name, real in kept:
            setattr(owner, name, real)


def _shown(taken: dict[tuple[str, str], list[tuple[float, float]]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in dict.fromkeys(name for name, _ in taken):
        rows = []
        for (work, who), pairs in taken.items():
            if work != name:
                continue
            ratios = [with_rights / without for with_rights, without in pairs]
            figures = {
                "with_ms": middle([pair[0] for pair in pairs]),
                "without_ms": middle([pair[1] for pair in pairs]),
                "ratio": middle(ratios, 2),
                "of_rounds": f"{min(ratios):.2f} to {max(ratios):.2f}",
            }
            found.setdefault(name, {})[who] = figures
            rows.append([who, *figures.values()])
        table(f"{name} (aim: ratio under {AIM})", ("viewer", "with ms", "without ms", "ratio", "rounds"), rows)
    return {"lists": found}
