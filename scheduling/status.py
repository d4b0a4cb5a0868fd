"""The life of an operation: which status may follow which, in one place."""

from django.db import models


class Status(models.TextChoices):
    """Where an operation is between request and discharge."""

    REQUESTED = "requested", "Requested"
    WAITING = "waiting", "Waiting"
    SCHEDULED = "scheduled", "Scheduled"
    ARRIVED = "arrived", "Arrived"
    IN_THEATRE = "in_theatre", "In theatre"
    RECOVERY = "recovery", "In recovery"
    COMPLETED = "completed", "Completed"
    CANCELLED = "cancelled", "Cancelled"


TRANSITIONS: dict[str, frozenset[str]] = {
    Status.REQUESTED: frozenset({Status.WAITING, Status.CANCELLED}),
    Status.WAITING: frozenset({Status.SCHEDULED, Status.CANCELLED}),
    Status.SCHEDULED: frozenset({Status.ARRIVED, Status.IN_THEATRE, Status.WAITING, Status.CANCELLED}),
    Status.ARRIVED: frozenset({Status.IN_THEATRE, Status.WAITING, Status.CANCELLED}),
    Status.IN_THEATRE: frozenset({Status.RECOVERY, Status.COMPLETED}),
    Status.RECOVERY: frozenset({Status.COMPLETED}),
    Status.COMPLETED: frozenset(),
    Status.CANCELLED: frozenset(),
}
"""From a status to those that may follow it. Undo is not in the table: it restores what was."""

UNPLACED = (Status.REQUESTED, Status.WAITING, Status.CANCELLED)
"""Without theatre and time."""

PLACED = (Status.SCHEDULED, Status.ARRIVED, Status.IN_THEATRE, Status.RECOVERY, Status.COMPLETED)
"""With theatre and time."""

EXPECTED = (Status.SCHEDULED, Status.ARRIVED, Status.IN_THEATRE, Status.RECOVERY)
"""With a place, and not over."""

MOVABLE = (Status.SCHEDULED, Status.ARRIVED)
"""Placed, and the patient is not yet in theatre."""


def may_follow(now: str, then: str) -> bool:
    """Say whether an operation in status ``now`` may go to ``then``."""
    return then in TRANSITIONS[now]
