"""Empty the tables that a committing test filled, and no others.

Django's flush truncates all of them, makes content types and permissions anew and has the triggers installed again:
most of a second for each of the hundreds of tests that commit. Here rows are deleted where there are any.
"""

from functools import cache

import pytest
from django.db import connection, transaction
from django.test import TransactionTestCase

KEPT = {"django_content_type", "auth_permission", "django_migrations"}
"""Written by ``migrate`` and by nothing else."""


def pytest_configure(config: pytest.Config) -> None:  # a hook's arguments
    """Take the place of Django's way."""
    TransactionTestCase._fixture_teardown = lambda _: empty_tables()


def empty_tables() -> None:
    """Delete every row of the models' tables; triggers stay silent, so that nothing is recorded of it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_which_are_filled())
        filled = [name for (name,) in cursor.fetchall()]
        cursor.execute("SET LOCAL session_replication_role = replica")
        for name in filled:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(name)}")


@cache
def _which_are_filled() -> str:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT FROM {connection.ops.quote_name(name)})"
        for name in sorted(set(names) - KEPT)
    )
