"""Use the embedded servers: start them if they don't run, and let them stop after the last user."""

import contextlib
import fcntl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from hospital.embedded.errors import EmbeddedError
from hospital.embedded.locks import is_kept, try_lock, users_lock
from hospital.embedded.place import ROOT, Place
from hospital.embedded.servers import SERVERS

READY_SECONDS = 60.0
STOP_SECONDS = 20.0


@contextlib.contextmanager
def running(place: Place, servers: list[str]) -> Iterator[Callable[[], bool]]:
    """Have the servers running inside the ``with`` block; stop them afterwards if nobody else uses them.

    Gives a function to call now and then in a long block: it starts a new keeper should one have
    been killed. It returns ``False``, so that it can be waited for in vain.
    """
    used = [_Used(place, server) for server in servers]

    def keep_up() -> bool:
        for server in used:
            server.check()
        return False

    try:
        with contextlib.ExitStack() as stack:
            for server in used:
                stack.enter_context(server.holding())
            _wait_until_ready(place, servers, keep_up)
            yield keep_up
    finally:
        for server in used:
            server.leave()


def are_ready(place: Place, servers: list[str]) -> bool:
    """Say whether all of the servers answer."""
    return all(SERVERS[name].is_ready(place) for name in servers)


def _wait_until_ready(place: Place, servers: list[str], check: Callable[[], object]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not are_ready(place, servers):
        check()
        if time.monotonic() > deadline:
            raise EmbeddedError(_advice(place))
        time.sleep(0.05)


def _advice(place: Place) -> str:
    return f"The embedded servers don't start. Free the disk if it is full; postgres.log in {place.logs} says more."


class _Used:
    """A server that we use; starts a keeper when there is none, and passes on why it gave up."""

    def __init__(self, place: Place, server: str) -> None:
        self.place = place
        self.server = server
        self.keeper: subprocess.Popen[str] | None = None

    @contextlib.contextmanager
    def holding(self) -> Iterator[None]:
        """Be a user, so that no keeper stops the server meanwhile."""
        self.place.make_folders()
        with users_lock(self.place, self.server).open("a") as users:
            fcntl.flock(users, fcntl.LOCK_SH)
            self.place.make_folders()  # a keeper that stopped just now has tidied up
            yield

    def check(self) -> None:
        """Start a keeper unless one is at work; raise what the last one said if it gave up."""
        if self.keeper is not None:
            code = self.keeper.poll()
            if code is None:
                return
            said = self.keeper.stderr.read().strip() if self.keeper.stderr else ""
            self._forget()
            if code > 0:
                raise EmbeddedError(said.splitlines()[-1] if said else _advice(self.place))
        if not is_kept(self.place, self.server):
            self._start()

    def leave(self) -> None:
        """Wait while the keeper stops, unless it goes on for another user."""
        deadline = time.monotonic() + STOP_SECONDS
        with users_lock(self.place, self.server).open("a") as users:
            while is_kept(self.place, self.server) and time.monotonic() < deadline:
                if not try_lock(users, fcntl.LOCK_EX) and try_lock(users, fcntl.LOCK_SH):
                    break  # other users share the lock; a keeper that is stopping would hold it alone
                fcntl.flock(users, fcntl.LOCK_UN)
                time.sleep(0.1)
        if self.keeper is not None and not is_kept(self.place, self.server):
            self.keeper.wait()
        self._forget()

    def _start(self) -> None:
        command = [sys.executable, "-m", "hospital.embedded.keeper", self.server, str(self.place.folder)]
        command += [] if self.place.durable else ["--throw-away"]
        with (self.place.logs / "servers.log").open("a") as log:
            self.keeper = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.PIPE,
                text=True,
                cwd=ROOT,
                start_new_session=True,
            )

    def _forget(self) -> None:
        """Let go of the keeper: if it still runs, it is on its own from here on."""
        if self.keeper is not None and self.keeper.stderr is not None:
            self.keeper.stderr.close()
            self.keeper.returncode = self.keeper.returncode or 0
        self.keeper = None
