"""Make a backup: one moment of the whole database, encrypted on the way to the disk, and read back."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from django.db import connection, transaction
from django.utils import timezone
from psycopg2 import sql

from hospital.backups.errors import BackupError
from hospital.backups.manifest import Manifest, path_of
from hospital.backups.programs import command_for, find_program
from hospital.backups.sealed_files import seal, unseal

SUFFIX = ".backup"


def make_backup(folder: Path) -> tuple[Path, Manifest]:
    """Write a backup and its manifest into ``folder`` and return them.

    The counts and the dump are of one moment. The file has its name only once it was read back whole:
    decrypted, and parsed to its end by ``pg_restore``.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    now = timezone.now()
    backup = folder / f"hospital-{now:%Y%m%dT%H%M%SZ}{SUFFIX}"
    unfinished = backup.with_suffix(".part")
    try:
        with _one_moment() as snapshot:
            counts = count_rows()
            content = _dump(unfinished, snapshot)
        verify(unfinished, content)
        manifest = Manifest(
            made_at=now.isoformat(),
            size=unfinished.stat().st_size,
            sha256=hash_of(unfinished),
            content_sha256=content,
            server=_server(),
            migrations=_migrations(),
            counts=counts,
        )
        manifest.write(backup)
        unfinished.rename(backup)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        if not backup.exists():
            path_of(backup).unlink(missing_ok=True)
        raise
    return backup, manifest


def count_rows() -> dict[str, int]:
    """Return how many rows each table of ours has, as this transaction sees them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
        counts = {}
        for (table,) in cursor.fetchall():
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
            counts[table] = cursor.fetchone()[0]
    return counts


def verify(backup: Path, content_sha256: str) -> None:
    """Read a backup to its end; raises :class:`BackupError` if that is not what was dumped."""
    command = [find_program("pg_restore"), "--file", os.devnull]  # it reads the file here, and asks no server
    found = hashlib.sha256()
    with piping(command, dict(os.environ), stdin=subprocess.PIPE) as process, backup.open("rb") as source:
        for piece in unseal(source):
            found.update(piece)
            feed(process, piece)
    if found.hexdigest() != content_sha256:
        raise BackupError("What was written is not what was dumped. Look at the disk.")


def feed(process: subprocess.Popen[bytes], piece: bytes) -> None:
    """Write to a program that may have given up; its exit code says so afterwards."""
    stream: IO[bytes] | None = process.stdin
    try:
        if stream is not None:
            stream.write(piece)
    except BrokenPipeError:
        return


def hash_of(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _one_moment() -> Iterator[str]:
    """Stay in one snapshot of the database and give its name, by which ``pg_dump`` joins it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        yield cursor.fetchone()[0]


def _dump(target: Path, snapshot: str) -> str:
    command, environment = command_for("pg_dump", "--format=custom", f"--snapshot={snapshot}")
    hashed = hashlib.sha256()
    with open(target, "xb", opener=_private) as file:  # Path.open() takes no opener
        with piping([*command, connection.settings_dict["NAME"]], environment, stdout=subprocess.PIPE) as process:
            if process.stdout is not None:
                for piece in seal(process.stdout, file):
                    hashed.update(piece)
        file.flush()
        os.fsync(file.fileno())
    return hashed.hexdigest()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@contextmanager
def piping(command: list[str], environment: dict[str, str], **pipes: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program while the ``with`` block feeds or reads it; raise what it said if it failed."""
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, **pipes) as process:  # type: ignore[call-overload]  # noqa: S603
        try:
            yield process
            if process.stdin is not None:
                with suppress(BrokenPipeError):
                    process.stdin.close()
        except BaseException:
            process.kill()
            raise
        said = process.stderr.read().decode(errors="replace").strip() if process.stderr else ""
    if process.returncode:
        raise BackupError(f"{Path(command[0]).name} failed: {said.splitlines()[0] if said else process.returncode}")


def _server() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0])


def _migrations() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, max(name) FROM django_migrations GROUP BY app ORDER BY app")
        return dict(cursor.fetchall())
