"""The process that looks after an embedded server while anybody uses it.

Users hold a shared lock on a file; the system drops it however they end. The keeper stops the
server when it can take that lock alone. A keeper that finds another one at work waits its turn.
"""

import argparse
import contextlib
import fcntl
import sys
import time
from pathlib import Path

from hospital.embedded.errors import EmbeddedError
from hospital.embedded.locks import keeper_lock, try_lock, users_lock
from hospital.embedded.place import Place
from hospital.embedded.servers import SERVERS
from hospital.processes import Manager

POLL_SECONDS = 0.3


def keep(place: Place, name: str) -> None:
    """Run the server until nobody uses it."""
    server = SERVERS[name]
    with keeper_lock(place, name).open("a") as own, users_lock(place, name).open("a") as users:
        fcntl.flock(own, fcntl.LOCK_EX)
        if try_lock(users, fcntl.LOCK_EX):
            return  # whoever asked has left while another keeper was at work
        server.prepare(place)
        with Manager(place.logs, say=_say) as manager:
            manager.start(server.service(place))
            manager.run(until=lambda: try_lock(users, fcntl.LOCK_EX), poll=POLL_SECONDS)
        for path in server.sockets(place):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # the other server or the site still has a socket there
            place.sockets.rmdir()


def main() -> int:
    """Run as ``python -m hospital.embedded.keeper SERVER FOLDER``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("server", choices=sorted(SERVERS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--throw-away", action="store_true", help="trade safety against power cuts for speed")
    options = parser.parse_args()
    try:
        keep(Place(folder=options.folder, durable=not options.throw_away), options.server)
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _say(text: str) -> None:
    print(time.strftime("%Y-%m-%d"), text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
