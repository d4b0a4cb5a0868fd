"""The site as gunicorn serves it, on the bench's database."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.error import URLError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

from django.db import connection

from hospital.embedded.place import ROOT, current_place
from hospital.serving import Address, services

READY_SECONDS = 60
WORKERS = 2
"""Of the pages, as ``manage.py serve`` has."""


@contextmanager
def site() -> Iterator[str]:
    """Serve the pages on a free port of this machine; give the address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    environment = os.environ | {"WEB_BIND": address, "WEB_WORKERS": "1", "DATABASE_URL": _database_url()}
    process = subprocess.Popen((sys.executable, "-m", "gunicorn", "hospital.wsgi"), cwd=ROOT, env=environment)
    try:
        _wait(f"http://{address}/healthz", process)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def whole_site() -> Iterator[tuple[str, int]]:
    """Serve pages and live streams behind the front, with the workers that ``make run`` has; give the address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host, port = probe.getsockname()
    place = current_place()
    address = Address(host, port)
    wanted = [one for one in services(place, address, WORKERS) if one.name in ("web", "live", "front")]
    (place.folder / "caddy").mkdir(exist_ok=True)
    with ExitStack() as stack:
        for one in wanted:
            environment = {**os.environ, **one.environment, "DATABASE_URL": _database_url()}
            environment.pop("DATABASE_ROLE", None)  # that role has no rights in the bench's database
            log = stack.enter_context((place.logs / f"bench-{one.name}.log").open("ab"))
            process = subprocess.Popen(one.command, cwd=ROOT, env=environment, stdout=log, stderr=log)  # noqa: S603
            stack.callback(process.wait)
            stack.callback(process.terminate)
        _wait(f"http://{host}:{port}/readyz", process)
        yield host, port


def _database_url() -> str:
    """Return the server's address with the name of the bench's database."""
    url = urlsplit(os.environ.get("DATABASE_URL") or current_place().database_url)
    return urlunsplit(url._replace(path=f"/{connection.settings_dict['NAME']}"))


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urlopen(url, timeout=5).close()  # noqa: S310  # our own address
        except (URLError, OSError):
            time.sleep(0.1)
        else:
            return
    message = "The site for the browser does not answer."
    raise RuntimeError(message)
