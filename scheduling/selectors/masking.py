"""Conflicts as one person may read them."""

from collections.abc import Iterable, Sequence

from accounts.models import User
from scheduling.conflicts import Conflict
from scheduling.models import Operation, OperationChange

ABOUT_ANOTHER = "A warning about another case."


def masked_for(viewer: User, conflicts: Sequence[Conflict]) -> list[Conflict]:
    """Return the conflicts; a case in the way that is not open to ``viewer`` is "another case"."""
    seen = _seen(viewer, (conflict.other_operation_id for conflict in conflicts))
    return [
        conflict if conflict.other_operation_id is None or conflict.other_operation_id in seen else conflict.masked()
        for conflict in conflicts
    ]


def mask_accepted(viewer: User, changes: Sequence[OperationChange]) -> None:
    """Take out of histories, in memory, the sentences about cases that are not open to ``viewer``."""
    kept = [item for change in changes for item in change.overrides]
    seen = _seen(viewer, (item.get("other_operation") for item in kept))
    for item in kept:
        if item.get("other_operation") is not None and item["other_operation"] not in seen:
            item.update(message=ABOUT_ANOTHER, other_operation=None)


def _seen(viewer: User, numbers: Iterable[int | None]) -> set[int]:
    others = {number for number in numbers if number is not None}
    visible = Operation.objects.filter(pk__in=others).visible_to(viewer)
    return set(visible.values_list("pk", flat=True)) if others else set()
