"""The record's months: made ahead of time, and dropped as a whole when their time is over."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from accounts.audit.chain import LOCK, append_note, head, seal

MONTHS_AHEAD = 3


def ensure(months_ahead: int = MONTHS_AHEAD) -> int:
    """Make the partitions of this month and the next ones; return how many were missing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_ensure_partitions(%s)", [months_ahead])
        return int(cursor.fetchone()[0])


@dataclass(frozen=True)
class Part:
    """One month of one table."""

    name: str
    table: str
    since: datetime
    until: datetime


def older_than(limit: datetime) -> Iterator[Part]:
    """Yield the months that ended before ``limit``, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT part.relname, parent.relname, bounds[1]::timestamptz, bounds[2]::timestamptz
            FROM pg_inherits
            JOIN pg_class AS part ON part.oid = inhrelid
            JOIN pg_class AS parent ON parent.oid = inhparent
            CROSS JOIN regexp_match(
                pg_get_expr(part.relpartbound, part.oid), $$FROM \\('(.*)'\\) TO \\('(.*)'\\)$$) AS bounds
            WHERE parent.relname IN ('audit_event', 'audit_access') AND bounds IS NOT NULL
                AND bounds[2]::timestamptz <= %s
            ORDER BY 3, 1
            """,
            [limit],
        )
        rows = cursor.fetchall()
    for row in rows:
        yield Part(*row)


def drop(part: Part) -> int:
    """Drop one month and write into the chain that it was dropped by rule; return how many rows went.

    Only the owner of the tables can. The links stay, so that the chain stays whole.
    """
    seal()
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        name = connection.ops.quote_name(part.name)
        cursor.execute(f"SELECT count(*), coalesce(min(id), 0), coalesce(max(id), 0) FROM {name}")  # noqa: S608
        count, first, last = cursor.fetchone()
        cursor.execute(f"DROP TABLE {name}")
        note = {
            "table": part.table,
            "partition": part.name,
            "from": part.since.isoformat(),
            "until": part.until.isoformat(),
            "rows": count,
            "first": first,
            "last": last,
        }
        append_note(head(), "dropped", last, note)
    return int(count)
