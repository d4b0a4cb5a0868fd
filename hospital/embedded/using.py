"""Use the embedded servers: start them if they don't run, and let them stop after the last user."""

import contextlib
import fcntl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from hospital.embedded import postgres, redis
from hospital.embedded.errors import EmbeddedError
from hospital.embedded.keeper import keeper_lock, try_lock, users_lock
from hospital.embedded.place import ROOT, Place

READY_SECONDS = 60.0
STOP_SECONDS = 20.0


@contextlib.contextmanager
def holding(place: Place) -> Iterator[None]:
    """Be a user of the place, so that no keeper stops the servers meanwhile."""
    place.make_folders()
    with users_lock(place).open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        place.make_folders()  # a keeper that stopped just now has tidied up
        yield


@contextlib.contextmanager
def running(place: Place, servers: list[str]) -> Iterator[Callable[[], bool]]:
    """Have the servers running inside the ``with`` block; stop them afterwards if nobody else uses them.

    Gives a function to call now and then in a long block: it starts a new keeper should ours have
    been killed. It returns ``False``, so that it can be waited for in vain.
    """
    if not servers:
        yield lambda: False
        return
    keeper = _Keeper(place, servers)
    try:
        with holding(place):
            wait_until_ready(place, servers, keeper.check)
            yield keeper.check
    finally:
        _wait_until_stopped(place)
        keeper.leave()


def are_ready(place: Place, servers: list[str]) -> bool:
    """Say whether all of the servers answer."""
    ready = {"postgres": postgres.is_ready, "redis": redis.is_ready}
    return all(ready[name](place) for name in servers)


def wait_until_ready(place: Place, servers: list[str], check: Callable[[], object] = lambda: None) -> None:
    """Wait for the servers to answer; ``check`` is called meanwhile and may raise."""
    deadline = time.monotonic() + READY_SECONDS
    while not are_ready(place, servers):
        check()
        if time.monotonic() > deadline:
            raise EmbeddedError(_advice(place))
        time.sleep(0.05)


class _Keeper:
    """Starts a keeper when there is none, and passes on why it could not do its work."""

    def __init__(self, place: Place, servers: list[str]) -> None:
        self.place = place
        self.command = _command(place, servers)
        self.process: subprocess.Popen[str] | None = None

    def leave(self) -> None:
        """Bury the keeper if it has ended; else let it go on for the other users."""
        if self.process is None or self.process.stderr is None:
            return
        if not _is_kept(self.place):
            self.process.wait()
        self.process.stderr.close()
        self.process.returncode = self.process.returncode or 0  # nobody waits for it any more

    def check(self) -> bool:
        """Start a keeper unless one is at work; raise what the last one said if it gave up."""
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                return False
            said = self.process.stderr.read().strip() if self.process.stderr else ""
            if code > 0:
                raise EmbeddedError(said.splitlines()[-1] if said else _advice(self.place))
            self.leave()
            self.process = None
        if not _is_kept(self.place):
            self._start()
        return False

    def _start(self) -> None:
        with (self.place.logs / "servers.log").open("a") as log:
            self.process = subprocess.Popen(  # noqa: S603
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.PIPE,
                text=True,
                cwd=ROOT,
                start_new_session=True,
            )


def _advice(place: Place) -> str:
    return f"The embedded servers don't start. Free the disk if it is full; postgres.log in {place.logs} says more."


def _is_kept(place: Place) -> bool:
    with keeper_lock(place).open("a") as lock:
        return not try_lock(lock, fcntl.LOCK_EX)


def _command(place: Place, servers: list[str]) -> list[str]:
    command = [sys.executable, "-m", "hospital.embedded.keeper", str(place.folder)]
    command += [] if place.durable else ["--throw-away"]
    return command + (["--only", servers[0]] if len(servers) == 1 else [])


def _wait_until_stopped(place: Place) -> None:
    """Wait while the keeper stops, unless it goes on for another user."""
    deadline = time.monotonic() + STOP_SECONDS
    with users_lock(place).open("a") as users:
        while _is_kept(place) and time.monotonic() < deadline:
            if not try_lock(users, fcntl.LOCK_EX) and try_lock(users, fcntl.LOCK_SH):
                return  # other users share the lock; a keeper that is stopping would hold it alone
            fcntl.flock(users, fcntl.LOCK_UN)
            time.sleep(0.1)
