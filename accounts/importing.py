"""From a list of staff, a CSV file, to people and to the lines that can't be read; nothing is written here."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts.people import Person
from accounts.roles import Role

LARGEST_FILE = 20 * 1024 * 1024
NEEDED = ("email", "given_name", "family_name")
COLUMNS = (*NEEDED, "roles")
ROLES = {text.casefold(): role.value for role in Role for text in (role.value, role.label)}
"""A role's name in the file, as the code or as people say it."""
LENGTHS = {"email": 254, "given_name": 100, "family_name": 100}
"""The longest text that each field can hold."""


class StaffFileError(Exception):
    """The file is no list of staff; the message says what to do."""


@dataclass(slots=True)
class StaffList:
    """What a file says: people in the file's order, and what is wrong with which line."""

    people: list[Person] = field(default_factory=list)
    wrong: list[tuple[int, str]] = field(default_factory=list)


def read_staff(path: Path) -> StaffList:
    """Read a list of staff. Raises :class:`StaffFileError` where the file is not one."""
    rows = _rows(_text(path))
    _, header = next(rows, (0, []))
    names = _columns(path, header)
    found, lines = StaffList(), dict[str, int]()
    for line, cells in rows:
        if len(cells) != len(names):
            found.wrong.append((line, f"{len(cells)} values where the first line names {len(names)} columns."))
            continue
        values = dict(zip(names, (cell.strip() for cell in cells), strict=True))
        email = values["email"].lower()
        reasons = _reasons(values)
        if email and email in lines:
            reasons.append(f"email: is on line {lines[email]} already.")
        lines.setdefault(email, line)
        found.wrong.extend((line, reason) for reason in reasons)
        if not reasons:
            found.people.append(_person(values))
    if not lines and not found.wrong:
        raise StaffFileError(f"{path.name} names its columns and holds no people.")
    return found


def _columns(path: Path, header: list[str]) -> list[str]:
    names = [cell.strip().casefold().replace(" ", "_").replace("-", "_") for cell in header]
    expected = f"The first line has to name {', '.join(NEEDED)} and, if you like, roles."
    if not any(names):
        raise StaffFileError(f"{path.name} is empty. {expected}")
    if missing := [name for name in NEEDED if name not in names]:
        raise StaffFileError(f"{path.name} has no column {', '.join(missing)}. {expected}")
    if unknown := [name for name in names if name not in COLUMNS]:
        raise StaffFileError(f"{path.name} has columns that mean nothing here: {', '.join(unknown)}. {expected}")
    if len(set(names)) < len(names):
        raise StaffFileError(f"{path.name} names a column twice. {expected}")
    return names


def _reasons(values: dict[str, str]) -> list[str]:
    """Return everything that is wrong with a line, so that it is mended in one go."""
    reasons = []
    for name in NEEDED:
        text = values[name]
        if not text:
            reasons.append(f"{name}: is missing.")
        elif len(text) > LENGTHS[name]:
            reasons.append(f"{name}: has {len(text)} characters; at most {LENGTHS[name]} can be kept.")
        elif not text.isprintable():
            reasons.append(f"{name}: holds characters that can't be printed.")
    try:
        validate_email(values["email"] or "missing@example.org")
    except ValidationError:
        reasons.append(f"email: {values['email']!r} is no e-mail address.")
    return reasons + _wrong_roles(values)


def _wrong_roles(values: dict[str, str]) -> list[str]:
    if "roles" not in values:
        return []
    named = _role_names(values["roles"])
    if not named:
        return ["roles: is missing. Leave out the whole column to leave roles as they are."]
    known = ", ".join(Role.values)
    return [f"roles: {name!r} is none of {known}." for name in named if name.casefold() not in ROLES]


def _person(values: dict[str, str]) -> Person:
    roles = frozenset(ROLES[name.casefold()] for name in _role_names(values.get("roles", "")))
    return Person(
        email=values["email"].lower(),
        given_name=values["given_name"],
        family_name=values["family_name"],
        roles=roles if "roles" in values else None,
    )


def _role_names(text: str) -> list[str]:
    """Split at semicolons, or at commas where they separate the columns' values no longer."""
    return [name.strip() for name in text.replace(",", ";").split(";") if name.strip()]


def _text(path: Path) -> str:
    try:
        if path.is_dir():
            raise StaffFileError(f"{path} is a folder. Name the file.")
        if path.exists() and (not path.is_file() or path.stat().st_size > LARGEST_FILE):
            raise StaffFileError(f"{path} is too large for a list of staff, or is no file at all.")
        content = path.read_bytes()
    except OSError as error:
        raise StaffFileError(f"{path} can't be read: {error.strerror}.") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise StaffFileError(
            f"{path.name} is not UTF-8 text (line {line}). Save it as “CSV UTF-8”; "
            "spreadsheets often write another encoding, such as Latin-1, by themselves."
        ) from error
    if "\0" in text:
        raise StaffFileError(f"{path.name} is not text: it holds null characters. Save the list as “CSV UTF-8”.")
    return text


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that hold something, each with the line it starts on."""
    first = text.lstrip().partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise StaffFileError(f"The file is not CSV from line {line} on: {error}.") from error
