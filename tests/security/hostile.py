"""What hostile input is made of: the fields of the site, found in its code, and values that break things."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from django import forms
from django.conf import settings
from hypothesis import strategies as st

ROOMS = ("accounts", "patients", "resources", "scheduling", "analytics", "messaging", "hospital")
ASKED = re.compile(r"(?:GET|POST|asked|query)(?:\.get|\.getlist|\.pop)?[\[(]\"(\w+)\"")

NASTY = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "0",
    "-1",
    "1e309",
    "NaN",
    "٣",  # an Arabic three: a digit to Python
    "²",
    "9" * 30,
    str(2**63),
    str(-(2**63) - 1),
    "'; DROP TABLE accounts_user; --",
    "<script>alert(1)</script>",
    "{{ 7*7 }}{% debug %}",
    "../../etc/passwd",
    "%00%ff%",
    "\u202eevil",
    "👩‍⚕️" * 50,
    "x" * 20_000,
    "2026-02-30",
    "0000-00-00",
    "9999-12-31",
    "10000-01-01",
    "2026-03-29",
    "01:30",
    "25:61",
    "2026-03-29T01:30",
    "9999-12-31T23:59",
    "0001-01-01T00:00",
    "on",
    "null",
    "[]",
    '{"a": 1}',
    "https://evil.example/",
    "//evil.example",
    "\r\nSet-Cookie: a=b",
)

VALUES = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    st.integers().map(str),
    st.floats().map(str),
    st.dates().map(str),
    st.datetimes().map(lambda at: f"{at:%Y-%m-%dT%H:%M}"),
)


def field_names() -> list[str]:
    """Return the name of every field that a form or a view of ours reads."""
    found = {name for form in _forms() for name in form.base_fields}
    for room in ROOMS:
        for file in (Path(settings.BASE_DIR) / room).rglob("*.py"):
            found |= set(ASKED.findall(file.read_text(encoding="utf-8")))
    return sorted(found)


def _forms() -> Iterator[type[forms.BaseForm]]:
    for room in ROOMS:
        package = importlib.import_module(room)
        for info in pkgutil.walk_packages(package.__path__, f"{room}."):
            if ".forms" in info.name and "migrations" not in info.name:
                for _, found in inspect.getmembers(importlib.import_module(info.name), inspect.isclass):
                    if issubclass(found, forms.BaseForm) and hasattr(found, "base_fields"):
                        yield found


def content(own: dict[str, str], known: Sequence[str] = ()) -> st.SearchStrategy[dict[str, list[str]]]:
    """Return fields of a request: hostile values, some doubled; ``own`` are values that exist, to get further.

    ``known`` names the fields of a page that is not ours; without it, ours are found in the code.
    """
    names = st.sampled_from(known or field_names())
    values = st.lists(VALUES, min_size=1, max_size=2)
    hostile = st.dictionaries(names, values, max_size=12)
    real = st.fixed_dictionaries({}, optional={name: st.just([value]) for name, value in own.items()})
    return st.builds(lambda first, second: {**first, **second}, real, hostile)


HEADERS = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from(
            [value for value in NASTY if "\r" not in value and "\x00" not in value and len(value) < 999]
        )
        .filter(str.isprintable)
        .map(lambda value: value.encode("utf-8").decode("latin-1"))
        for name in (
            "X-Forwarded-For",
            "Accept-Language",
            "HX-Request",
            "HX-Target",
            "X-Background",
            "Referer",
            "User-Agent",
        )
    },
)
