"""Bookings per second with 1, 8 and 32 clients, beside bare SQL and the usual check-then-insert.

Sides, each with its own process and connection per client, in turn within every round:

- product: ``scheduling.services.book_operation``, all of it.
- same statements: what the product sent in this round, sent again by psycopg2.
- bare SQL: the least a safe booking can be, seven statements by hand: lock operation, patient and
  resources, look for an overlap, update the operation, insert reservations and history.
- constraint only: the same without locks and look; the exclusion constraints refuse.
- check-then-insert: look, then write, without locks, into tables without the constraints.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time, timedelta
from statistics import median
from typing import Any

from django.db import connection
from django.utils import timezone

from bench.cases import TABLES, Cases, list_cases, place_cases, settle
from bench.clients import SIDES, Crowd, Heat, crowd
from bench.figures import percentile, table
from bench.house import PATIENTS, House, at, build_house
from bench.sides import Attempt
from scheduling.integrity import find_breaches

CLIENTS = (1, 8, 32)
ATTEMPTS = {1: 100, 8: 320, 32: 480}
DAYS = 60
FREE = (time(13, 30), time(15), time(16, 30), time(18), time(19, 30))
"""Starts that nobody holds; the mornings are full."""
FOUGHT_OVER = 4
"""Theatres that all clients want in the contended mode."""
PER_DAY = 64
"""Attempts at one day's places before everybody goes on to the next day."""
MODES = {
    "spread": "free places all over 40 theatres and 60 days, the whole team: 8 reservations each",
    "drag": "the same with theatre and surgeon alone, as a drag from the waiting list books",
    "contended": "64 attempts at the 20 places of 4 theatres on a day, then the next day",
}
DOUBLE = """
    SELECT count(*) FROM {t}_reservation one JOIN {t}_reservation other
        ON other.resource_id = one.resource_id AND other.id > one.id AND other.period && one.period
    WHERE one.active AND one.exclusive AND other.active AND other.exclusive AND one.role = 'theatre'
"""
COPIES = (
    "CREATE TABLE bench_operation (LIKE scheduling_operation INCLUDING DEFAULTS INCLUDING IDENTITY)",
    "CREATE TABLE bench_reservation (LIKE scheduling_reservation INCLUDING DEFAULTS INCLUDING IDENTITY)",
    "CREATE TABLE bench_operationchange (LIKE scheduling_operationchange INCLUDING DEFAULTS INCLUDING IDENTITY)",
    "INSERT INTO bench_operation SELECT * FROM scheduling_operation",
    "INSERT INTO bench_reservation OVERRIDING SYSTEM VALUE SELECT * FROM scheduling_reservation",
    "ALTER TABLE bench_operation ADD PRIMARY KEY (id)",
    "ALTER TABLE bench_reservation ADD PRIMARY KEY (id)",
    "ALTER TABLE bench_operationchange ADD PRIMARY KEY (id)",
    "SELECT setval(pg_get_serial_sequence('bench_reservation', 'id'), max(id)) FROM bench_reservation",
    "CREATE INDEX ON bench_reservation USING gist (resource_id, period) WHERE active AND exclusive",
    "CREATE INDEX ON bench_reservation (operation_id)",
    "CREATE INDEX ON bench_operation USING gist (patient_id, period)",
    "CREATE INDEX ON bench_operation USING gist (period)",
    "CREATE INDEX ON bench_operationchange (operation_id, version)",
)


@dataclass(frozen=True)
class Cell:
    """One line of the table: a mode and a number of clients."""

    mode: str
    clients: int


def measure(*, quick: bool) -> dict[str, Any]:
    """Run all rounds, print the tables and return the figures."""
    rounds, modes = (2, ("spread", "contended")) if quick else (5, tuple(MODES))
    house = build_house()
    tomorrow = timezone.localdate() + timedelta(days=1)
    place_cases(house, first_day=tomorrow, days=DAYS, a_day=160, status="scheduled")
    waiting = list_cases(house, max(ATTEMPTS.values()))
    execute(*COPIES)
    settle()
    heats: dict[tuple[Cell, str], list[Heat]] = defaultdict(list)
    doubles: Counter[tuple[Cell, str]] = Counter()
    with crowd(max(CLIENTS), house.actor.pk) as clients:
        for turn in range(rounds):
            for cell in (Cell(mode, count) for mode in modes for count in CLIENTS):
                wishes = list(wishes_of(house, waiting, cell, random.Random(turn)))
                for side in _order(turn):
                    heats[cell, side].append(_heat(clients, side, cell, wishes, waiting))
                    doubles[cell, side] += _double_bookings(side)
    return _shown(heats, doubles, modes, rounds)


def _order(turn: int) -> tuple[str, ...]:
    """Return the sides in this round's order; the replay needs the product's turn before it."""
    return SIDES if turn % 2 == 0 else (*SIDES[2:], *SIDES[:2])


def wishes_of(house: House, waiting: Cases, cell: Cell, dice: random.Random) -> Iterator[Attempt]:
    """Yield the attempts of a round, the same for every side."""
    tomorrow = timezone.localdate() + timedelta(days=1)
    places = [(day, crew, start) for day in range(DAYS) for crew in house.crews for start in FREE]
    dice.shuffle(places)
    for n, number in enumerate(waiting.numbers[: ATTEMPTS[cell.clients]]):
        day, crew, start = places[n]
        if cell.mode == "contended":
            day, crew, start = n // PER_DAY, dice.choice(house.crews[:FOUGHT_OVER]), dice.choice(FREE)
        yield Attempt(
            number=n,
            operation_id=number,
            patient_id=1 + number % PATIENTS,
            crew=crew,
            start=at(tomorrow + timedelta(days=day), start),
            whole_team=cell.mode != "drag",
        )


def _heat(clients: Crowd, side: str, cell: Cell, wishes: list[Attempt], waiting: Cases) -> Heat:
    put_back(waiting)
    heat = clients.run(side, wishes, cell.clients)
    if side == "product" and (breaches := find_breaches()):
        raise AssertionError(breaches[:3])
    return heat


def _double_bookings(side: str) -> int:
    tables = "bench" if side == "check-then-insert" else "scheduling"
    with connection.cursor() as cursor:
        cursor.execute(DOUBLE.format(t=tables))
        return int(cursor.fetchone()[0])


def put_back(waiting: Cases) -> None:
    """Put all cases of the round back on the waiting list, as if nothing had happened."""
    first = waiting.first
    for t in ("scheduling", "bench"):
        execute(
            f"DELETE FROM {t}_reservation WHERE operation_id >= {first}",
            f"DELETE FROM {t}_operationchange WHERE operation_id >= {first} AND version > 1",
            f"UPDATE {t}_operation SET status = 'waiting', theatre_id = null, lead_surgeon_id = null, period = null,"
            f" version = 1 WHERE id >= {first}",
        )
    execute("TRUNCATE auditlog_logentry")
    execute(*(f"VACUUM ANALYZE {name}" for table in TABLES for name in (table, table.replace("scheduling", "bench"))))
    execute("CHECKPOINT")


def execute(*statements: str) -> None:
    """Run statements one by one."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _shown(
    heats: dict[tuple[Cell, str], list[Heat]], doubles: Counter[tuple[Cell, str]], modes: tuple[str, ...], rounds: int
) -> dict[str, Any]:
    figures = []
    heads = ("", "clients", "bookings/s", "p50 ms", "p95 ms", "p99 ms", "refused", "deadlocks", "double", "/ product")
    for mode in modes:
        rows: list[list[Any]] = []
        for clients in CLIENTS:
            for side in SIDES:
                cell = Cell(mode, clients)
                figure = _figure(heats[cell, side], heats[cell, "product"], doubles[cell, side])
                rows.append([side, clients, *figure.values()])
                figures.append({"mode": mode, "clients": clients, "side": side, **figure})
            rows.append([""] * len(heads))
        table(f"{mode}: {MODES[mode]} (median of {rounds} rounds)", heads, rows)
    return {"rounds": rounds, "attempts": ATTEMPTS, "modes": MODES, "figures": figures}


def _figure(heats: list[Heat], product: list[Heat], doubles: int) -> dict[str, float]:
    rates = [heat.per_second for heat in heats]
    latencies = [seconds * 1000 for heat in heats for seconds in heat.latencies]
    ratios = [heat.per_second / ours.per_second for heat, ours in zip(heats, product, strict=True)]
    total = sum((heat.outcomes for heat in heats), Counter[str]())
    return {
        "bookings_per_second": round(median(rates), 1),
        "p50_ms": round(percentile(latencies, 0.50), 2),
        "p95_ms": round(percentile(latencies, 0.95), 2),
        "p99_ms": round(percentile(latencies, 0.99), 2),
        "refused": total["refused"],
        "deadlocks": total["deadlock"],
        "double_bookings": doubles,
        "times_product": round(median(ratios), 2),
    }
