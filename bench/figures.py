"""Numbers: percentiles, tables on screen, JSON on disk."""

import json
import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connection


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least ``share`` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    rank = -(-share * len(ordered) // 1)
    return ordered[max(0, int(rank) - 1)]


def milliseconds(work: Callable[[], object], *, times: int, warm_up: int = 2) -> list[float]:
    """Return how long ``work`` takes, ``times`` over."""
    for _ in range(warm_up):
        work()
    return [_once(work) for _ in range(times)]


def _once(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return (perf_counter() - began) * 1000


def middle(values: Sequence[float], digits: int = 1) -> float:
    """Return the median, rounded."""
    return round(median(values), digits)


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table; the first column is words, the others are numbers."""
    cells = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(heads))]
    print(f"\n{title}")
    for row in cells:
        first, *others = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        print("  ".join([row[0].ljust(widths[0]), *others]) if first else "")
    print(flush=True)


def machine() -> dict[str, Any]:
    """Say what the figures were taken on, without naming the machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_setting('fsync')")
        postgres, fsync = cursor.fetchone()
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(pages * size / 2**30),
        "python": platform.python_version(),
        "postgresql": postgres,
        "fsync": fsync,
    }


def keep(path: Path, found: dict[str, Any], *, quick: bool) -> None:
    """Write the figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"quick": quick, "machine": machine(), **found}, indent=1) + "\n")
    print(f"Kept in {path}", flush=True)
