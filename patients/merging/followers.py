"""What other apps add to a merge: rows that their commands lock before patients, and what can't be one patient's."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from patients.merging.errors import Clash


@dataclass(frozen=True, kw_only=True)
class Follower:
    """One app's rows that follow the patient.

    ``rows(patients)`` are those that its commands lock before they lock patients. ``clashes(one, other)`` says what
    of two patients can't be one's. ``moved(numbers)`` is told which of the rows changed hands.
    """

    rows: Callable[[Collection[int]], QuerySet[Any]]
    clashes: Callable[[int, int], list[Clash]]
    moved: Callable[[Collection[int]], None]


_followers: list[Follower] = []


def follow(follower: Follower) -> None:
    """Add what one app has."""
    _followers.append(follower)


def followers() -> list[Follower]:
    """Return what all apps have."""
    return list(_followers)
