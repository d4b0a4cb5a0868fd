"""The servers and the database that a bench runs on; both are gone afterwards."""

import contextlib
from collections.abc import Iterator

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from hospital.addresses import embedded_servers
from hospital.embedded.place import current_place
from hospital.embedded.using import running


@contextlib.contextmanager
def servers() -> Iterator[None]:
    """Have PostgreSQL (with fsync) and Redis running, our own where no address is set."""
    with running(current_place(), embedded_servers()):
        django.setup()
        call_command("collectstatic", interactive=False, verbosity=0)
        yield


@contextlib.contextmanager
def fresh_database() -> Iterator[None]:
    """Work on a new database beside the real one, and drop it in the end."""
    kept = settings.DATABASES["default"]["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(kept, verbosity=0)


@contextlib.contextmanager
def clone(suffix: str) -> Iterator[str]:
    """Have a copy of the bench's database as it is now; give its name."""
    here = connection.settings_dict["NAME"]
    name = f"{here}_{suffix}"
    connection.close()
    with connection._nodb_cursor() as cursor:  # noqa: SLF001  # a database can't be copied from inside
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{here}" STRATEGY FILE_COPY')
    try:
        yield name
    finally:
        connection.close()
        with connection._nodb_cursor() as cursor:  # noqa: SLF001
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')


@contextlib.contextmanager
def using(name: str) -> Iterator[None]:
    """Work on another database of the same server for a while."""
    here = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = here
