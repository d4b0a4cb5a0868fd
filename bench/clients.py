"""Client processes, each with its own connections, that book at the same time."""

import multiprocessing
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from django.db import connections

from bench.sides import Attempt, BareSql, Means, Product, Replayed, Side

BARE = {
    "bare SQL": Means(),
    "constraint only": Means(locks=False, check=False),
    "check-then-insert": Means(locks=False, copies=True),
}
SIDES = ("product", "same statements", *BARE)
_fork = multiprocessing.get_context("fork")


@dataclass(slots=True)
class Heat:
    """What came of one side's turn: seconds from the first start to the last end, each attempt's seconds."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def per_second(self) -> float:
        """Bookings that succeeded, per second."""
        return self.outcomes["booked"] / self.seconds


class Crowd:
    """Some client processes that wait for work."""

    def __init__(self, size: int, actor_id: int) -> None:
        self.counter = _fork.Value("i", 0)
        self.pipes = []
        self.processes = []
        for _ in range(size):
            ours, theirs = _fork.Pipe()
            process = _fork.Process(target=_client, args=(theirs, self.counter, actor_id), daemon=True)
            process.start()
            self.pipes.append(ours)
            self.processes.append(process)

    def run(self, side: str, wishes: Sequence[Attempt], clients: int) -> Heat:
        """Let the first ``clients`` processes work through the wishes together."""
        pipes = self.pipes[:clients]
        for pipe in pipes:
            pipe.send((side, wishes))
        for pipe in pipes:
            pipe.recv()  # ready
        self.counter.value = 0
        for pipe in pipes:
            pipe.send("go")
        heat = Heat()
        started, ended = [], []
        for pipe in pipes:
            begin, end, latencies, outcomes = pipe.recv()
            started.append(begin)
            ended.append(end)
            heat.latencies += latencies
            heat.outcomes.update(outcomes)
        heat.seconds = max(ended) - min(started)
        return heat

    def close(self) -> None:
        """End the processes."""
        for pipe in self.pipes:
            pipe.send(None)
        for process in self.processes:
            process.join()


@contextmanager
def crowd(size: int, actor_id: int) -> Iterator[Crowd]:
    """Have clients for a while. They are forked, so nobody may hold a connection meanwhile."""
    connections.close_all()
    made = Crowd(size, actor_id)
    try:
        yield made
    finally:
        made.close()


def _client(pipe: Any, counter: Any, actor_id: int) -> None:
    product = Product(actor_id)
    sides: dict[str, Side] = {"product": product, "same statements": Replayed(product.sent)}
    sides |= {name: BareSql(means) for name, means in BARE.items()}
    while (order := pipe.recv()) is not None:
        name, wishes = order
        if name == "product":
            product.sent.clear()
        mine = sorted(product.sent) if name == "same statements" else None
        pipe.send("ready")
        pipe.recv()
        pipe.send(_work(sides[name], wishes, iter(mine) if mine is not None else _shared(counter, len(wishes))))


def _shared(counter: Any, count: int) -> Iterator[int]:
    while True:
        with counter.get_lock():
            number = counter.value
            counter.value += 1
        if number >= count:
            return
        yield number


def _work(
    side: Side, wishes: Sequence[Attempt], numbers: Iterator[int]
) -> tuple[float, float, list[float], Counter[str]]:
    latencies, outcomes = [], Counter[str]()
    begin = at = perf_counter()
    for number in numbers:
        outcomes[side.attempt(wishes[number])] += 1
        now = perf_counter()
        latencies.append(now - at)
        at = now
    return begin, at, latencies, outcomes
