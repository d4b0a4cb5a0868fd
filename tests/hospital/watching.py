"""Looking at real processes from outside."""

import time
from collections.abc import Callable
from pathlib import Path


def wait_until(condition: Callable[[], object], seconds: float = 10.0) -> float:
    """Wait for ``condition`` and return the seconds it took; fail the test if it never comes true."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"not true within {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - began


def processes_naming(text: str) -> dict[int, str]:
    """Return the living processes whose command line holds ``text``: id and command line."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if text in line:
            found[int(entry.name)] = line
    return found
