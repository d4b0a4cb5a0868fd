"""Kill, empty and crash in turn, whatever is being sent."""

import contextlib
import os
import random
import signal
import time
from collections import Counter

import redis

from hospital.embedded import postgres
from hospital.processes import Manager
from tests.faults.place import PLACE
from tests.race.place import _children, _command

KINDS = ("worker child", "worker", "Redis emptied", "worker child", "Redis killed", "worker", "PostgreSQL crashed")


class Trouble:
    """Makes the next trouble when its time has come and ``step`` messages went since the last: it has healed."""

    def __init__(self, manager: Manager, pause: float, step: int) -> None:
        self.manager, self.pause, self.step, self.random = manager, pause, step, random.Random(11)
        self.left = 0
        self.made: Counter[str] = Counter()
        self.next_at = time.monotonic() + pause

    def make(self, left: int) -> None:
        if time.monotonic() < self.next_at or (self.left and left > self.left - self.step):
            return
        self.left = left
        self.next_at = time.monotonic() + self.pause * self.random.uniform(0.6, 1.4)
        kind = KINDS[self.made.total() % len(KINDS)]
        self.made[kind] += 1
        with contextlib.suppress(ProcessLookupError, redis.RedisError, IndexError):
            self._strike(kind)

    def _strike(self, kind: str) -> None:
        if kind == "PostgreSQL crashed":
            postgres.crash(PLACE)
        elif kind == "Redis emptied":
            redis.Redis.from_url(PLACE.redis_url).flushall()
        elif kind == "Redis killed":
            pid = redis.Redis.from_url(PLACE.redis_url).info("server")["process_id"]
            os.kill(int(pid), signal.SIGKILL)
        else:
            os.kill(self._worker(child=kind == "worker child"), signal.SIGKILL)

    def _worker(self, *, child: bool) -> int:
        workers = [
            one.process.pid for one in self.manager.running if one.service.name.startswith("worker") and one.process
        ]
        children = [pid for worker in workers for pid in _children(worker) if b"celery" in _command(pid)]
        return self.random.choice(children if child else workers)
