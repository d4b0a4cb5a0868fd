"""Looks for anything in the record that is not as it was sealed, and says which row it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from accounts.audit.anchors import AnchorFileError, anchors
from accounts.audit.chain import BATCH, CONTENT, START, TABLES, LinkKey, digest, link_hash, seal, watermark


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was sealed."""

    what: str
    """``removed``, ``changed``, ``inserted``, ``cut off`` or ``broken``."""
    table: str
    row_id: int | None
    seq: int | None
    at: datetime | str | None

    def __str__(self) -> str:
        """Return it as one line."""
        row = "" if self.row_id is None else f" row {self.row_id}"
        link = "" if self.seq is None else f", link {self.seq}"
        return f"{self.what}: {self.table}{row}{link}, of {self.at}"


@dataclass(frozen=True)
class Link:
    """One link as it is read back."""

    key: LinkKey
    note: str
    row_hash: bytes
    hash: bytes
    sealed_at: datetime

    @property
    def seq(self) -> int:
        """Its place in the chain."""
        return self.key.seq

    @property
    def kind(self) -> str:
        """What it seals."""
        return self.key.kind

    @property
    def row_id(self) -> int:
        """The number of the row."""
        return self.key.row_id

    @property
    def row_at(self) -> datetime:
        """The time of the row."""
        return self.key.row_at

    @property
    def table(self) -> str:
        """The table of the row that it seals."""
        return TABLES.get(self.kind, "audit_link")


@dataclass(frozen=True)
class Dropped:
    """Months that were dropped by rule: their rows are rightly gone."""

    spans: tuple[tuple[str, datetime, datetime], ...]

    def holds(self, link: Link) -> bool:
        """Say whether the link's row was among them."""
        return any(table == link.table and first <= link.row_at < end for table, first, end in self.spans)


@dataclass(frozen=True)
class Scope:
    """The sealing times to look at; an open end is ``None``."""

    since: datetime | None = None
    until: datetime | None = None


def verify(scope: Scope = Scope(), *, seen: Any = None, copied_at: datetime | None = None) -> Iterator[Finding]:
    """Seal what is open, then yield every finding. ``seen`` is called with the number of links just read.

    Works on one snapshot, in batches: the length of the chain does not matter for memory. ``copied_at``
    says that this database is a copy of that time: nothing in it is sealed, and later anchors are none of it.
    """
    if copied_at is None:
        seal()
    began_before = connection.in_atomic_block  # only in tests, which look at what they have not committed
    with transaction.atomic(durable=True):
        if not began_before:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        dropped = _dropped()
        first, last, before = _ends(scope)
        for links in _links(first, last):
            yield from _broken(links, before, first)
            yield from _rows_gone_or_changed(links, dropped)
            before, first = links[-1].hash, links[-1].seq + 1
            if seen:
                seen(len(links))
        yield from _inserted(scope)
        yield from _cut_off(copied_at)


def count_links(scope: Scope = Scope()) -> int:
    """Return about how many links there are to read."""
    first, last, _ = _ends(scope)
    return max(0, last - first + 1)


def _rows(statement: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _ends(scope: Scope) -> tuple[int, int, bytes]:
    """Return the first and the last number in scope, and the hash before the first."""
    ((first, last),) = _rows(
        """
        SELECT (SELECT min(seq) FROM audit_link WHERE %s::timestamptz IS NOT NULL AND sealed_at >= %s),
            (SELECT max(seq) FROM audit_link WHERE %s::timestamptz IS NULL OR sealed_at < %s)
        """,
        *(scope.since, scope.since, scope.until, scope.until),
    )
    if scope.since and first is None:
        return 1, 0, START
    if first is None or first == 1:
        return 1, last or 0, START
    before = _rows("SELECT hash FROM audit_link WHERE seq = %s", first - 1)
    return first, last or 0, bytes(before[0][0]) if before else b""


def _links(first: int, last: int) -> Iterator[list[Link]]:
    while first <= last:
        rows = _rows(
            """
            SELECT seq, kind, row_id, row_at, note, row_hash, hash, sealed_at FROM audit_link
            WHERE seq BETWEEN %s AND %s ORDER BY seq LIMIT %s
            """,
            *(first, last, BATCH),
        )
        if not rows:
            return
        yield [Link(LinkKey(*row[:4]), row[4], bytes(row[5]), bytes(row[6]), row[7]) for row in rows]
        first = rows[-1][0] + 1


def _broken(links: Sequence[Link], before: bytes, expected: int) -> Iterator[Finding]:
    """Yield the links that are missing and those that do not hang on the one before."""
    for link in links:
        if link.seq != expected:
            yield Finding(
                "removed", "audit_link", None, expected, f"{link.seq - expected} links before {link.sealed_at}"
            )
        elif link.hash != link_hash(before, link.key, link.row_hash):
            yield Finding("broken", link.table, link.row_id, link.seq, link.row_at)
        before, expected = link.hash, link.seq + 1


def _rows_gone_or_changed(links: Sequence[Link], dropped: Dropped) -> Iterator[Finding]:
    for kind, table in TABLES.items():
        ours = [link for link in links if link.kind == kind]
        found = _contents(kind, ours) if ours else {}
        for link in ours:
            content = found.get(link.row_id)
            if content is None and not dropped.holds(link):
                yield Finding("removed", table, link.row_id, link.seq, link.row_at)
            elif content is not None and digest(content) != link.row_hash:
                yield Finding("changed", table, link.row_id, link.seq, link.row_at)
    for link in links:
        if link.kind not in TABLES and digest(link.note) != link.row_hash:
            yield Finding("changed", "audit_link", link.row_id, link.seq, link.sealed_at)


def _contents(kind: str, links: Sequence[Link]) -> dict[int, str]:
    """Return the rows' contents by number; the times leave out the partitions that can't hold them."""
    numbers, times = [link.row_id for link in links], [link.row_at for link in links]
    select = f"SELECT r.id, {CONTENT[kind]} FROM {TABLES[kind]} AS r WHERE r.id = ANY(%s)"  # noqa: S608
    found = dict(_rows(f"{select} AND r.at BETWEEN %s AND %s", numbers, min(times), max(times)))
    if missing := [number for number in numbers if number not in found]:
        found |= dict(_rows(select, missing))  # its time may be what was changed
    return found


def _inserted(scope: Scope) -> Iterator[Finding]:
    """Yield rows that were never sealed although all of their age are."""
    for kind, table in TABLES.items():
        rows = _rows(
            f"""
            SELECT r.id, r.at FROM {table} AS r
            WHERE r.xid < %s::text::xid8 AND (%s::timestamptz IS NULL OR r.at >= %s)
                AND (%s::timestamptz IS NULL OR r.at < %s)
                AND NOT EXISTS (SELECT FROM audit_link WHERE audit_link.kind = '{kind}' AND audit_link.row_id = r.id)
            ORDER BY r.id
            """,  # noqa: S608  # both are constants
            *(watermark(), scope.since, scope.since, scope.until, scope.until),
        )
        for number, at in rows:
            yield Finding("inserted", table, number, None, at)


def _cut_off(copied_at: datetime | None) -> Iterator[Finding]:
    """Compare the chain with what was written down outside the database, up to when it was copied."""
    ((top,),) = _rows("SELECT coalesce(max(seq), 0) FROM audit_link")
    try:
        for anchor in anchors(before=copied_at):
            stands = _rows("SELECT hash FROM audit_link WHERE seq = %s", anchor.seq)
            if anchor.seq > top:
                yield Finding("cut off", "audit_link", None, anchor.seq, anchor.at)
            elif anchor.seq and (not stands or bytes(stands[0][0]).hex() != anchor.hash):
                yield Finding("changed", "audit_link", None, anchor.seq, anchor.at)
    except AnchorFileError as error:
        yield Finding("broken", "the anchor file", None, None, str(error))


def _dropped() -> Dropped:
    rows = _rows(
        """
        SELECT note::jsonb ->> 'table', (note::jsonb ->> 'from')::timestamptz, (note::jsonb ->> 'until')::timestamptz
        FROM audit_link WHERE kind = 'dropped' ORDER BY seq
        """
    )
    return Dropped(tuple((table, first, end) for table, first, end in rows))
