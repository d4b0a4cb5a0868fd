"""Small cells: too few operations alike would tell who one of them was."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from analytics.deidentified.columns import HIDDEN, Figures

LEAST = 11
"""So many operations share what is told of them, or less is told. A policy of ours; the rule names no number."""

Cell = tuple[int, str, str, str, str]


@dataclass(frozen=True, kw_only=True)
class Suppressed:
    """What may leave, how many rows tell less by which step, and how many don't leave at all."""

    rows: list[Figures]
    coarser: dict[str, int]
    dropped: int


def cell(row: Figures) -> Cell:
    """Return what could tell people apart: year, specialty, procedure, age group and sex."""
    return (row.year, row.specialty, row.procedure_group, row.band, row.sex)


STEPS: dict[str, Callable[[Figures], Figures]] = {
    "without procedure": lambda row: replace(row, procedure_group=HIDDEN),
    "without procedure and age": lambda row: replace(row, procedure_group=HIDDEN, age=HIDDEN),
    "without procedure, age and sex": lambda row: replace(row, procedure_group=HIDDEN, age=HIDDEN, sex=HIDDEN),
    "year alone": lambda row: replace(
        row, specialty=HIDDEN, procedure_group=HIDDEN, age=HIDDEN, sex=HIDDEN, theatre=HIDDEN, asa_class=None
    ),
}
"""What is taken out of rows of small cells, one step after the other until enough are alike."""


def suppress(rows: Iterable[Figures]) -> Suppressed:
    """Take out of small cells what makes them small; what stays alone in the end is dropped."""
    kept, left = _split(list(rows))
    coarser = {}
    for words, take_out in STEPS.items():
        enough, left = _split([take_out(row) for row in left])
        coarser[words] = len(enough)
        kept += enough
    return Suppressed(rows=kept, coarser=coarser, dropped=len(left))


def few(number: int) -> int | str:
    """Return a count as it may be told."""
    return number if number == 0 or number >= LEAST else f"fewer than {LEAST}"


def _split(rows: list[Figures]) -> tuple[list[Figures], list[Figures]]:
    sizes = Counter(cell(row) for row in rows)
    enough = [row for row in rows if sizes[cell(row)] >= LEAST]
    return enough, [row for row in rows if sizes[cell(row)] < LEAST]
