"""Rows written many at a time, with the trail that saving each would have left.

django-auditlog follows signals, which ``bulk_create`` and ``bulk_update`` do not send. Here its own comparison makes
the entries, its own receivers name the actor, and one statement writes them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from auditlog.cid import get_cid
from auditlog.diff import model_instance_diff
from auditlog.models import LogEntry
from auditlog.registry import auditlog
from django.contrib.contenttypes.models import ContentType
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model
from django.db.models.signals import pre_save

AT_ONCE = 500
"""Rows in one statement."""


@dataclass(frozen=True)
class Changed:
    """A row as it was, as it shall be, and the fields that differ."""

    before: Model
    after: Model
    names: Sequence[str]


def create_trailed(rows: Sequence[Model]) -> list[LogEntry]:
    """Insert rows of one model; return the entries of the trail, to be written by :func:`write_trail`."""
    if not rows:
        return []
    type(rows[0])._default_manager.bulk_create(rows, batch_size=AT_ONCE)  # noqa: SLF001
    if not auditlog.contains(type(rows[0])):
        return []
    return [_entry(row, None, row, None, LogEntry.Action.CREATE) for row in rows]


def update_trailed(changes: Sequence[Changed]) -> list[LogEntry]:
    """Write the named fields of rows of one model; return the entries of the trail."""
    if not changes:
        return []
    names = sorted({name for change in changes for name in change.names})
    model = type(changes[0].after)
    model._default_manager.bulk_update([change.after for change in changes], names, batch_size=AT_ONCE)  # noqa: SLF001
    entries = (_entry(one.after, one.before, one.after, one.names, LogEntry.Action.UPDATE) for one in changes)
    return [entry for entry in entries if entry.changes]


def write_trail(entries: Iterable[LogEntry]) -> None:
    """Write entries of the trail in one statement."""
    LogEntry.objects.bulk_create(list(entries), batch_size=AT_ONCE)


def _entry(row: Model, before: Model | None, after: Model, names: Sequence[str] | None, action: Any) -> LogEntry:
    entry = LogEntry(
        content_type=ContentType.objects.get_for_model(row),
        object_pk=str(row.pk),
        object_id=row.pk,
        object_repr=str(row),
        action=action,
        changes=model_instance_diff(before, after, fields_to_check=names, use_json_for_changes=True),
        cid=get_cid(),
    )
    # What auditlog adds to an entry before it is saved: the actor of the request, task or command, and the address.
    pre_save.send(LogEntry, instance=entry, raw=False, using=DEFAULT_DB_ALIAS, update_fields=None)
    return entry
