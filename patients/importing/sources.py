"""Files to import, from a disk or an upload: opened, measured, and what is no text refused by name."""

import codecs
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from patients.importing.report import ImportFileError

NOT_TEXT = {
    b"\x1f\x8b": "a gzip file. Unpack it first.",
    b"PK\x03\x04": "a zip file or a spreadsheet. Unpack it, or save the list as CSV.",
    b"\xd0\xcf\x11\xe0": "an old Excel file. Save the list as CSV.",
    b"%PDF": "a PDF. Ask for the data in another form.",
    b"BZh": "a bzip2 file. Unpack it first.",
    b"\xfd7zXZ": "an xz file. Unpack it first.",
    b"7z\xbc\xaf": "a 7-Zip file. Unpack it first.",
}
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
LONGEST_START = 8
SUFFIXES = (".json", ".ndjson", ".jsonl")
"""Files of a folder that are read; others in it are not looked at."""
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Source:
    """One file: its name, its size in bytes, and how it is opened."""

    name: str
    size: int
    open: Callable[[], BinaryIO]

    def start(self) -> bytes:
        """Return the first bytes."""
        with self.open() as file:
            return file.read(LONGEST_START)

    def demand_text(self) -> None:
        """Raise :class:`ImportFileError` where the first bytes are those of something else."""
        found = self.start()
        for start, words in NOT_TEXT.items():
            if found.startswith(start):
                raise ImportFileError(f"{self.name} is {words}")
        if not found:
            raise ImportFileError(f"{self.name} is empty.")


def from_bytes(name: str, content: bytes) -> Source:
    """Return an upload as a source."""
    return Source(name=name, size=len(content), open=lambda: io.BytesIO(content))


def from_paths(paths: Iterable[Path]) -> list[Source]:
    """Return files, and those of folders in the order of their names."""
    found = [_from_file(file) for path in paths for file in _files(path)]
    if not found:
        raise ImportFileError(f"There is nothing to import: a folder has no file that ends in {', '.join(SUFFIXES)}.")
    return found


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(one for one in path.iterdir() if one.suffix.lower() in SUFFIXES and one.is_file())
    else:
        yield path


def _from_file(path: Path) -> Source:
    try:
        if path.exists() and not path.is_file():
            raise ImportFileError(f"{path} is no file.")
        return Source(name=path.name, size=path.stat().st_size, open=lambda: path.open("rb"))
    except OSError as error:
        raise ImportFileError(f"{path} can't be read: {error.strerror}.") from error
