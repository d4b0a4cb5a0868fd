"""``python -m tests.race``: let clients fight over the same places, then compare ledgers and database."""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from hospital.embedded.using import running
from tests.race.place import PLACE, prepare_database, site
from tests.race.trouble import NEVER, Trouble

if TYPE_CHECKING:
    from tests.race.crowd import Crowd

SHOW_SECONDS = 2


def main() -> int:
    """Run the race and print its figures; 0 when nothing is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.race", description=__doc__)
    parser.add_argument("--attempts", type=int, default=3_000, help="commands in all (default: 3000)")
    parser.add_argument("--clients", type=int, default=32, help="people at once (default: 32)")
    parser.add_argument("--seconds", type=float, default=NEVER, help="stop after so long, however many attempts")
    parser.add_argument(
        "--kill", type=int, metavar="ROUNDS", help="kill processes and crash PostgreSQL, so many times each, then stop"
    )
    parser.add_argument("--http", action="store_true", help="command a running site instead of calling the services")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    with running(PLACE, ["postgres", "redis"]), tempfile.TemporaryDirectory() as folder:
        prepare_database()
        if options.http:
            with site() as (address, pid):
                figures = race(options, Path(folder), address, pid)
        else:
            figures = race(options, Path(folder))
    text = json.dumps(figures, indent=2, default=str)
    if options.json:
        options.json.write_text(text)
    print(text)
    return 1 if figures["wrong"] else 0


def race(options: argparse.Namespace, folder: Path, address: str = "", pid: int = 0) -> dict[str, Any]:
    """Race, and judge."""
    from django.db import connection  # after the set-up

    from tests.race.arena import make_arena
    from tests.race.crowd import Crowd
    from tests.race.ledger import judge

    arena = make_arena(options.clients).as_dict() | {"site": address}
    started = time.time()
    crowd = Crowd(arena, folder, options.attempts, min(started + options.seconds, started + 24 * 3600))
    trouble = Trouble(crowd, options.kill, pid) if options.kill else None
    with tqdm(total=None if trouble else options.attempts, unit="command", disable=None) as bar:
        crowd.wait(lambda: watch(crowd, trouble, bar))
    seconds = time.time() - started
    connection.close()  # ours may have been crashed too
    verdict = judge(folder, killed=crowd.killed_clients)
    figures = {**verdict.as_dict(), "clients": options.clients, "seconds": round(seconds, 1)}
    figures["attempts_per_second"] = round(verdict.attempts / seconds)
    return figures | (trouble.figures(folder) if trouble else {})


def watch(crowd: "Crowd", trouble: Trouble | None, bar: "tqdm[None]") -> None:
    """Make the next trouble when it is due, and show every few seconds how far the race is."""
    if trouble:
        trouble.make()
    if not bar.disable and time.time() > bar.last_print_t + SHOW_SECONDS:
        bar.update(crowd.attempted - bar.n)


if __name__ == "__main__":
    sys.exit(main())
