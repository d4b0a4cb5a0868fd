"""What an import says of itself: on screen, and as CSV or JSON for a file."""

import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils import timezone

from accounts.spreadsheets import safe_cell
from scheduling.importing.case import ImportFileError, Unreadable
from scheduling.importing.overlaps import DoubleBooking
from scheduling.services.importing import Entry, Imported, Outcome

MOST_LINES = 200
"""Most lines of one kind on screen; a report file holds all of them."""
COLUMNS = ("line", "case", "outcome", "theatre", "start", "minutes", "reason", "others")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole story of one run; ``seconds`` is from opening the file to the end of the transaction."""

    source: str
    dry_run: bool
    done: Imported
    unreadable: Sequence[Unreadable]
    seconds: float

    @property
    def counts(self) -> Counter[str]:
        """Rows by outcome."""
        counts = Counter(str(entry.outcome) for entry in self.done.entries)
        counts[str(Outcome.UNREADABLE)] = len(self.unreadable)
        return counts

    def lines(self) -> Iterator[str]:
        """Yield the report as it is printed, the summary last."""
        yield from _section("Not readable", (f"line {row.line}: {row.message}" for row in self.unreadable))
        for outcome in (Outcome.REFUSED, Outcome.DIFFERS):
            found = [entry for entry in self.done.entries if entry.outcome == outcome]
            yield from _section(str(outcome).capitalize(), map(_sentence, found))
        yield from _section("Double bookings that no refusal above names", map(_pair, self._unnamed()))
        made = self.done.made.items()
        yield from _section("Added to the hospital's lists", (f"{k}: {', '.join(v)}" for k, v in made))
        accepted = self.done.accepted.most_common()
        reason = f'Accepted with the reason "Imported from {self.source}"'
        yield from _section(reason, (f"{rule}: {count}" for rule, count in accepted))
        yield self.summary()

    def _unnamed(self) -> Iterator[DoubleBooking]:
        """Yield the pairs of which neither was refused for the other: one of them was refused for a third."""
        named = {(str(entry.case), other) for entry in self.done.entries for other in entry.others}
        for pair in self.done.double_bookings:
            first, second = str(pair.first), str(pair.second)
            if (first, second) not in named and (second, first) not in named:
                yield pair

    def summary(self) -> str:
        """Return one line with all the counts."""
        counts = self.counts
        rows = sum(counts.values())
        words = "; ".join(f"{counts[str(outcome)]:,} {outcome}" for outcome in Outcome)
        did = "Dry run, nothing was written" if self.dry_run else "Imported"
        return (
            f"{did}: {rows:,} rows of {self.source}: {words}; {len(self.done.double_bookings)} double bookings "
            f"in the file. {self.seconds:.1f} s, {rows / max(self.seconds, 0.001):,.0f} rows/s."
        )

    def write(self, path: Path) -> None:
        """Write the report: JSON where the name ends so, else CSV with one line for each row."""
        text = self._json() if path.suffix.lower() == ".json" else self._csv()
        try:
            path.write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            raise ImportFileError(f"The report {path} can't be written: {error.strerror}.") from error

    def _rows(self) -> list[dict[str, Any]]:
        rows = [_entry_row(entry) for entry in self.done.entries]
        rows += [
            dict.fromkeys(COLUMNS, "")
            | {
                "line": row.line,
                "case": row.number,
                "outcome": str(Outcome.UNREADABLE),
                "reason": row.message,
                "others": [],
            }
            for row in self.unreadable
        ]
        return sorted(rows, key=lambda row: int(row["line"]))

    def _csv(self) -> str:
        text = StringIO(newline="")
        writer = csv.DictWriter(text, COLUMNS)
        writer.writeheader()
        for row in self._rows():
            cells = row | {"others": "; ".join(row["others"])}
            writer.writerow({name: safe_cell(value) for name, value in cells.items()})
        return text.getvalue()

    def _json(self) -> str:
        content = {
            "source": self.source,
            "dry_run": self.dry_run,
            "seconds": round(self.seconds, 3),
            "counts": dict(self.counts),
            "accepted": dict(self.done.accepted),
            "added": self.done.made,
            "double_bookings": [
                {"theatre": pair.theatre, "first": pair.first.number, "second": pair.second.number}
                for pair in self.done.double_bookings
            ],
            "rows": self._rows(),
        }
        return json.dumps(content, indent=1)


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    shown = list(islice(lines, MOST_LINES))
    if shown:
        yield f"{title}:"
        yield from (f"  {line}" for line in shown)
        left = sum(1 for _ in lines)
        if left:
            yield f"  and {left:,} more; --report FILE writes all of them."


def _sentence(entry: Entry) -> str:
    case = entry.case
    day = timezone.localtime(case.period.start)
    return f"{str(case).capitalize()}, {case.theatre}, {day:%a %d %b %Y} {case.period}: {entry.reason}"


def _pair(pair: DoubleBooking) -> str:
    day = timezone.localtime(pair.period.start)
    return f"{pair.theatre}, {day:%a %d %b %Y} {pair.period}: {pair.first} and {pair.second}"


def _entry_row(entry: Entry) -> dict[str, Any]:
    case = entry.case
    return {
        "line": case.line,
        "case": case.number,
        "outcome": str(entry.outcome),
        "theatre": case.theatre,
        "start": timezone.localtime(case.period.start).isoformat(timespec="minutes"),
        "minutes": case.minutes,
        "reason": entry.reason,
        "others": list(entry.others),
    }
