"""Servers for the tests: embedded PostgreSQL and Redis, started once by whoever runs pytest."""

import contextlib
import os
import re
from contextlib import ExitStack

import psycopg2
import pytest
from psycopg2 import sql

from hospital.addresses import embedded_servers
from hospital.embedded.errors import EmbeddedError
from hospital.embedded.using import running
from hospital.processes import exists
from hospital.settings.test import TEST_DATABASE, TEST_PLACE

pytest_plugins = ["tests.hospital.leaks", "tests.flushing"]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the servers before xdist starts its workers, which share them."""
    if os.environ.get("PYTEST_XDIST_WORKER") or session.config.option.collectonly:
        return
    stack = ExitStack()
    try:
        stack.enter_context(running(TEST_PLACE, embedded_servers()))
    except EmbeddedError as error:
        pytest.exit(str(error), returncode=3)
    session.config.add_cleanup(stack.close)
    if "postgres" in embedded_servers():
        drop_leftovers()


def drop_leftovers() -> None:
    """Drop the databases of runs that were killed before they could."""
    with contextlib.closing(psycopg2.connect(TEST_PLACE.database_url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [TEST_DATABASE])
        for (name,) in cursor.fetchall():
            run = re.match(rf"{TEST_DATABASE}(\d+)", name)
            if run and run[1] != os.environ["TEST_RUN"] and not exists(int(run[1])):
                cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
