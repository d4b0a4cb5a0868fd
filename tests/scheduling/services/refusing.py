"""Nothing is written when a command is refused: compare every table."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest
from django.db import connection

Error = TypeVar("Error", bound=Exception)


def dump() -> dict[str, str]:
    """Return the content of every table, as one checksum each."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        content = {}
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM "{table}" t')
            content[table] = cursor.fetchone()[0]
    return content


@contextmanager
def refused(error: type[Error]) -> Iterator[pytest.ExceptionInfo[Error]]:
    """Expect ``error``, and that no table is different afterwards."""
    before = dump()
    with pytest.raises(error) as raised:
        yield raised
    assert type(raised.value) is error
    assert dump() == before
