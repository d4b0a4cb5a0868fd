"""From files to resources as JSON: whole Bundles, and NDJSON by the line.

A Bundle is one transaction and its entries refer to each other in any order, so it is held whole, up to a size. Of
NDJSON only an index is held: where the lines of each patient are.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

from patients.importing.fhir.context import Raw
from patients.importing.incoming import Spot
from patients.importing.report import ImportFileError
from patients.importing.sources import MEGABYTE, UTF_16, Source

LARGEST_BUNDLE = 64 * MEGABYTE
LARGEST_LINE = 8 * MEGABYTE
LARGEST_NDJSON = 4096 * MEGABYTE
BUNDLES = ("transaction", "collection", "batch", "searchset", "transaction-response", "batch-response")
UTF_8_BOM = b"\xef\xbb\xbf"


class BadJSONError(ValueError):
    """A text is no JSON that can be trusted; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Unread:
    """An entry in which there is no resource to read, and why."""

    spot: Spot
    text: str


def is_ndjson(source: Source) -> bool:
    """Say whether a file holds one resource a line: by its name, or by two lines that each begin one."""
    if source.name.lower().endswith((".ndjson", ".jsonl")):
        return True
    with source.open() as file:
        first, second = file.readline(LARGEST_LINE).strip(), file.readline(2).strip()
    return first.startswith(b"{") and first.endswith(b"}") and second.startswith(b"{")


def read_bundle(source: Source) -> list[Raw | Unread]:
    """Return the entries of a Bundle, or the one resource that the file holds. Raises :class:`ImportFileError`."""
    source.demand_text()
    if source.size > LARGEST_BUNDLE:
        raise ImportFileError(
            f"{source.name} has {source.size // MEGABYTE} MB. A Bundle is written whole or not at all, and may have "
            f"{LARGEST_BUNDLE // MEGABYTE} MB. Export it as NDJSON, or as several Bundles."
        )
    with source.open() as file:
        content = file.read(LARGEST_BUNDLE + 1)
    try:
        found = load(content)
    except BadJSONError as error:
        raise ImportFileError(f"{source.name}: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("resourceType"), str):
        raise ImportFileError(f"{source.name} is JSON, but no FHIR resource: it has no resourceType.")
    if found["resourceType"] != "Bundle":
        return [Raw(_spot(source, "", 0, found), found)]
    return list(_entries(source, found))


def _entries(source: Source, bundle: dict[str, Any]) -> Iterator[Raw | Unread]:
    if bundle.get("type") not in BUNDLES:
        raise ImportFileError(
            f"{source.name} is a Bundle of type {str(bundle.get('type'))[:40]!r}. "
            f"Bundles of these types are read: {', '.join(BUNDLES[:4])}."
        )
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise ImportFileError(f"{source.name}: entry is no list.")
    for number, entry in enumerate(entries, start=1):
        yield _entry(source, number, entry)


def _entry(source: Source, number: int, entry: Any) -> Raw | Unread:
    spot = Spot(source.name, "entry", number)
    if not isinstance(entry, dict):
        return Unread(spot, "is no entry.")
    request = entry.get("request")
    method = request.get("method") if isinstance(request, dict) else None
    if method == "DELETE":
        return Unread(spot, "asks to delete. Nothing is deleted by an import; mark it as entered in error there.")
    resource = entry.get("resource")
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        return Unread(spot, "holds no resource.")
    address = entry.get("fullUrl")
    return Raw(_spot(source, "entry", number, resource), resource, address if isinstance(address, str) else "")


@dataclass(frozen=True, slots=True)
class Line:
    """Where one line of an NDJSON file is."""

    source: int
    number: int
    offset: int


def read_lines(source: Source, at: int) -> Iterator[tuple[Line, Raw | Unread]]:
    """Yield each line of an NDJSON file with its place, one in memory at a time."""
    source.demand_text()
    if source.size > LARGEST_NDJSON:
        raise ImportFileError(f"{source.name} has more than {LARGEST_NDJSON // MEGABYTE:,} MB. Split it by patients.")
    with source.open() as file:
        offset = number = 0
        while line := file.readline(LARGEST_LINE + 1):
            number += 1
            if line.strip():
                yield Line(at, number, offset), _line(source, number, line)
            offset += len(line)
            if len(line) > LARGEST_LINE and not line.endswith(b"\n"):
                offset += _skip_line(file)


def read_line(source: Source, file: BinaryIO, line: Line) -> Raw:
    """Return a line that was read before."""
    file.seek(line.offset)
    found = _line(source, line.number, file.readline(LARGEST_LINE + 1))
    if isinstance(found, Unread):
        raise ImportFileError(f"{source.name} changed while it was read. Run the import again.")
    return found


def _line(source: Source, number: int, line: bytes) -> Raw | Unread:
    spot = Spot(source.name, "line", number)
    if len(line) > LARGEST_LINE:
        return Unread(spot, f"has more than {LARGEST_LINE // MEGABYTE} MB.")
    try:
        found = load(line.removeprefix(UTF_8_BOM))
    except BadJSONError as error:
        return Unread(spot, str(error))
    if not isinstance(found, dict) or not isinstance(found.get("resourceType"), str):
        return Unread(spot, "holds no resource.")
    return Raw(_spot(source, "line", number, found), found)


def _skip_line(file: BinaryIO) -> int:
    skipped = 0
    while part := file.readline(MEGABYTE):
        skipped += len(part)
        if part.endswith(b"\n"):
            break
    return skipped


def _spot(source: Source, unit: str, number: int, resource: dict[str, Any]) -> Spot:
    name = "/".join(str(resource.get(part) or "")[:64] for part in ("resourceType", "id")).removesuffix("/")
    return Spot(source.name, unit, number, "".join(letter for letter in name if letter.isprintable()))


def load(content: bytes) -> Any:
    """Return JSON, read more strictly than Python does. Raises :class:`BadJSONError` with what is wrong, and where."""
    if content.startswith(UTF_16) or b"\0" in content[:4]:
        raise BadJSONError("is UTF-16 text. FHIR is UTF-8: save it so.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadJSONError(f"is not UTF-8 text (line {line}). FHIR is always UTF-8: save it so.") from error
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        end = " It may be cut short." if error.pos >= len(text.rstrip()) - 1 or "Unterminated" in error.msg else ""
        raise BadJSONError(
            f"is no JSON from line {error.lineno}, column {error.colno} on: {error.msg}.{end}"
        ) from error
    except BadJSONError:
        raise
    except RecursionError as error:
        raise BadJSONError("is nested too deeply to be read.") from error
    except ValueError as error:
        raise BadJSONError("holds a number of thousands of digits.") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that stands twice: each program would believe another one."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadJSONError(f"names “{twice[:40]}” twice in one object: nobody knows which counts.")
    return found


def _no_constant(name: str) -> NoReturn:
    raise BadJSONError(f"holds {name}, which is no JSON.")
