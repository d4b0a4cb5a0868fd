"""Which lock keeps commands from meeting in the constraint: rows, advisory locks by number, or none.

The same race as ``python -m tests.race``, with the one function that locks patients and resources
exchanged in the clients. The product keeps the rows; see ``docs/concurrency.md``.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from hospital.embedded.using import running
from tests.race.place import PLACE, prepare_database

STRATEGIES = ("rows", "advisory", "none")
LOCKING_MODULES = ("booking", "ending", "rearranging", "staffing", "undoing")


def with_locks(strategy: str) -> Callable[[Sequence[Any], Iterable[int]], None]:
    """Return a function to take the place of ``lock_patients_and_resources``."""
    from django.db import connection  # noqa: PLC0415  # after the set-up

    def advisory(operations: Sequence[Any], resource_ids: Iterable[int]) -> None:
        patients = sorted({-operation.patient_id for operation in operations}, reverse=True)
        with connection.cursor() as cursor:
            for number in (*patients, *sorted(set(resource_ids))):
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])

    def none(operations: Sequence[Any], resource_ids: Iterable[int]) -> None:
        """Leave everything to the constraints."""

    return advisory if strategy == "advisory" else none


def live(*arguments: Any) -> None:
    """Run clients as the race does, with other locks."""
    from importlib import import_module  # noqa: PLC0415

    from tests.race.crowd import live as race  # noqa: PLC0415

    strategy = os.environ["RACE_LOCKS"]
    if strategy != "rows":
        for name in LOCKING_MODULES:
            module = import_module(f"scheduling.services.{name}")
            module.lock_patients_and_resources = with_locks(strategy)  # type: ignore[attr-defined]
    race(*arguments)


def measure_one(strategy: str, attempts: int, clients: int, folder: Path) -> dict[str, Any]:
    """Race with one kind of lock on a fresh database."""
    os.environ["RACE_LOCKS"] = strategy
    prepare_database()
    from tests.race.arena import make_arena  # noqa: PLC0415  # after the set-up
    from tests.race.crowd import Crowd  # noqa: PLC0415
    from tests.race.ledger import judge  # noqa: PLC0415

    started = time.time()
    Crowd(make_arena(clients).as_dict(), folder, attempts, started + 3600, target=live).wait()
    seconds = time.time() - started
    verdict = judge(folder)
    deadlocks = sum("deadlock detected" in line for line in verdict.wrong)
    return {
        "locks": strategy,
        "clients": clients,
        "attempts": verdict.attempts,
        "done": verdict.done,
        "seconds": round(seconds, 1),
        "attempts_per_second": round(verdict.attempts / seconds, 1),
        "refused by the constraint": verdict.refused["by the constraint, in spite of the locks"],
        "deadlocks": deadlocks,
        "anything else wrong": len(verdict.wrong) - deadlocks,
    }


def main() -> None:
    """Measure one strategy, in a process of its own: a preloaded process keeps what it was given."""
    parser = argparse.ArgumentParser(prog="python -m bench.locks", description=__doc__)
    parser.add_argument("strategy", choices=STRATEGIES)
    parser.add_argument("--attempts", type=int, default=4_000)
    parser.add_argument("--clients", type=int, default=32)
    options = parser.parse_args()
    with running(PLACE, ["postgres", "redis"]), tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure_one(options.strategy, options.attempts, options.clients, Path(folder))))


if __name__ == "__main__":
    main()
