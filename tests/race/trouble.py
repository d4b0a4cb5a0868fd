"""Kill what runs, at the worst moments, one thing at a time, and see how soon it works again."""

import contextlib
import os
import random
import signal
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from hospital.embedded import postgres
from tests.race.crowd import Crowd
from tests.race.place import PLACE, web_processes

NEVER = float("inf")
PAUSE_SECONDS = 4.0
"""At least so long from one trouble to the next."""
ANSWERED = 3
"""So many clients have to be answered again before the next trouble."""


class Trouble:
    """Kills processes and crashes PostgreSQL in turn, while clients are at work.

    With ``site_pid``, of ``manage.py serve``, the processes are a web worker and the workers'
    master; without, they are the clients' own.
    """

    def __init__(self, crowd: Crowd, rounds: int, site_pid: int = 0) -> None:
        self.crowd, self.site_pid, self.random = crowd, site_pid, random.Random(7)
        kinds = ("web worker", "web master", "PostgreSQL") if site_pid else ("client process", "PostgreSQL")
        self.kinds = iter(kinds * rounds)
        self.last = 0.0
        self.made: list[tuple[str, float]] = []

    def make(self) -> None:
        """Make the next trouble once the last one has healed; after the last one tell everybody to stop."""
        pause = PAUSE_SECONDS * self.random.uniform(1, 1.5)
        if time.time() < self.last + pause or self.crowd.answered_since(self.last + 1) < ANSWERED:
            return
        kind = next(self.kinds, None)
        self.last = time.time()
        if kind is None:
            self.crowd.stop()
            return
        self.made.append((kind, self.last))
        self._strike(kind)

    def _strike(self, kind: str) -> None:
        if kind == "PostgreSQL":
            postgres.crash(PLACE)
        elif kind == "client process":
            self.crowd.kill_one(self.random)
        else:
            master, *workers = web_processes(self.site_pid)
            with contextlib.suppress(ProcessLookupError):
                os.kill(master if kind == "web master" else self.random.choice(workers), signal.SIGKILL)

    def figures(self, folder: Path) -> dict[str, Any]:
        """Return by kind of trouble after how many seconds commands were answered again."""
        from tests.race.ledger import lines_of

        lines = [line for path in folder.glob("*.jsonl") for line in lines_of(path)]
        # An answer, yes or no, to what began after the last loss shows that the site works again.
        answered = sorted(line["at"] for line in lines if "done" in line or "refused" in line)
        lost = sorted(line["at"] for line in lines if "lost" in line)
        healed = defaultdict(list)
        for kind, at in self.made:
            noticed = max((one for one in lost if at < one < at + 2), default=at)
            healed[kind].append(round(next((one for one in answered if one > noticed), NEVER) - at, 2))
        gaps = (later - earlier for earlier, later in pairwise(answered))
        return {"seconds_to_heal": dict(healed), "longest_silence": round(max(gaps, default=NEVER), 2)}
