"""An empty record for the tests that commit: nothing but the owner with triggers off can empty it."""

import time

import pytest
from django.db import connection

from accounts.audit.chain import seal

TABLES = ("audit_event", "audit_access", "audit_link")


def empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table}")
        cursor.execute("SET session_replication_role = origin")


@pytest.fixture
def empty_record(transactional_db: None) -> None:
    """Start with nothing recorded."""
    empty()


SEALERS = ("chain", "partitions", "verifying", "anchors")
PATIENCE_SECONDS = 90.0


def wait_for_other_databases() -> None:
    """Wait until no transaction of the server is older than the rows: tests side by side share a server."""
    until = time.monotonic() + PATIENCE_SECONDS
    query = """
        SELECT pg_snapshot_xmin(pg_current_snapshot()) > greatest(
            (SELECT max(xid::text::bigint) FROM audit_event), (SELECT max(xid::text::bigint) FROM audit_access), 0
        )::text::xid8
    """
    with connection.cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute(query)
            if cursor.fetchone()[0]:
                return
            time.sleep(0.1)


@pytest.fixture(autouse=True)
def _patient(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let sealing wait for the transactions of other tests, except where an open transaction is what is tested."""
    if "open_transaction" in request.node.name or "many_write" in request.node.name:
        return

    def patient() -> int:
        if not connection.in_atomic_block:
            wait_for_other_databases()
        return seal()

    for name in SEALERS:
        monkeypatch.setattr(f"accounts.audit.{name}.seal", patient)
    for name in ("test_chain", "test_role"):
        monkeypatch.setattr(f"tests.accounts.audit.{name}.seal", patient)
