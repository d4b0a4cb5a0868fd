"""The chain: each recorded row is sealed by a keyed hash over its content and over everything before it.

Rows are sealed in batches, a moment after they were written. A lock inside every write would cap
the rate of bookings; what is left open instead is the time until the next batch.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from psycopg2.extras import execute_values

LOCK = 0x5EA1
"""The advisory lock inside which sequence numbers are drawn."""
BATCH = 2000
START = b"\0" * 32
"""What the first link has in place of a hash before it."""
AT = "to_char(r.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
CONTENT = {
    "event": "jsonb_build_array(r.id, {at}, r.xid::text, r.table_name, r.row_id, r.action, r.changed, r.actor_id, "
    "r.request_id, host(r.address), r.source)::text",
    "access": "jsonb_build_array(r.id, {at}, r.xid::text, r.patient_id, r.actor_id, r.view, r.kind, r.reason, "
    "r.session, r.request_id, host(r.address))::text",
}
CONTENT = {kind: text.format(at=AT) for kind, text in CONTENT.items()}
"""All of a row as one text that does not depend on the settings of a session; ``r`` is the row."""
TABLES = {"event": "audit_event", "access": "audit_access"}


@dataclass(frozen=True)
class Head:
    """The last link: the next one hangs on it."""

    seq: int = 0
    hash: bytes = START


@dataclass(frozen=True)
class LinkKey:
    """Which row one link seals; a part of what is sealed."""

    seq: int
    kind: str
    row_id: int
    row_at: datetime

    def words(self) -> list[Any]:
        """Return it in a form that depends on no time zone."""
        return [self.seq, self.kind, self.row_id, self.row_at.astimezone(UTC).isoformat()]


def digest(content: str) -> bytes:
    """Return the hash of one row's content."""
    return hashlib.sha256(content.encode()).digest()


def link_hash(before: bytes, key: "LinkKey", row_hash: bytes) -> bytes:
    """Return the seal of one link; without the key of the site nobody can make one that fits."""
    message = before + json.dumps(key.words()).encode() + row_hash
    return hmac.new(settings.AUDIT_KEY.encode(), message, hashlib.sha256).digest()


def head() -> Head:
    """Return the last link, or the beginning."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq, hash FROM audit_link ORDER BY seq DESC LIMIT 1")
        found = cursor.fetchone()
    return Head(found[0], bytes(found[1])) if found else Head()


def watermark() -> int:
    """Return the transaction number below which all rows are sealed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT note::jsonb ->> 'xid' FROM audit_link WHERE kind = 'mark' ORDER BY seq DESC LIMIT 1")
        found = cursor.fetchone()
    return int(found[0]) if found else 0


def seal() -> int:
    """Seal every row whose writer has ended and can't be overtaken any more; return how many.

    A transaction that is still open may bring rows with smaller numbers later, so sealing stops
    below the oldest one (``pg_snapshot_xmin``): whoever seals next takes them, in an order that
    says nothing false. Two sealers wait for each other.
    """
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = 0")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
            horizon = int(cursor.fetchone()[0])
        last = at_start = head()
        for kind in TABLES:
            for rows in batches(_unsealed(kind, watermark(), horizon), BATCH):
                last = append(last, rows)
        if last == at_start:
            return 0
        count = last.seq - at_start.seq
        append_note(last, "mark", horizon, {"xid": horizon})
    return count


def append_note(last: Head, kind: str, number: int, content: dict[str, Any]) -> Head:
    """Append a link about the record itself; its content stands in the link. The caller holds the lock."""
    note = json.dumps(content, sort_keys=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now = cursor.fetchone()[0]
    return append(last, [(kind, number, now, note)])


def append(last: Head, rows: Iterable[tuple[str, int, datetime, str]]) -> Head:
    """Append a link for each ``(kind, row's number, row's time, content)``; the caller holds the lock."""
    links = []
    for kind, number, at, content in rows:
        row_hash = digest(content)
        seq = last.seq + 1
        last = Head(seq, link_hash(last.hash, LinkKey(seq, kind, number, at), row_hash))
        links.append((seq, kind, number, at, content if kind not in TABLES else "", row_hash, last.hash))
    with connection.cursor() as cursor:
        columns = "(seq, kind, row_id, row_at, note, row_hash, hash)"
        execute_values(cursor.cursor, f"INSERT INTO audit_link {columns} VALUES %s", links, page_size=1000)  # noqa: S608
    return last


def batches(rows: Iterator[Any], size: int) -> Iterator[Sequence[Any]]:
    """Cut a stream into lists."""
    while batch := list(islice(rows, size)):
        yield batch


def _unsealed(kind: str, sealed: int, horizon: int) -> Iterator[tuple[str, int, datetime, str]]:
    """Stream the rows to seal. A database that was restored into a new server counts its transactions anew."""
    condition = "r.xid >= %(sealed)s::xid8 AND r.xid < %(horizon)s::xid8"
    if horizon < sealed:
        condition = "(r.xid < %(horizon)s::xid8 OR r.xid >= %(sealed)s::xid8)"
    with connection.connection.cursor(name=f"seal_{kind}") as cursor:
        cursor.itersize = BATCH
        cursor.execute(
            f"""
            SELECT '{kind}', r.id, r.at, {CONTENT[kind]} FROM {TABLES[kind]} AS r
            WHERE {condition}
                AND NOT EXISTS (SELECT FROM audit_link WHERE audit_link.kind = '{kind}' AND audit_link.row_id = r.id)
            ORDER BY r.id
            """,  # noqa: S608  # both are constants of this module
            {"sealed": str(sealed), "horizon": str(horizon)},
        )
        yield from cursor
