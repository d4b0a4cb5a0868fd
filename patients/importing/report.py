"""What an import says of itself: on screen, in the site, and as CSV or JSON for a file."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from accounts.spreadsheets import safe_cell
from patients.importing.incoming import Spot

MOST_LINES = 200
"""Most lines of one kind on screen; a report file holds all of them."""
MOST_KEPT = 20_000
"""Most lines that are kept at all: a file that is wrong throughout says the same thing for ever."""


class ImportFileError(Exception):
    """A file is not what it should be; the message says what to do. Nothing of it was read."""


class Outcome(StrEnum):
    """What became of one record."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class Remark(StrEnum):
    """What is said of a record beside its outcome."""

    REFUSED = "Refused"
    KEPT = "Kept as it is here"
    NOTED = "Noted"


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence about one place. It names no person."""

    remark: Remark
    spot: Spot
    text: str
    element: str = ""

    def __str__(self) -> str:
        """Return it as it is printed."""
        return f"{self.spot}: {self.element}: {self.text}" if self.element else f"{self.spot}: {self.text}"

    def row(self) -> dict[str, Any]:
        """Return it as a report file and the database keep it."""
        where = {"file": self.spot.file, "unit": self.spot.unit, "number": self.spot.number, "name": self.spot.name}
        return {"remark": str(self.remark), **where, "element": self.element, "text": self.text}


@dataclass(slots=True)
class Report:
    """The whole story of one import.

    ``counts`` are records by (kind, outcome); ``ignored`` what was passed over, by the reason, ``entries`` all
    entries of the files.
    """

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    lines: list[Line] = field(default_factory=list)
    left_out: int = 0
    entries: int = 0

    def count(self, kind: str, outcome: Outcome) -> None:
        """Count one record."""
        self.counts[kind, str(outcome)] += 1

    def refuse(self, kind: str, spot: Spot, text: str, element: str = "") -> None:
        """Count and name one record that is not written."""
        self.count(kind, Outcome.REFUSED)
        self.say(Remark.REFUSED, spot, text, element)

    def say(self, remark: Remark, spot: Spot, text: str, element: str = "") -> None:
        """Add a line."""
        if len(self.lines) < MOST_KEPT:
            self.lines.append(Line(remark, spot, text, element))
        else:
            self.left_out += 1

    def add(self, other: "Report") -> None:
        """Take over what another report says."""
        self.counts += other.counts
        self.ignored += other.ignored
        room = MOST_KEPT - len(self.lines)
        self.lines += other.lines[:room]
        self.left_out += other.left_out + max(0, len(other.lines) - room)
        self.entries += other.entries

    def of(self, outcome: Outcome) -> int:
        """Return how many records came out so."""
        return sum(count for (_, found), count in self.counts.items() if found == outcome)

    def said(self, remark: Remark) -> list[Line]:
        """Return the lines of one sort, allergies first: what is missing there may harm."""
        found = [line for line in self.lines if line.remark == remark]
        return sorted(found, key=lambda line: "Allergy" not in line.spot.name)

    def as_json(self) -> dict[str, Any]:
        """Return it as the database keeps it."""
        kinds = sorted({kind for kind, _ in self.counts})
        return {
            "entries": self.entries,
            "counts": {kind: {str(o): self.counts[kind, str(o)] for o in Outcome} for kind in kinds},
            "ignored": dict(sorted(self.ignored.items())),
            "lines": [line.row() for remark in Remark for line in self.said(remark)],
            "left_out": self.left_out,
        }


def totals(report: dict[str, Any]) -> dict[str, int]:
    """Return the records of a kept report by outcome."""
    counted = report.get("counts", {}).values()
    return {str(outcome): sum(kind.get(str(outcome), 0) for kind in counted) for outcome in Outcome}


def sentence(row: dict[str, Any]) -> str:
    """Return a kept line as it is printed."""
    spot = Spot(row["file"], row["unit"], row["number"], row["name"])
    return str(Line(Remark(row["remark"]), spot, row["text"], row["element"]))


def printed(report: dict[str, Any], *, dry_run: bool, seconds: float | None = None) -> Iterator[str]:
    """Yield a kept report as the command prints it, the summary last."""
    for remark in Remark:
        found = [row for row in report["lines"] if row["remark"] == remark]
        yield from _section(str(remark), [sentence(row) for row in found])
    yield from _section("Passed over", [f"{reason}: {count:,}" for reason, count in report["ignored"].items()])
    yield from _section("By kind", [f"{kind}: {_in_words(counted)}" for kind, counted in report["counts"].items()])
    yield _summary(report, dry_run=dry_run, seconds=seconds)


def write(report: dict[str, Any], path: Path) -> None:
    """Write a report file: JSON where the name ends so, else CSV with one row for each line."""
    text = json.dumps(report, indent=1) if path.suffix.lower() == ".json" else _csv(report)
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise ImportFileError(f"The report {path} can't be written: {error.strerror}.") from error


COLUMNS = ("remark", "file", "unit", "number", "name", "element", "text")


def _csv(report: dict[str, Any]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for row in report["lines"]:
        writer.writerow({name: safe_cell(row[name]) for name in COLUMNS})
    return text.getvalue()


def _section(title: str, lines: list[str]) -> Iterator[str]:
    if not lines:
        return
    yield f"{title}:"
    yield from (f"  {line}" for line in lines[:MOST_LINES])
    if len(lines) > MOST_LINES:
        yield f"  and {len(lines) - MOST_LINES:,} more; --report FILE writes all of them."


def _in_words(counted: dict[str, int]) -> str:
    return ", ".join(f"{counted[str(outcome)]:,} {outcome}" for outcome in Outcome)


def _summary(report: dict[str, Any], *, dry_run: bool, seconds: float | None) -> str:
    did = "Dry run, nothing was written" if dry_run else "Imported"
    pace = f" {seconds:.1f} s, {report['entries'] / max(seconds, 0.001):,.0f} entries/s." if seconds else ""
    return f"{did}: {report['entries']:,} entries: {_in_words(totals(report))}.{pace}"
