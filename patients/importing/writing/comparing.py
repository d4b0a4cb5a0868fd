"""What the other system says, what it said last, and what stands here: which of them counts, field by field."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from enum import Enum
from typing import Any

from django.db.models import Model

from accounts.encryption.keyring import fingerprint
from patients.importing.incoming import Incoming, Origin
from patients.models import ImportedRecord

UNSAID = object()
PURPOSE = "patients.importing"


def plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):  # an instant is one, too
        return value.isoformat()
    return value


def said(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as they are kept, to compare the next import with."""
    return {name: plain(value) for name, value in values.items()}


def digest(incoming: Incoming) -> str:
    """Return a keyed hash of everything that a record says, but for its place in the file."""
    content = {one.name: _deep(getattr(incoming, one.name)) for one in fields(incoming) if one.name != "origin"}
    return fingerprint(json.dumps([incoming.KIND, content], sort_keys=True), PURPOSE)


def _deep(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_deep(one) for one in value]
    if hasattr(value, "__dataclass_fields__"):
        return {one.name: _deep(getattr(value, one.name)) for one in fields(value)}
    return plain(value)


def is_older(origin: Origin, link: ImportedRecord) -> bool:
    """Say whether the other system has said something newer already: by its clock, else by its version's number."""
    if origin.updated and link.remote_updated_at:
        return origin.updated < link.remote_updated_at
    if origin.version.isdecimal() and link.remote_version.isdecimal():
        return int(origin.version) < int(link.remote_version)
    return False


@dataclass(slots=True)
class Comparison:
    """What to write into a row, and what differs and stays because somebody here wrote it."""

    take: dict[str, Any] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)

    def keep(self, *names: str) -> None:
        """Leave fields as they are here after all."""
        for name in names:
            if self.take.pop(name, UNSAID) is not UNSAID:
                self.kept.append(name)


def compare(row: Model, values: Mapping[str, Any], base: Mapping[str, Any]) -> Comparison:
    """Compare a row with what is said of it now and what was said last (``base``).

    What the other system did not change since is left alone. What it changed is taken, unless the row says something
    that the other system never said: then somebody here wrote it, and it stays. Where nothing was said before, only
    what is empty here is filled.
    """
    found = Comparison()
    for name, value in values.items():
        here, before = plain(getattr(row, name)), base.get(name, UNSAID)
        if plain(value) in (here, before):
            continue
        is_untouched = here in _empties(row, name) if before is UNSAID else here == before
        if is_untouched:
            found.take[name] = value
        else:
            found.kept.append(name)
    return found


def _empties(row: Model, name: str) -> Iterable[Any]:
    """Return what a column holds where nobody wrote anything."""
    column: Any = row._meta.get_field(name)  # noqa: SLF001  # Django's public name for it
    default = column.get_default()
    return ("", None, plain(default))
