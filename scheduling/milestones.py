"""The milestones of an operation's day: which comes after which, and what each proves.

Names and meanings follow the Association of Anesthesia Clinical Directors' procedural-times glossary. Milestones may
be left out, for nobody may have tapped; those that are recorded stand in order of time.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from scheduling.models import EventKind, Status
from scheduling.status import PLACED

STATUS_AFTER: dict[str, Status] = {
    EventKind.SENT_FOR: Status.SCHEDULED,
    EventKind.ARRIVED: Status.ARRIVED,
    EventKind.SIGN_IN: Status.ARRIVED,
    EventKind.IN_THEATRE: Status.IN_THEATRE,
    EventKind.ANAESTHESIA: Status.IN_THEATRE,
    EventKind.TIME_OUT: Status.IN_THEATRE,
    EventKind.KNIFE_TO_SKIN: Status.IN_THEATRE,
    EventKind.CLOSING: Status.IN_THEATRE,
    EventKind.SIGN_OUT: Status.IN_THEATRE,
    EventKind.OUT: Status.RECOVERY,
    EventKind.RECOVERY: Status.RECOVERY,
    EventKind.READY: Status.RECOVERY,
    EventKind.DISCHARGED: Status.COMPLETED,
    EventKind.CLEANED: Status.RECOVERY,
}
"""The least far status that a milestone proves. Whose anaesthesia has started is not moved any more."""

UNORDERED = (
    frozenset({EventKind.ANAESTHESIA, EventKind.IN_THEATRE}),
    *(frozenset({EventKind.CLEANED, kind}) for kind in (EventKind.RECOVERY, EventKind.READY, EventKind.DISCHARGED)),
)
"""Pairs of which either may come first: anaesthesia may start in the anaesthetic room, and a theatre is cleaned while
its patient is in recovery."""

_PLACE = {kind: number for number, kind in enumerate(EventKind.values)}


def must_precede(first: str, second: str) -> bool:
    """Say whether milestone ``first`` can't come later than ``second``."""
    return _PLACE[first] < _PLACE[second] and frozenset({first, second}) not in UNORDERED


def out_of_order(kind: str, at: datetime, others: Mapping[str, datetime]) -> str | None:
    """Return a milestone of ``others`` on whose wrong side ``at`` would lie, or None.

    Minutes count, not seconds: people type the former, and a tap brings the latter.
    """
    when = _minute(at)
    for other, then in others.items():
        if must_precede(other, kind) and when < _minute(then):
            return other
        if must_precede(kind, other) and when > _minute(then):
            return other
    return None


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def open_kinds(recorded: Iterable[str]) -> list[str]:
    """Return the milestones that may still happen after those ``recorded``, in order.

    One that was left out is not expected any more once a later one is there.
    """
    done = set(recorded)
    return [
        kind for kind in EventKind.values if kind not in done and not any(must_precede(kind, other) for other in done)
    ]


def status_of(recorded: Iterable[str], *, least: str = Status.SCHEDULED) -> str:
    """Return how far an operation has come by its recorded milestones, but no less far than ``least``."""
    return max((Status(least), *(STATUS_AFTER[kind] for kind in recorded)), key=PLACED.index)
