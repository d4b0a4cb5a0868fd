"""Everything that a running site consists of, as services behind one address."""

import contextlib
import fcntl
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from accounts.audit.role import ROLE
from hospital.addresses import embedded_servers
from hospital.embedded.errors import EmbeddedError
from hospital.embedded.place import PRIVATE, ROOT, Place
from hospital.processes import Service

LEAST_FREE_BYTES = 300_000_000
PYTHON = sys.executable
SCRIPTS = Path(sys.executable).parent


class ServeError(Exception):
    """The site can't start here. The message says what to do."""


@dataclass(frozen=True)
class Address:
    """Where browsers reach the site."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return it as a URL."""
        return f"http://{self.host}:{self.port}/"


def services(place: Place, address: Address, workers: int) -> list[Service]:
    """Return the site's services in the order of their start; the last one opens the door."""
    web, live = place.sockets / "web.sock", place.sockets / "live.sock"
    caddy = place.folder / "caddy"
    celery = (PYTHON, "-m", "celery", "-A", "hospital.celery", "--quiet")
    schedule = str(place.folder / "beat-schedule")
    # Of a database that is not ours we don't know whether the role could be made: its DATABASE_ROLE is for ops to set.
    rights = {"DATABASE_ROLE": ROLE} if "postgres" in embedded_servers() else {}
    return [
        Service(
            name="web",
            command=(PYTHON, "-m", "gunicorn", "hospital.wsgi"),
            environment={"WEB_BIND": f"unix:{web}", "WEB_WORKERS": str(workers), **rights},
            folder=ROOT,
        ),
        Service(
            name="live",
            command=(
                *(PYTHON, "-m", "uvicorn", "hospital.live:app", "--uds", str(live)),
                *("--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "1"),
            ),
            environment=rights,
            folder=ROOT,
        ),
        Service(
            name="worker",
            command=(
                *(*celery, "worker", "--loglevel", "WARNING", "--concurrency", "2"),
                *("--without-gossip", "--without-mingle"),
            ),
            environment=rights,
            folder=ROOT,
        ),
        Service(
            name="beat",
            command=(*celery, "beat", "--loglevel", "WARNING", "--schedule", schedule, "--pidfile="),
            environment=rights,
            folder=ROOT,
        ),
        Service(
            name="front",
            command=(str(SCRIPTS / "caddy"), "run", "--config", str(ROOT / "Caddyfile"), "--adapter", "caddyfile"),
            environment={
                "SITE_ADDRESS": f"http://:{address.port}",
                "SITE_BIND": address.host,
                "WEB_UPSTREAM": f"unix/{web}",
                "LIVE_UPSTREAM": f"unix/{live}",
                "CADDY_STORAGE": str(caddy),
                "XDG_DATA_HOME": str(caddy),
                "XDG_CONFIG_HOME": str(caddy),
            },
            folder=ROOT,
        ),
    ]


def check_machine(place: Place, address: Address) -> None:
    """Refuse to start on a full disk or a taken port, in words."""
    free = shutil.disk_usage(place.folder).free
    if free < LEAST_FREE_BYTES:
        message = f"The disk of {place.folder} has {free // 1_000_000} MB left; make room for 300 MB and start again."
        raise ServeError(message)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except (OSError, OverflowError) as error:
            reason = f"Port {address.port} on {address.host} can't be used ({getattr(error, 'strerror', error)})."
            message = f"{reason} Stop what uses it, or take another one: make run PORT={address.port + 1}"
            raise ServeError(message) from error


@contextlib.contextmanager
def only_one(place: Place, address: Address) -> Iterator[None]:
    """Refuse a second site on the same data, and say where the first one is."""
    try:
        place.make_folders()
        (place.folder / "caddy").mkdir(mode=PRIVATE, exist_ok=True)
    except (OSError, EmbeddedError) as error:
        raise ServeError(str(error)) from error
    with (place.folder / "serve.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            message = f"It runs already: {lock.read().strip()}. Open that address, or stop it with Ctrl-C there first."
            raise ServeError(message) from error
        lock.truncate(0)
        lock.write(f"{address} (process {os.getpid()})")
        lock.flush()
        yield
        for name in ("web.sock", "live.sock"):  # a process that was killed leaves its socket
            (place.sockets / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            place.sockets.rmdir()


def is_answering(address: Address) -> bool:
    """Say whether the whole way from the front to the database works."""
    request = b"GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n"
    try:
        with socket.create_connection((address.host, address.port), timeout=2) as connection:
            connection.sendall(request)
            return connection.recv(64).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False
