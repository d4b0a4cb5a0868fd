"""Values as texts, in one way wherever two of them are compared or kept."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Model

Texts = dict[str, str]
"""The name of each field and its value as :func:`as_text` writes it."""


def as_text(value: Any) -> str:
    """Return a value as a text that stands for this value alone: 80.0 and 80 kilograms are one weight."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, Model):
        return str(value.pk)
    return str(value)


def as_texts(values: Mapping[str, Any]) -> Texts:
    """Return all values as texts."""
    return {name: as_text(value) for name, value in values.items()}


def differing(before: Texts, after: Texts) -> dict[str, list[str]]:
    """Return each field that is not the same in both, with what it was and what it became."""
    names: Iterable[str] = dict.fromkeys([*before, *after])
    pairs = {name: [before.get(name, ""), after.get(name, "")] for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def is_stale(shown: Texts, now: Texts) -> bool:
    """Say whether a part reads otherwise than it was shown; a field that was not shown was shown empty."""
    return any(shown.get(name, "") != text for name, text in now.items())


def packed(texts: Texts) -> str:
    """Return what a form carries of the values that were shown."""
    return json.dumps(texts)


def unpacked(text: str) -> Texts | None:
    """Read it again; ``None`` for anything that is not so."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        return None
    return found
