"""Compare what the clients were told with what the database says."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scheduling.integrity import find_breaches
from scheduling.models import Operation, OperationChange
from scheduling.services.writing import snapshot


@dataclass
class Verdict:
    """What the race showed; ``wrong`` lists everything that must not be."""

    attempts: int = 0
    done: int = 0
    changes: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    verbs: Counter[str] = field(default_factory=Counter)
    lost_connections: int = 0
    unacknowledged: int = 0
    wrong: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the figures for JSON."""
        return {**self.__dict__, "refused": dict(self.refused), "verbs": dict(self.verbs)}


def judge(folder: Path, *, killed: int = 0) -> Verdict:
    """Read all ledgers and the database. ``killed`` clients may each have died of one answer unread."""
    verdict = Verdict()
    told: Counter[tuple[int, int, int]] = Counter()
    in_doubt = killed
    for path in sorted(folder.glob("*.jsonl")):
        user = int(path.name.split("-")[0])
        for line in lines_of(path):
            verdict.attempts += 1
            in_doubt += _read(line, user, verdict, told)
    _compare(verdict, _named(told), in_doubt)
    verdict.wrong += [f"{breach.check}: {breach.message}" for breach in find_breaches()]
    verdict.wrong += _half_written()
    return verdict


def lines_of(path: Path) -> list[dict[str, Any]]:
    """Return a ledger's lines; a client killed while writing leaves a last one that is no JSON."""
    whole, _, rest = path.read_text().rpartition("\n")
    del rest
    return [json.loads(line) for line in whole.splitlines()]


def _read(line: dict[str, Any], user: int, verdict: Verdict, told: Counter[tuple[int, int, int]]) -> bool:
    """Count one line; say whether its outcome is in doubt."""
    if "done" in line:
        verdict.done += 1
        verdict.verbs[line["verb"]] += 1
        told.update((operation, version, user) for operation, version in line["done"])
    elif "refused" in line:
        verdict.refused[line["refused"]] += 1
        if any(rule.endswith("_no_overlap") for rule in line["rules"]):
            verdict.refused["by the constraint, in spite of the locks"] += 1
    elif "lost" in line:
        verdict.lost_connections += 1
        return bool(line["in_doubt"])
    else:
        verdict.wrong.append(line["unexpected"])
    return False


def _named(told: Counter[tuple[int, int, int]]) -> Counter[tuple[int, int, int]]:
    """Put operation and version where a client was told the number of the change only."""
    changes = OperationChange.objects.in_bulk([number for operation, number, _ in told if operation == -1])
    named: Counter[tuple[int, int, int]] = Counter()
    for (operation, number, user), count in told.items():
        found = changes.get(number) if operation == -1 else None
        named[(found.operation_id, found.version, user) if found else (operation, number, user)] += count
    return named


def _compare(verdict: Verdict, told: Counter[tuple[int, int, int]], in_doubt: int) -> None:
    rows = OperationChange.objects.filter(version__gt=1)
    history = Counter(rows.values_list("operation_id", "version", "actor_id"))
    commands = Counter(str(batch or f"{pk}") for pk, batch in rows.values_list("pk", "batch"))
    verdict.changes = sum(history.values())
    for operation, version, user in told - history:
        verdict.wrong.append(f"Lost: user {user} was told of version {version} of operation {operation}.")
    unread = history - told
    batches = {
        str(batch or pk)
        for pk, batch, *key in rows.values_list("pk", "batch", "operation_id", "version", "actor_id")
        if tuple(key) in unread
    }
    verdict.unacknowledged = len(batches)
    if len(batches) > in_doubt:
        verdict.wrong.append(f"{len(batches)} of {len(commands)} commands are in the history and nobody was told.")


def _half_written() -> list[str]:
    """Return the operations whose reservations are not those that their last change wrote."""
    found = []
    for operation in Operation.objects.prefetch_related("reservations", "changes"):
        last = max(operation.changes.all(), key=lambda change: change.version)
        rows = sorted(operation.reservations.all(), key=lambda row: row.pk)
        now = snapshot(operation, rows)
        if _sorted(last.after) != _sorted(now):
            found.append(f"Half written: operation {operation.pk} is not what version {last.version} made it.")
    return found


def _sorted(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "team": sorted(item["team"], key=lambda member: (member["resource"], member["role"]))}
