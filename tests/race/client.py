"""One client: it looks, decides, commands, and writes down at once what it was told."""

import json
import os
import random
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from django.db import Error, connection

from accounts.models import User
from scheduling import services
from scheduling.models import CancellationReason, Operation, OperationChange
from scheduling.services import SchedulingConflictError, SchedulingError
from scheduling.status import PLACED
from tests.race.arena import Arena

T = TypeVar("T")
Told = list[tuple[int, int]]
"""What a client was told to have happened: operation and its new version."""
RETRY_SECONDS = 0.25
FIRST_MINUTE, LAST_MINUTE, GRID = 8 * 60, 14 * 60, 15


class RefusedError(Exception):
    """The site answered no (409, 422)."""


class NoAnswerError(Exception):
    """The site is away or broken (5xx, connection lost): nobody knows what became of the command."""


REFUSALS = (SchedulingError, SchedulingConflictError, RefusedError)
SERVER_GOES = ("57P01", "57P02", "57P03")
"""Shut down by an administrator, crashed, not yet up."""


def is_lost(error: Exception) -> bool:
    """Say whether the connection broke, so that nobody knows what became of the command."""
    if not isinstance(error, Error):
        return isinstance(error, NoAnswerError)
    code = getattr(error.__cause__, "pgcode", None)
    return code in SERVER_GOES or code is None  # libpq's own errors have no code


class Ledger:
    """Lines in a file, each written whole before the next command: a killed client leaves all it was told."""

    def __init__(self, path: Path) -> None:
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.stop = path.parent / "stop"

    @property
    def told_to_stop(self) -> bool:
        """Say whether whoever started the race wants it to end."""
        return self.stop.exists()

    def write(self, **line: object) -> None:
        """Add one line."""
        os.write(self.file, json.dumps({"at": time.time(), **line}).encode() + b"\n")


class Client:
    """Gives random commands as one user, ``attempts`` times or until ``deadline`` (of ``time.time``)."""

    def __init__(self, arena: Arena, user_id: int, ledger: Ledger, seed: int) -> None:
        self.arena, self.user_id, self.ledger = arena, user_id, ledger
        self.random = random.Random(seed)
        self.seen: dict[int, int] = {}

    def run(self, attempts: int, deadline: float) -> None:
        """Command until done; a lost connection is opened again, as every new request does."""
        self.actor = self.when_it_answers(lambda: User.objects.get(pk=self.user_id))
        self.reason = self.when_it_answers(lambda: CancellationReason.objects.get(pk=self.arena.reason))
        for _ in range(attempts):
            if time.time() > deadline or self.ledger.told_to_stop:
                break
            self.attempt()
        connection.close()

    def when_it_answers(self, ask: Callable[[], T]) -> T:
        """Ask until the database answers."""
        while True:
            try:
                return ask()
            except Exception as error:
                if not is_lost(error):
                    raise
                connection.close()
                time.sleep(0.02)

    def attempt(self) -> None:
        """Give one command and write down what came of it."""
        command: Callable[[], Told] | None = None
        name = "look"
        try:
            name, command = self.choose()
            told = command()
        except REFUSALS as error:
            rules = [conflict.rule for conflict in getattr(error, "conflicts", ())]
            self.ledger.write(refused=type(error).__name__, verb=name, rules=rules)
        except Exception as error:  # noqa: BLE001  # whatever it is, it must be seen
            if not is_lost(error):
                self.ledger.write(unexpected=f"{type(error).__name__}: {error}", verb=name)
                return
            self.ledger.write(lost=str(error), in_doubt=command is not None)
            connection.close()
            time.sleep(RETRY_SECONDS)
        else:
            self.ledger.write(done=told, verb=name)

    def choose(self) -> tuple[str, Callable[[], Told]]:
        """Look at an operation, now or as remembered, and choose what to do with it."""
        number = self.random.choice(self.arena.operations)
        operation = Operation.objects.only("version", "status", "theatre", "period").get(pk=number)
        if number in self.seen and self.random.random() < 0.05:
            operation.version = self.seen[number]  # an old page is still open somewhere
        self.seen[number] = operation.version
        if operation.status not in PLACED:
            name = "book" if operation.status == "waiting" and self.random.random() < 0.95 else "undo"
        else:
            weights = {"move": 30, "swap": 12, "push": 6, "postpone": 20, "cancel": 3, "assign": 12, "release": 5}
            weights |= {"undo": 12, "confirm": 2}
            (name,) = self.random.choices(list(weights), list(weights.values()))
        return name, lambda: getattr(self, name)(operation)

    # --- the commands ---

    def place(self) -> dict[str, Any]:
        minute = self.random.randrange(FIRST_MINUTE, LAST_MINUTE, GRID)
        return {"theatre_id": self.random.choice(self.arena.theatres), "start": self.arena.at(minute)}

    def base(self, operation: Operation) -> dict[str, Any]:
        return {"actor": self.actor, "operation_id": operation.pk, "version": operation.version}

    def told(self, *operations: Operation) -> Told:
        return [(operation.pk, operation.version) for operation in operations]

    def book(self, operation: Operation) -> Told:
        members = self.random.sample(self.arena.members, self.random.choice([0, 1, 1, 2]))
        return self.told(services.book_operation(**self.base(operation), **self.place(), members=members))

    def move(self, operation: Operation) -> Told:
        minutes = self.random.choice([None, None, 30, 60])
        return self.told(services.move_operation(**self.base(operation), **self.place(), minutes=minutes))

    def swap(self, operation: Operation) -> Told:
        placed = Operation.objects.filter(period__isnull=False).exclude(pk=operation.pk)
        others: Iterable[tuple[int, int]] = placed.values_list("pk", "version")
        other = self.random.choice(list(others) or [(operation.pk, operation.version)])
        pair = services.swap_operations(
            actor=self.actor, first=(operation.pk, operation.version), second=(other[0], other[1])
        )
        return self.told(*pair)

    def push(self, operation: Operation) -> Told:
        minutes = self.random.choice([-30, -15, 15, 30])
        seen = {o.pk: o.version for o in (*Operation.objects.following(operation), operation)}
        pushed = services.push_following(actor=self.actor, operation_id=operation.pk, versions=seen, minutes=minutes)
        return self.told(*pushed)

    def postpone(self, operation: Operation) -> Told:
        return self.told(services.postpone_operation(**self.base(operation), reason=self.reason))

    def cancel(self, operation: Operation) -> Told:
        return self.told(services.cancel_operation(**self.base(operation), reason=self.reason))

    def assign(self, operation: Operation) -> Told:
        resource, role = self.random.choice(self.arena.members)
        return self.told(services.assign_resource(**self.base(operation), resource_id=resource, role=role))

    def release(self, operation: Operation) -> Told:
        resource, _ = self.random.choice(self.arena.members)
        return self.told(services.release_resource(**self.base(operation), resource_id=resource))

    def confirm(self, operation: Operation) -> Told:
        return self.told(services.confirm_operation(**self.base(operation)))

    def undo(self, operation: Operation) -> Told:
        last = OperationChange.objects.filter(operation=operation).order_by("-version").only("pk")[0]
        changes = services.undo_change(actor=self.actor, change_id=last.pk)
        return [(change.operation_id, change.version) for change in changes]
