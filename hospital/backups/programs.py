"""PostgreSQL's own programs, pointed at the database of this site."""

import os
import shutil
from typing import Any

from django.db import connection
from django.db.backends.postgresql.client import DatabaseClient

from hospital.backups.errors import BackupError
from hospital.embedded.errors import EmbeddedError
from hospital.embedded.postgres import program


def find_program(name: str) -> str:
    """Return the path of ``pg_dump`` or ``pg_restore``: the machine's, or else those of the embedded server."""
    try:
        return program(name) if _is_embedded() else shutil.which(name) or program(name)
    except EmbeddedError:
        raise BackupError(f"{name} is not installed. Install PostgreSQL's client programs.") from None


def command_for(name: str, *options: str, database: str | None = None) -> tuple[list[str], dict[str, str]]:
    """Return the command line, without its database, and the environment; the password is in the latter alone."""
    settings: dict[str, Any] = connection.settings_dict | ({"NAME": database} if database else {})
    arguments, environment = DatabaseClient.settings_to_cmd_args_env(settings, [])
    address = arguments[1:-1]  # without "psql" and the database's name
    environment = {key: str(value) for key, value in (environment or {}).items()}
    return [find_program(name), *address, "--no-password", *options], os.environ | environment


def _is_embedded() -> bool:
    return str(connection.settings_dict["HOST"]).startswith("/") and not connection.settings_dict["PASSWORD"]
