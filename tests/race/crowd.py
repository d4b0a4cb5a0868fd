"""The processes in which the clients live, and those who kill them."""

import json
import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

CLIENTS_PER_PROCESS = 8


def live(arena: dict[str, Any], users: list[int], folder: str, attempts: int, deadline: float, turn: int) -> None:
    """Run some clients, each in a thread with a connection of its own."""
    from tests.race.arena import Arena  # after the set-up
    from tests.race.client import Client, Ledger
    from tests.race.web import WebClient

    kind = WebClient if arena.get("site") else Client
    clients = [
        kind(Arena(**arena), user, Ledger(Path(folder) / f"{user}-{turn}.jsonl"), seed=user * 1000 + turn)
        for user in users
    ]
    threads = [threading.Thread(target=client.run, args=(attempts, deadline)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@dataclass
class Crowd:
    """Processes full of clients. A killed process is replaced by a new one."""

    arena: dict[str, Any]
    folder: Path
    attempts: int
    deadline: float
    target: Callable[..., None] = live

    def __post_init__(self) -> None:
        """Divide the clients among the processes."""
        users = self.arena["clients"]
        self.groups = [users[n : n + CLIENTS_PER_PROCESS] for n in range(0, len(users), CLIENTS_PER_PROCESS)]
        # A fresh process that has read the code and opened nothing forks them: a new one starts at once.
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["tests.race.preloaded"])
        self.turn = 0
        self.turns = [0] * len(self.groups)
        self.killed_clients = 0
        self.processes: list[BaseProcess] = [self._start(group) for group in self.groups]

    def _start(self, group: list[int]) -> BaseProcess:
        each = -(-self.attempts // len(self.arena["clients"]))
        arguments = (self.arena, group, str(self.folder), each, self.deadline, self.turn)
        process = self.context.Process(target=self.target, args=arguments)
        process.start()
        return process

    def kill_one(self, rng: random.Random) -> bool:
        """Kill a process in the middle of its work, and start another; ``False`` if none is at work."""
        at_work = [index for index, process in enumerate(self.processes) if process.is_alive() and self._works(index)]
        if not at_work:
            return False
        index = rng.choice(at_work)
        process = self.processes[index]
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        self.killed_clients += len(self.groups[index])
        self.turn += 1
        self.turns[index] = self.turn
        self.processes[index] = self._start(self.groups[index])
        return True

    def answered_since(self, at: float) -> int:
        """Return how many clients got an answer, yes or no, after ``at``."""
        lasts = (
            ledger.read_bytes().rpartition(b"\n")[0].rpartition(b"\n")[2] for ledger in self.folder.glob("*.jsonl")
        )
        lines = (json.loads(line) for line in lasts if line)
        return sum(line["at"] > at and "lost" not in line for line in lines)

    @property
    def attempted(self) -> int:
        """Return how many commands have been given so far."""
        return sum(ledger.read_bytes().count(b"\n") for ledger in self.folder.glob("*.jsonl"))

    def stop(self) -> None:
        """Tell all clients to stop."""
        (self.folder / "stop").touch()

    def _works(self, index: int) -> bool:
        """Say whether the process's clients have got some answers."""
        ledgers = [self.folder / f"{user}-{self.turns[index]}.jsonl" for user in self.groups[index]]
        return all(ledger.exists() and ledger.stat().st_size for ledger in ledgers)

    def wait(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Wait for all processes; call ``meanwhile`` ten times a second."""
        while any(process.is_alive() for process in self.processes):
            meanwhile()
            time.sleep(0.1)
