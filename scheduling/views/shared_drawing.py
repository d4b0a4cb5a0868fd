"""One drawing for all the screens that ask for the same board at the same moment.

Every screen asks again within the same tenth of a second when something changes, and without this two hundred of them
would keep the pages waiting for a quarter of a minute. What is kept is a board without names, in the process's memory.
"""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from messaging.live import changes_so_far

FRESH_SECONDS = 2.0
"""No drawing is older, whatever was heard: time passes on a board too, and not every change is told."""
WAIT_SECONDS = 1.0
"""So long one screen waits for another one's drawing before it makes its own."""


@dataclass(frozen=True, slots=True)
class _Drawing:
    changes: int
    began: float
    text: str


_kept: dict[Hashable, _Drawing] = {}
_drawing = threading.Lock()


def shared(key: Hashable, draw: Callable[[], str]) -> str:
    """Return what ``draw`` returns for ``key``, from before only where nothing has been told since it began."""
    changes = changes_so_far()
    if changes is None:
        return draw()
    mine = _drawing.acquire(timeout=WAIT_SECONDS)
    try:
        now = time.monotonic()
        found = _kept.get(key)
        if found and found.changes == changes and now - found.began < FRESH_SECONDS:
            return found.text
        text = draw()
        for old in [one for one, drawn in list(_kept.items()) if now - drawn.began >= FRESH_SECONDS]:
            _kept.pop(old, None)
        _kept[key] = _Drawing(changes, now, text)
        return text
    finally:
        if mine:
            _drawing.release()
