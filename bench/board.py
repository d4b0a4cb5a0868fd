"""The day board of 40 theatres and 300 cases, with more and more past operations in the database.

Milliseconds and queries of the board itself and of its page, of a search for free slots and of the
rules' verdict on one plan. All of it must take as long after a million operations as before.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from time import perf_counter
from typing import Any

from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bench.cases import TABLES, Cases, list_cases, place_cases, settle, without_indexes
from bench.figures import middle, milliseconds, percentile, table
from bench.house import House, at, build_house
from scheduling.conflicts import find_conflicts
from scheduling.models import Operation, ReservationRole
from scheduling.period import Period
from scheduling.plan import Assignment, Plan
from scheduling.selectors.day_board import day_board
from scheduling.slots import find_free_slots

CASES_A_DAY = 300
DAYS_AHEAD = 30
WAITING = 500
CHUNK_DAYS = 3_000
SLOT_WINDOW = timedelta(days=14)
LEAST_TIMES, MOST_TIMES = 15, 40


def measure(*, quick: bool) -> dict[str, Any]:
    """Measure at each size, print the tables and return the figures."""
    sizes = (10_000, 200_000) if quick else (10_000, 1_000_000, 5_000_000)
    house = build_house()
    today = timezone.localdate()
    place_cases(house, first_day=today, days=DAYS_AHEAD, a_day=CASES_A_DAY, status="scheduled")
    waiting = list_cases(house, WAITING)
    figures: list[dict[str, Any]] = []
    past = 0
    for size in sizes:
        began = perf_counter()
        past = _add_history(house, today, past, size)
        settle()
        loaded = perf_counter() - began
        print(f"{size:,} past operations: {_disk() / 1e9:.1f} GB, loaded in {loaded:.0f} s", flush=True)
        found = {name: _measured(work) for name, work in _works(house, today, waiting).items()}
        figures.append({"past_operations": size, "gigabytes": round(_disk() / 1e9, 2), "works": found})
    return {"day": {"theatres": len(house.crews), "cases": CASES_A_DAY}, "figures": figures} | _shown(figures)


def _add_history(house: House, today: date, past: int, size: int) -> int:
    """Fill days backwards from yesterday until ``size`` past operations are there."""
    days = -(-(size - past) // CASES_A_DAY)
    done = past // CASES_A_DAY
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
    operation = Operation.objects.with_facts().get(pk=waiting.first)
    operation.lead_surgeon_id = house.crews[0].surgeon_id
    start = at(day, time())
    return {
        "board": lambda: day_board(day),
        "page": lambda: _page(client, page),
        "free slots": lambda: find_free_slots(operation, start, start + SLOT_WINDOW),
        "conflicts": lambda: find_conflicts(_plan(house, operation, at(day, time(9)))),
    }


def _page(client: Client, path: str) -> None:
    answer = client.get(path)
    cards = answer.content.count(b'class="case-item"')
    if answer.status_code != HTTPStatus.OK or cards < CASES_A_DAY:
        message = f"{path} answered {answer.status_code} with {cards} cases"
        raise AssertionError(message)


def _plan(house: House, operation: Operation, start: datetime) -> Plan:
    crew = house.crews[0]
    lead = Assignment(resource_id=crew.surgeon_id, role=ReservationRole.LEAD_SURGEON)
    team = [Assignment(resource_id=pk, role=role) for pk, role in crew.members]
    period = Period.lasting(start, operation.in_room_minutes)
    return replace(Plan(operation=operation, theatre_id=crew.theatre_id, period=period), assignments=(lead, *team))


def _measured(work: Callable[[], object]) -> dict[str, float]:
    queries: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        queries.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        work()
    once = milliseconds(work, times=3)
    times = max(LEAST_TIMES, min(MOST_TIMES, int(4000 / middle(once))))
    taken = milliseconds(work, times=times)
    return {
        "queries": len(queries),
        "p50_ms": middle(taken),
        "p95_ms": round(percentile(taken, 0.95), 1),
        "least_ms": round(min(taken), 1),
    }


def _shown(figures: list[dict[str, Any]]) -> dict[str, Any]:
    first, last = figures[0], figures[-1]
    ratios = {}
    heads = ("queries", "p50_ms", "p95_ms", "least_ms")
    for name in first["works"]:
        rows = [[f"{row['past_operations']:,}", *(row["works"][name][key] for key in heads)] for row in figures]
        table(name, ("past operations", *(head.replace("_", " ") for head in heads)), rows)
        ratios[name] = {
            key: round(last["works"][name][key] / first["works"][name][key], 2)
            for key in ("queries", "p50_ms", "least_ms")
        }
    table(
        "largest over smallest (aim: under 1.3)",
        ("", "queries", "p50", "least"),
        [[name, *row.values()] for name, row in ratios.items()],
    )
    return {"ratios": ratios, "tables": list(TABLES)}
