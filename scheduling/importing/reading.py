"""From a file to cases and to rows that can't be read; nothing is written here."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.utils import timezone

from scheduling.importing.case import BadRowError, Case, ImportFileError, Unreadable
from scheduling.importing.mapping import COLUMNS, Mapping
from scheduling.importing.times import Clock
from scheduling.milestones import must_precede
from scheduling.models import EventKind, Side
from scheduling.models.operation import MAX_MINUTES
from scheduling.period import Period
from scheduling.services.errors import InvalidPlanError
from scheduling.services.planning import check_start
from scheduling.services.recording import CLOCK_TOLERANCE

LARGEST_FILE = 200 * 1024 * 1024
NOT_TEXT = {
    b"\x1f\x8b": "a gzip file. Unpack it first.",
    b"PK\x03\x04": "a zip file or a spreadsheet. Save the list as CSV first.",
    b"\xd0\xcf\x11\xe0": "an old Excel file. Save the list as CSV first.",
    b"%PDF": "a PDF. Ask for the list as CSV.",
    codecs.BOM_UTF16_LE: "UTF-16 text. Save it as UTF-8, or set encoding in the mapping.",
    codecs.BOM_UTF16_BE: "UTF-16 text. Save it as UTF-8, or set encoding in the mapping.",
}
LENGTHS = {"case": 27, "theatre": 60, "specialty": 100, "procedure_code": 20, "procedure": 120, "mrn": 64}
"""The longest text that each field can hold."""
SIDES = {text.casefold(): side for side in Side for text in (side.value, side.label)} | {"both": Side.BILATERAL}
FARTHEST_MINUTES = 7 * MAX_MINUTES
"""Minutes from the booked start within which every actual time must lie; beyond it is a typing error."""


@dataclass(slots=True)
class Reading:
    """What a file says: the cases in the file's order, and the rows that can't be read."""

    cases: list[Case] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)


def read_cases(path: Path, mapping: Mapping) -> Reading:
    """Read a theatre list. Raises :class:`ImportFileError` where the file is not one."""
    rows = _rows(_text(path, mapping.encoding), mapping.delimiter)
    _, header = next(rows, (0, []))
    if not any(cell.strip() for cell in header):
        raise ImportFileError(f"{path.name} is empty.")
    positions = mapping.positions(header)
    title = header[positions["theatre"]].strip()
    reader = _Rows(mapping, positions, width=len(header), theatre_title=title)
    reading, lines = Reading(), dict[str, int]()
    for line, cells in rows:
        number = reader.cell(cells, "case")
        try:
            reading.cases.append(_first_of(reader.case(line, cells), lines))
        except BadRowError as error:
            reading.unreadable.append(Unreadable(line=line, number=number[:60], message=str(error)))
    if not lines and not reading.unreadable:
        raise ImportFileError(f"{path.name} names its columns and holds no rows.")
    return reading


def _first_of(case: Case, lines: dict[str, int]) -> Case:
    if case.number in lines:
        raise BadRowError(f"case: {case.number} is on line {lines[case.number]} already.")
    lines[case.number] = case.line
    return case


def _text(path: Path, encoding: str) -> str:
    try:
        if path.is_dir():
            raise ImportFileError(f"{path} is a folder. Name the file.")
        if path.exists() and (not path.is_file() or path.stat().st_size > LARGEST_FILE):
            raise ImportFileError(f"{path} is too large for a theatre list, or is no file at all.")
        content = path.read_bytes()
    except OSError as error:
        raise ImportFileError(f"{path} can't be read: {error.strerror}.") from error
    for start, words in NOT_TEXT.items():
        if content.startswith(start) and not encoding.lower().startswith("utf-16"):
            raise ImportFileError(f"{path.name} is {words}")
    try:
        return content.decode(encoding)
    except LookupError as error:
        raise ImportFileError(f"The encoding {encoding!r} is not known. Try utf-8 or cp1252.") from error
    except UnicodeError as error:
        line = content[: getattr(error, "start", 0)].count(b"\n") + 1
        raise ImportFileError(
            f"{path.name} is not {encoding} text (line {line}). Set encoding in a --mapping file, "
            "such as cp1252, or save the file as UTF-8."
        ) from error


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that hold something, each with the line it starts on."""
    if "\0" in text:
        raise ImportFileError("The file is not text: it holds null characters.")
    first = text[: text.find("\n")] if "\n" in text else text
    chosen = delimiter or max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=chosen, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise ImportFileError(f"The file is not CSV from line {line} on: {error}.") from error


@dataclass(frozen=True, slots=True)
class _Rows:
    """Turns the cells of a row into a case."""

    mapping: Mapping
    positions: dict[str, int]
    width: int
    theatre_title: str

    def cell(self, cells: Sequence[str], name: str) -> str:
        position = self.positions.get(name, self.width)
        return cells[position].strip() if position < len(cells) else ""

    def case(self, line: int, cells: Sequence[str]) -> Case:
        if len(cells) != self.width:
            raise BadRowError(f"{len(cells)} values where the first line names {self.width} columns.")
        values = {name: self.cell(cells, name) for name in COLUMNS}
        _check_texts(values)
        period = self._period(values)
        return Case(
            line=line,
            number=values["case"],
            theatre=self._theatre(values["theatre"]),
            specialty=self.mapping.specialties.get(values["specialty"].casefold(), values["specialty"]),
            procedure_code=values["procedure_code"],
            procedure=values["procedure"],
            period=period,
            events=self._events(values, period.start),
            mrn=values["mrn"],
            side=_side(values["side"]),
        )

    def _theatre(self, text: str) -> str:
        """Return our code where the mapping gives one; a bare number needs the column's name to say much."""
        named = f"{self.theatre_title} {text}" if text.isdecimal() else text
        return self.mapping.theatres.get(text.casefold(), named)

    def _period(self, values: dict[str, str]) -> Period:
        clock = Clock(self.mapping)
        day = clock.day("date", values["date"]) if values["date"] else None
        start = clock.start("start", values["start"], day)
        minutes = _minutes(values["minutes"])
        try:
            return Period.lasting(check_start(start), minutes)
        except InvalidPlanError as error:
            raise BadRowError(f"start: {error}") from error

    def _events(self, values: dict[str, str], start: datetime) -> dict[str, datetime]:
        """Return the actual times, in the order in which they have to happen."""
        clock, latest = Clock(self.mapping), timezone.now() + CLOCK_TOLERANCE
        events: dict[str, datetime] = {}
        for kind in (kind for kind in EventKind.values if values[kind]):
            before = _latest_before(kind, events)
            at = clock.next(kind, values[kind], after=events.get(before, start))
            if before and at < events[before]:
                raise BadRowError(f"{kind}: {values[kind]!r} is before {before}, {values[before]!r}.")
            if abs((at - start).total_seconds()) > FARTHEST_MINUTES * 60:
                raise BadRowError(f"{kind}: {values[kind]!r} is more than a week from the booked start.")
            if at > latest:
                raise BadRowError(f"{kind}: {values[kind]!r} has not come yet.")
            events[kind] = at
        return events


def _latest_before(kind: str, events: dict[str, datetime]) -> str:
    """Return the latest event that ``kind`` must not precede."""
    earlier = [name for name in events if must_precede(name, kind)]
    return max(earlier, key=lambda name: events[name], default="")


def _check_texts(values: dict[str, str]) -> None:
    for name in ("case", "theatre", "specialty", "procedure", "start", "minutes"):
        if not values[name]:
            raise BadRowError(f"{name}: is missing.")
    for name, longest in LENGTHS.items():
        if len(values[name]) > longest:
            raise BadRowError(f"{name}: has {len(values[name])} characters; at most {longest} can be kept.")
        if not values[name].isprintable():
            raise BadRowError(f"{name}: {values[name]!r} holds characters that can't be printed.")


def _minutes(text: str) -> int:
    try:
        minutes = float(text) if text.isascii() else 0.0
    except ValueError:
        minutes = 0.0
    if not 1 <= minutes <= MAX_MINUTES or minutes != int(minutes):
        raise BadRowError(f"minutes: {text!r} is not a whole number from 1 to {MAX_MINUTES}.")
    return int(minutes)


def _side(text: str) -> Side:
    side = SIDES.get(text.casefold(), Side.NOT_APPLICABLE if not text else None)
    if side is None:
        raise BadRowError(f"side: {text!r} is none of left, right, both, midline.")
    return side
