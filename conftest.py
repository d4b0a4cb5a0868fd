"""Servers for the tests: embedded PostgreSQL and Redis, started once by whoever runs pytest."""

import os
from contextlib import ExitStack

import pytest

from hospital.addresses import embedded_servers
from hospital.embedded.errors import EmbeddedError
from hospital.embedded.using import running
from hospital.settings.test import TEST_PLACE


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
