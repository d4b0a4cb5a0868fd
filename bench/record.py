"""What the audit record costs: bookings with and without it, sealing, and checking the chain.

Sides, all of them ``book_operation`` as it is, in turn within every round:

- recorded: the row triggers as they stand; rows are sealed in batches a moment later, outside the booking.
- not recorded: the same with the triggers switched off.
- sealed at once: as if every row were chained inside the booking's own transaction, the lock held until it ends.
"""

import random
from collections import defaultdict
from datetime import timedelta
from statistics import median
from time import perf_counter
from typing import Any

from django.utils import timezone

from accounts.audit.chain import seal
from accounts.audit.verifying import verify
from bench.booking import ATTEMPTS, CLIENTS, COPIES, DAYS, Cell, execute, put_back, wishes_of
from bench.cases import TABLES, list_cases, place_cases, settle
from bench.clients import Heat, crowd
from bench.figures import percentile, table
from bench.house import build_house

_EACH = "ALTER TABLE {table} {verb} TRIGGER audit_note"
SIDES = ("recorded", "not recorded", "sealed at once")
SEALED_AT_ONCE = """
    CREATE TABLE IF NOT EXISTS bench_head (seq bigint NOT NULL, hash bytea NOT NULL);
    INSERT INTO bench_head SELECT 0, '' WHERE NOT EXISTS (SELECT FROM bench_head);
    CREATE TABLE IF NOT EXISTS bench_link (seq bigint PRIMARY KEY, row_id bigint NOT NULL, hash bytea NOT NULL);
    CREATE OR REPLACE FUNCTION bench_seal() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        last bench_head;
    BEGIN
        UPDATE bench_head SET seq = seq + 1, hash = sha256(hash || convert_to(NEW::text, 'UTF8')) RETURNING * INTO last;
        INSERT INTO bench_link VALUES (last.seq, NEW.id, last.hash);
        RETURN NULL;
    END $$;
    CREATE OR REPLACE TRIGGER bench_seal AFTER INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION bench_seal();
"""


def measure(*, quick: bool) -> dict[str, Any]:
    """Run all rounds, print the tables and return the figures."""
    rounds = 2 if quick else 5
    house = build_house()
    tomorrow = timezone.localdate() + timedelta(days=1)
    place_cases(house, first_day=tomorrow, days=DAYS, a_day=160, status="scheduled")
    waiting = list_cases(house, max(ATTEMPTS.values()))
    execute(*COPIES)  # what puts the cases back expects them
    settle()
    heats: dict[tuple[int, str], list[Heat]] = defaultdict(list)
    sealing: list[tuple[int, float]] = []
    with crowd(max(CLIENTS), house.actor.pk) as clients:
        for turn in range(rounds):
            for count in CLIENTS:
                wishes = list(wishes_of(house, waiting, Cell("spread", count), random.Random(turn)))
                for side in SIDES[turn % 3 :] + SIDES[: turn % 3]:
                    _switch("not recorded")  # what puts the cases back is no booking
                    put_back(waiting)
                    _switch(side)
                    heats[count, side].append(clients.run("product", wishes, count))
                _switch("recorded")
                sealing.append(_timed(seal))
    return _bookings(heats, rounds) | _chain(sealing)


def _switch(side: str) -> None:
    verb = "DISABLE" if side == "not recorded" else "ENABLE"
    execute(*(_EACH.format(table=name, verb=verb) for name in TABLES))
    execute(SEALED_AT_ONCE if side == "sealed at once" else "DROP TRIGGER IF EXISTS bench_seal ON audit_event")


def _timed(work: Any) -> tuple[int, float]:
    began = perf_counter()
    found = work()
    return int(found), perf_counter() - began


def _bookings(heats: dict[tuple[int, str], list[Heat]], rounds: int) -> dict[str, Any]:
    rows, figures = [], []
    for count in CLIENTS:
        plain = [heat.per_second for heat in heats[count, "not recorded"]]
        for side in SIDES:
            rates = [heat.per_second for heat in heats[count, side]]
            latencies = [seconds * 1000 for heat in heats[count, side] for seconds in heat.latencies]
            share = round(median(rate / other for rate, other in zip(rates, plain, strict=True)), 2)
            figure = {
                "bookings_per_second": round(median(rates), 1),
                "p50_ms": round(percentile(latencies, 0.5), 1),
                "p95_ms": round(percentile(latencies, 0.95), 1),
                "share_of_not_recorded": share,
            }
            figures.append({"clients": count, "side": side, **figure})
            rows.append([side, count, *figure.values()])
    heads = ("", "clients", "bookings/s", "p50 ms", "p95 ms", "of not recorded")
    table(f"bookings of a whole team, 8 reservations each (median of {rounds} rounds)", heads, rows)
    return {"rounds": rounds, "bookings": figures}


def _chain(sealing: list[tuple[int, float]]) -> dict[str, Any]:
    sealed, seconds = sum(count for count, _ in sealing), sum(taken for _, taken in sealing)
    began = perf_counter()
    findings = list(verify())
    checking = perf_counter() - began
    if findings:
        raise AssertionError(findings[:3])
    figures = {
        "rows": sealed,
        "sealed_per_second": round(sealed / seconds),
        "checked_per_second": round(sealed / checking),
    }
    table("the chain", ("", *figures), [["recorded rows", *figures.values()]])
    return {"chain": figures}
