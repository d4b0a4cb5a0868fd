"""The race's own servers and site: they are killed and crashed on purpose."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2

from hospital.embedded.place import ROOT, Place
from hospital.serving import Address, is_answering

PLACE = Place(folder=ROOT / ".data" / "race", durable=False)
SITE_STARTS_WITHIN = 120


def prepare_database() -> None:
    """Point this process and its children at a fresh database."""
    os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = PLACE.database_url, PLACE.redis_url
    os.environ["DJANGO_SETTINGS_MODULE"] = "hospital.settings.dev"  # connections stay open, as in production
    with closing(psycopg2.connect(PLACE.database_url.rpartition("/")[0] + "/postgres")) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("DROP DATABASE IF EXISTS hospital WITH (FORCE)")
        cursor.execute("CREATE DATABASE hospital")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


@contextmanager
def site() -> Iterator[tuple[str, int]]:
    """Run ``manage.py serve`` on a free port and give ``host:port`` and its process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = Address("127.0.0.1", probe.getsockname()[1])
    environment = os.environ | {
        "HOSPITAL_DATA": str(PLACE.folder),
        "HOSPITAL_DATA_DURABLE": "0",
    }
    command = [sys.executable, "manage.py", "serve", "--port", str(address.port)]
    with (PLACE.logs / "serve.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + SITE_STARTS_WITHIN
        while not is_answering(address):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"The site does not start; read {PLACE.logs / 'serve.log'}.")
            time.sleep(0.2)
        yield f"{address.host}:{address.port}", process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def web_processes(site_pid: int) -> list[int]:
    """Return gunicorn's master, then its workers."""
    masters = [pid for pid in _children(site_pid) if b"gunicorn" in _command(pid)]
    return [*masters, *(worker for master in masters for worker in _children(master))]


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text().split()]
        except OSError:
            continue
    return found


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
