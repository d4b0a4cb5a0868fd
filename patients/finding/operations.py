"""What the search asks of operations, which this app does not know: the scheduling app says how."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from accounts.models import User


@dataclass(frozen=True, kw_only=True)
class Operations:
    """``coming()`` gives the numbers of the patients who have an operation to come.

    ``reached(user, most)`` gives those of all patients whom the roles of ``user`` open, where they are no more than
    ``most``, and ``None`` where they are more or it takes long to say.
    """

    coming: Callable[[], QuerySet[Any]]
    reached: Callable[[User, int], set[int] | None]


_known: list[Operations] = []


def know_operations(operations: Operations) -> None:
    """Say how operations are asked."""
    _known[:] = [operations]


def coming() -> QuerySet[Any] | None:
    """Return the numbers of the patients who have an operation to come, as a query."""
    return _known[0].coming() if _known else None


def reached(user: User, most: int) -> set[int] | None:
    """Return the few patients whom roles open to ``user``, or ``None`` if they are many."""
    return _known[0].reached(user, most) if _known else None
