"""Restore a backup into a database of its own, and look whether everything came back."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import islice
from pathlib import Path

import psycopg2
from django.db import ProgrammingError, connection
from psycopg2 import sql

from accounts.audit.verifying import verify
from hospital.backups.errors import BackupError
from hospital.backups.making import count_rows, feed, hash_of, piping
from hospital.backups.manifest import Manifest, read_manifest
from hospital.backups.programs import command_for
from hospital.backups.sealed_files import unseal
from patients.rights.erasing import erase_risen
from scheduling.integrity import find_breaches

NAMED = 20
"""So many faults of the audit record are named: a broken link may be followed by a million others."""


def restore(backup: Path, *, into: str, replace: bool = False, owners: bool = True) -> Manifest:
    """Restore ``backup`` into the database ``into``, which is made, and return its manifest.

    A database that has tables is refused, unless ``replace`` says that it may be dropped first; the one
    that this site uses is always refused. All or nothing: what fails half-way leaves no database.
    """
    if not backup.is_file():
        raise BackupError(f"There is no file {backup}.")
    manifest = read_manifest(backup)
    if hash_of(backup) != manifest.sha256:
        raise BackupError("The file is not the one that its manifest describes. Copy it again, or take another.")
    if into == connection.settings_dict["NAME"]:
        raise BackupError(f"The site uses “{into}”. Restore into another database, then point DATABASE_URL at it.")
    _make_room(into, replace=replace)
    try:
        _load(backup, into, owners=owners)
    except BaseException:
        drop(into)
        raise
    return manifest


def find_faults(database: str, manifest: Manifest) -> list[str]:
    """Compare a restored database with its manifest; check its bookings and the chain of its audit record.

    An empty list is the only good one. Of the chain the first findings are named.
    """
    with reading(database):
        counts = count_rows()
        breaches = find_breaches()
        broken = list(islice(verify(copied_at=datetime.fromisoformat(manifest.made_at)), NAMED))
    faults = [
        f"{table}: {manifest.counts.get(table, 'no')} rows were saved, {counts.get(table, 'no')} came back."
        for table in sorted(manifest.counts.keys() | counts.keys())
        if manifest.counts.get(table) != counts.get(table)
    ]
    faults += [f"{breach.check}: {breach.message}" for breach in breaches]
    return faults + [f"Audit record: {finding}" for finding in broken]


def erase_again(database: str) -> int | None:
    """Erase from a restored database what was erased since its backup; return how many, ``None`` if it is too old.

    A backup of before this version lacks the tokens by which records are recognised: then it is done after the
    migrations, by ``manage.py apply_retention``.
    """
    with reading(database):
        try:
            return erase_risen()
        except ProgrammingError:
            return None


@contextmanager
def reading(database: str) -> Iterator[None]:
    """Let this process's connection be one to another database of the same server for a while."""
    ours = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = database
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = ours


def drop(database: str) -> None:
    """Drop a database, whoever is still connected to it."""
    _execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", database)


def _make_room(database: str, *, replace: bool) -> None:
    if replace:
        drop(database)
    with suppress(psycopg2.errors.DuplicateDatabase):
        _execute("CREATE DATABASE {} TEMPLATE template0", database)
        return
    with reading(database):
        if connection.introspection.table_names():
            raise BackupError(f"The database “{database}” holds tables. Say --yes to drop it, or take another name.")


def _execute(statement: str, database: str) -> None:
    """Run a statement about a whole database; those run in no transaction, and not inside that database."""
    with connection._nodb_cursor() as cursor:  # noqa: SLF001  # as Django's own tests make their databases
        cursor.cursor.execute(sql.SQL(statement).format(sql.Identifier(database)))


def _load(backup: Path, into: str, *, owners: bool) -> None:
    options = ["--exit-on-error", "--dbname", into, *([] if owners else ["--no-owner", "--no-privileges"])]
    command, environment = command_for("pg_restore", *options)
    with piping(command, environment, stdin=subprocess.PIPE) as process, backup.open("rb") as source:
        for piece in unseal(source):
            feed(process, piece)
