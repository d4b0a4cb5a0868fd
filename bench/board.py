"""The day board of 40 theatres and 300 cases, its week and month, with more and more past operations in the database.

Milliseconds and queries of the board itself, of the pages, of a search for free slots and of the
rules' verdict on one plan. All of it must take as long after a million operations as before.
"""

from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from statistics import median
from time import perf_counter
from typing import Any

from auditlog.context import disable_auditlog
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bench.cases import Cases, list_cases, place_cases, settle, without_indexes
from bench.figures import middle, milliseconds, percentile, table
from bench.house import House, add_patients, at, build_house
from bench.stage import clone, using
from patients.models import Patient
from resources.models import Unavailability
from scheduling.conflicts import find_conflicts
from scheduling.models import Operation, ReservationRole
from scheduling.period import Period
from scheduling.plan import Assignment, Plan
from scheduling.selectors.day_board import day_board
from scheduling.slots import find_free_slots

CASES_A_DAY = 300
DAYS_AHEAD = 30
CLOSED_AFTER = 20
"""Days until a theatre is closed, so that its list needs other places."""
GAP = time(19), time(21)
"""What is left of a theatre's day."""
WAITING = 500
CHUNK_DAYS = 3_000
CASES_A_PATIENT = 5
"""A longer history has more patients too."""
SLOT_WINDOW = timedelta(days=14)
NAMES_ACTOR = "SELECT set_config('audit.who'"
"""Stands before what is written, and says for whom; see accounts/audit/who.py."""
LEAST_TIMES, ROUND_MS = 5, 1_000


def measure(*, quick: bool) -> dict[str, Any]:
    """Load each size into a database of its own, measure them in turn, print the tables, return the figures."""
    sizes, rounds = ((10_000, 200_000), 3) if quick else ((10_000, 1_000_000, 5_000_000), 7)
    house = build_house()
    today = timezone.localdate()
    place_cases(house, first_day=today, days=DAYS_AHEAD, a_day=CASES_A_DAY, status="scheduled")
    waiting = list_cases(house, WAITING)
    _close(house, today + timedelta(days=CLOSED_AFTER))
    past = 0
    with ExitStack() as stack:
        databases = {}
        for size in sizes:
            began = perf_counter()
            past = _add_history(house, today, past, size)
            settle()
            print(f"{size:,} past operations: {_disk() / 1e9:.1f} GB, {perf_counter() - began:.0f} s", flush=True)
            last = size == sizes[-1]
            databases[size] = connection.settings_dict["NAME"] if last else stack.enter_context(clone(str(size)))
        figures = {size: Figures(size, name) for size, name in databases.items()}
        for _ in range(rounds):
            for figure in figures.values():
                with using(figure.database):
                    figure.gigabytes = round(_disk() / 1e9, 2)
                    for name, work in _works(house, today, waiting).items():
                        figure.add(name, work)
    day = {"theatres": len(house.crews), "cases": CASES_A_DAY, "waiting": WAITING, "rounds": rounds}
    return {"day": day} | _shown(list(figures.values()))


@dataclass(slots=True)
class Figures:
    """What was measured at one size: for each work, by round, the milliseconds; and what PostgreSQL did."""

    size: int
    database: str
    gigabytes: float = 0.0
    taken: dict[str, list[list[float]]] = field(default_factory=lambda: defaultdict(list))
    queries: dict[str, int] = field(default_factory=dict)
    pages: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, work: Callable[[], object]) -> None:
        """Measure a round of one work."""
        if name not in self.queries:
            statements = _statements_of(work)
            self.queries[name] = len(statements)
            self.pages[name] = sum(_pages(*statement) for statement in statements)
        once = milliseconds(work, times=1)[0]
        self.taken[name].append(milliseconds(work, times=max(LEAST_TIMES, int(ROUND_MS / once)), warm_up=0))

    def middle(self, name: str) -> float:
        """Return the median of all rounds."""
        return middle([value for taken in self.taken[name] for value in taken])

    def as_dict(self) -> dict[str, Any]:
        """Return what is kept."""
        works = {
            name: {
                "queries": self.queries[name],
                "pages": self.pages[name],
                "p50_ms": self.middle(name),
                "p95_ms": round(percentile([value for taken in rounds for value in taken], 0.95), 1),
            }
            for name, rounds in self.taken.items()
        }
        return {"past_operations": self.size, "gigabytes": self.gigabytes, "works": works}


def _add_history(house: House, today: date, past: int, size: int) -> int:
    """Fill days backwards from yesterday until ``size`` past operations are there."""
    days = -(-(size - past) // CASES_A_DAY)
    done = past // CASES_A_DAY
    add_patients(Patient.objects.count() + 1, size // CASES_A_PATIENT)
    with without_indexes():
        for begin in range(done, done + days, CHUNK_DAYS):
            count = min(CHUNK_DAYS, done + days - begin)
            first = today - timedelta(days=begin + count)
            place_cases(house, first_day=first, days=count, a_day=CASES_A_DAY, status="completed")
    return past + days * CASES_A_DAY


def _disk() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def _works(house: House, today: date, waiting: Cases) -> dict[str, Callable[[], object]]:
    """Return what is measured, by name."""
    day = today + timedelta(days=7)
    client = Client(SERVER_NAME="localhost")
    client.force_login(house.actor, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = reverse("scheduling:day", args=[day])
    week, month = (reverse(f"scheduling:{name}", args=[day + timedelta(days=7)]) for name in ("week", "month"))
    gap = reverse("scheduling:gap", args=[house.crews[0].theatre_id])
    begin, end = (int(at(day, clock).timestamp()) for clock in GAP)
    operation = Operation.objects.with_facts().get(pk=waiting.first)
    operation.lead_surgeon_id = house.crews[0].surgeon_id
    start = at(day, time())
    return {
        "board": lambda: day_board(day, house.actor),
        "page": lambda: _page(client, page, b'class="case-item"', CASES_A_DAY),
        "week page": lambda: _page(client, week, b'<li class="wk ', 7 * CASES_A_DAY),
        "month page": lambda: _page(client, month, b" cases</p>", 7),
        "affected page": lambda: _page(client, reverse("scheduling:affected"), b'name="choice"', 1),
        "gap page": lambda: _page(client, f"{gap}?start={begin}&end={end}", b"<tr", 5),
        "free slots": lambda: find_free_slots(operation, start, start + SLOT_WINDOW),
        "conflicts": lambda: find_conflicts(_plan(house, operation, at(day, time(9)))),
    }


def _close(house: House, day: date) -> None:
    """Close one theatre for a day on which it has a list."""
    with disable_auditlog():
        period = Period(at(day, time()), at(day + timedelta(days=1), time())).as_range()
        Unavailability.objects.create(resource_id=house.crews[0].theatre_id, kind="closure", period=period)


def _page(client: Client, path: str, mark: bytes, least: int) -> None:
    answer = client.get(path)
    found = answer.content.count(mark)
    if answer.status_code != HTTPStatus.OK or found < least:
        message = f"{path} answered {answer.status_code} with {found} times {mark!r}"
        raise AssertionError(message)


def _plan(house: House, operation: Operation, start: datetime) -> Plan:
    crew = house.crews[0]
    lead = Assignment(resource_id=crew.surgeon_id, role=ReservationRole.LEAD_SURGEON)
    team = [Assignment(resource_id=pk, role=role) for pk, role in crew.members]
    period = Period.lasting(start, operation.in_room_minutes)
    return replace(Plan(operation=operation, theatre_id=crew.theatre_id, period=period), assignments=(lead, *team))


def _statements_of(work: Callable[[], object]) -> list[tuple[str, Any]]:
    statements: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, *rest: Any) -> Any:
        statements.append((sql, params))
        return execute(sql, params, *rest)

    with connection.execute_wrapper(note):
        work()
    return statements


def _pages(sql: str, params: Any) -> int:
    """Return how many pages of 8 kB PostgreSQL looks at: unlike time, the same on a busy machine."""
    if sql.startswith(NAMES_ACTOR):
        sql = sql.partition("; ")[2]
    if not sql.lstrip().startswith(("SELECT", "WITH")):
        return 0
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {sql}", params)
        plan = cursor.fetchone()[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def _shown(figures: list[Figures]) -> dict[str, Any]:
    first, last = figures[0], figures[-1]
    kept = [figure.as_dict() for figure in figures]
    heads = ("queries", "pages", "p50_ms", "p95_ms")
    ratios = {}
    for name, rounds in last.taken.items():
        rows = [[f"{row['past_operations']:,}", *(row["works"][name][head] for head in heads)] for row in kept]
        table(name, ("past operations", *(head.replace("_", " ") for head in heads)), rows)
        pairs = [median(large) / median(small) for large, small in zip(rounds, first.taken[name], strict=True)]
        ratios[name] = {
            "queries": round(last.queries[name] / first.queries[name], 2),
            "pages": round(last.pages[name] / first.pages[name], 2),
            "p50": middle(pairs, 2),
            "of_rounds": f"{min(pairs):.2f} to {max(pairs):.2f}",
        }
    table(
        "largest over smallest (aim: under 1.3)",
        ("", "queries", "pages", "p50", "rounds"),
        [[name, *row.values()] for name, row in ratios.items()],
    )
    return {"figures": kept, "ratios": ratios}
