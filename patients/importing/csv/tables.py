"""A CSV file as rows: its encoding and delimiter found out, or as they were said."""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO

from patients.importing.report import ImportFileError
from patients.importing.sources import MEGABYTE, Source

LARGEST = 200 * MEGABYTE
LOOKED_AT = 64 * 1024
"""Bytes from which the encoding and the delimiter are found out."""
DELIMITERS = ",;\t|"
ENCODINGS = {
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": "Windows-1252 (Western European)",
    "iso8859-2": "ISO 8859-2 (Central European)",
    "cp1251": "Windows-1251 (Cyrillic)",
}
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
LONGEST_CELL = 20_000
MOST_COLUMNS = 200


@dataclass(frozen=True)
class Table:
    """A file with its form: what it is written in and what stands between its values."""

    source: Source
    encoding: str
    delimiter: str
    header: tuple[str, ...]

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows below the header that hold something, each with the line that it starts on."""
        for line, cells in _rows(self.source, self.encoding, self.delimiter):
            if line > 1 or tuple(cells) != self.header:
                yield line, cells

    def first(self, count: int) -> list[list[str]]:
        """Return the first rows, each as wide as the header."""
        width = len(self.header)
        return [(cells + [""] * width)[:width] for _, cells in islice(self.rows(), count)]


def open_table(source: Source, *, encoding: str = "", delimiter: str = "") -> Table:
    """Return a file as a table. Raises :class:`ImportFileError` where it is none."""
    if encoding.startswith("utf-16"):
        if not source.size:
            raise ImportFileError(f"{source.name} is empty.")
    else:
        source.demand_text()
    if source.size > LARGEST:
        raise ImportFileError(f"{source.name} has more than {LARGEST // MEGABYTE} MB. Split it into several files.")
    encoding = _known(encoding) if encoding else detect_encoding(source)
    delimiter = delimiter or _delimiter(source, encoding)
    _, header = next(_rows(source, encoding, delimiter), (0, []))
    if not any(cell.strip() for cell in header):
        raise ImportFileError(f"{source.name} is empty.")
    if len(header) > MOST_COLUMNS:
        raise ImportFileError(f"{source.name} has {len(header)} columns; at most {MOST_COLUMNS} are read.")
    return Table(source, encoding, delimiter, tuple(header))


def detect_encoding(source: Source) -> str:
    """Return what a file is written in: by its mark, or the first of UTF-8, UTF-16 and Windows-1252 that fits."""
    with source.open() as file:
        start = file.read(LOOKED_AT)
    for mark, name in _BOMS.items():
        if start.startswith(mark):
            return name
    evens, odds = start[::2].count(0), start[1::2].count(0)
    if max(evens, odds) > len(start) // 8:
        return "utf-16-be" if evens > odds else "utf-16-le"
    decoder = codecs.getincrementaldecoder("utf-8")()
    with source.open() as file:
        try:
            while part := file.read(MEGABYTE):
                decoder.decode(part)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


def _known(encoding: str) -> str:
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise ImportFileError(f"The encoding {encoding[:40]!r} is not known. Try utf-8, utf-16 or cp1252.") from error
    return encoding


def _delimiter(source: Source, encoding: str) -> str:
    with _text(source, encoding) as file:
        first = file.readline(LOOKED_AT)
    return max(DELIMITERS, key=first.count)


def _text(source: Source, encoding: str) -> IO[str]:
    return codecs.getreader(encoding)(source.open())  # type: ignore[return-value]  # a StreamReader reads as a file does


def _rows(source: Source, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(LONGEST_CELL)
    line = 1
    with _text(source, encoding) as file:
        reader = csv.reader(_lines(source, file, encoding), delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            raise ImportFileError(f"{source.name} is not CSV from line {line} on: {error}.") from error


def _lines(source: Source, file: IO[str], encoding: str) -> Iterator[str]:
    number = 1
    try:
        for line in file:
            if "\0" in line:
                raise ImportFileError(f"{source.name} is no text (line {number}): it holds null characters.")
            yield line
            number += 1
    except UnicodeError as error:
        raise ImportFileError(
            f"{source.name} is not {encoding} text (line {number}). Choose another encoding, or save it as UTF-8."
        ) from error
