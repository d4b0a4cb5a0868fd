"""Compare what the providers took with what we believe."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from messaging.models import Delivery
from messaging.wording.rendering import reference_of

OPEN = ("planned", "sending")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """``lost``: believed sent, or never finished, and not taken. ``doubled``: taken more than once."""

    lost: list[int]
    doubled: list[int]
    silent: list[int]
    """Neither sent nor failed with a reason."""
    figures: dict[str, Any]


def taken_of(ledger: Path, sms_url: str) -> Counter[int]:
    """Return how often the providers took each delivery."""
    found: Counter[int] = Counter()
    for line in ledger.read_text().splitlines() if ledger.exists() else []:
        found[int(line.removeprefix("<").partition(".")[0])] += 1
    with urlopen(f"{sms_url}/ledger", timeout=60) as answer:
        references = [row["body"].rpartition("Ref ")[2].strip() for row in json.load(answer)]
    known = {reference_of(pk): pk for pk in Delivery.objects.filter(channel="sms").values_list("pk", flat=True)}
    found.update(known[reference] for reference in references)
    return found


def judge(ledger: Path, sms_url: str) -> Verdict:
    taken = taken_of(ledger, sms_url)
    rows = list(Delivery.objects.values_list("pk", "channel", "status", "last_error"))
    went = {"sent", "delivered"}
    lost = [pk for pk, _, status, _ in rows if not taken[pk] and (status in went or status in OPEN)]
    silent = [
        pk for pk, _, status, error in rows if status in OPEN or (status in ("failed", "uncertain") and not error)
    ]
    doubled = [pk for pk, count in taken.items() if count > 1]
    reasons = Counter(f"{channel}: {error}" for _, channel, status, error in rows if status == "failed")
    doubts = [(pk, channel, error) for pk, channel, status, error in rows if status == "uncertain"]
    return Verdict(
        lost=lost,
        doubled=doubled,
        silent=silent,
        figures={
            "deliveries": len(rows),
            "arrived_once": sum(1 for count in taken.values() if count == 1),
            "lost": len(lost),
            "doubled": len(doubled),
            "failed_with_a_reason": sum(reasons.values()),
            "failed_though_taken": sum(1 for pk, _, status, _ in rows if status == "failed" and taken[pk]),
            "reasons": dict(reasons),
            "for_a_person_to_settle": dict(Counter(f"{channel}: {error}" for _, channel, error in doubts)),
            "of_these_arrived": sum(1 for pk, _, _ in doubts if taken[pk]),
            "by_status": dict(Counter(f"{channel} {status}" for _, channel, status, _ in rows)),
        },
    )
