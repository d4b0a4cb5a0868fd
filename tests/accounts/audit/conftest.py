"""An empty record for the tests that commit: nothing but the owner with triggers off can empty it."""

import pytest
from django.db import connection

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
