"""The process that looks after the embedded servers while anybody uses them.

Users hold a shared lock on a file; the system drops it however they end. The keeper stops the
servers when it can take that lock alone. A keeper that finds another one at work waits its turn.
"""

import argparse
import contextlib
import fcntl
import sys
import time
from pathlib import Path
from typing import IO

from hospital.embedded import postgres, redis
from hospital.embedded.errors import EmbeddedError
from hospital.embedded.place import Place
from hospital.processes import Manager

POLL_SECONDS = 0.3


def users_lock(place: Place) -> Path:
    """Return the file on which users hold a shared lock."""
    return place.folder / "users.lock"


def keeper_lock(place: Place) -> Path:
    """Return the file on which the keeper at work holds a lock."""
    return place.folder / "keeper.lock"


def try_lock(file: IO[str], how: int) -> bool:
    """Take a lock without waiting; say whether that worked."""
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def keep(place: Place, servers: list[str]) -> None:
    """Run the servers until nobody uses them."""
    with keeper_lock(place).open("a") as own, users_lock(place).open("a") as users:
        fcntl.flock(own, fcntl.LOCK_EX)
        if try_lock(users, fcntl.LOCK_EX):
            return  # whoever asked has left while another keeper was at work
        modules = [module for module in (postgres, redis) if module.__name__.rpartition(".")[2] in servers]
        for module in modules:
            module.prepare(place)
        with Manager(place.logs, say=_say) as manager:
            manager.start(*(module.service(place) for module in modules))
            manager.run(until=lambda: try_lock(users, fcntl.LOCK_EX), poll=POLL_SECONDS)
        with contextlib.suppress(OSError):  # not empty: somebody put a socket of their own there
            place.sockets.rmdir()


def main() -> int:
    """Run as ``python -m hospital.embedded.keeper FOLDER``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--throw-away", action="store_true", help="trade safety against power cuts for speed")
    parser.add_argument("--only", choices=("postgres", "redis"), help="run just this one of the two")
    options = parser.parse_args()
    servers = [options.only] if options.only else ["postgres", "redis"]
    try:
        keep(Place(folder=options.folder, durable=not options.throw_away), servers)
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _say(text: str) -> None:
    print(time.strftime("%Y-%m-%d"), text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
