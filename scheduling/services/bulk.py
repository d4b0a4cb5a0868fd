"""The same change for many operations that wait.

Each operation has a transaction and a history row of its own: what can't be done for one takes nothing from the
others, nobody waits for fifty rows to be written, and what one sees afterwards is what is durable. The histories share
a batch, by which :func:`undo_bulk` takes back what was done.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db.models import QuerySet

from accounts.models import User
from accounts.permissions import authorise
from scheduling import permissions
from scheduling.models import ChangeVerb, OperationChange
from scheduling.services.errors import InvalidPlanError, SchedulingError
from scheduling.services.waiting import undo_waiting

MOST_ROWS = 200
GONE = "This operation does not exist any more."


@dataclass(slots=True, kw_only=True)
class Bulk:
    """What became of a bulk action: the operations changed, and by operation the reason why not."""

    batch: UUID
    done: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)


def change_many(*, actor: User, versions: Mapping[int, int], change: Callable[..., Any]) -> Bulk:
    """Make ``change`` (one of :mod:`scheduling.services.waiting`, its own values given) for each operation.

    ``versions`` maps each operation to the version seen. A value that is wrong for one is wrong for all, and refused
    as :class:`InvalidPlanError` when nothing could be done; all else is kept by operation.
    """
    authorise(actor, permissions.BOOK)
    if not versions:
        raise InvalidPlanError("row", "Tick the operations to change.")
    if len(versions) > MOST_ROWS:
        raise InvalidPlanError("row", f"At most {MOST_ROWS} operations at once; these are {len(versions)}.")
    bulk = Bulk(batch=uuid4())
    wrong = [
        _try(bulk, number, partial(change, actor=actor, operation_id=number, version=version, batch=bulk.batch))
        for number, version in sorted(versions.items())
    ]
    if wrong[0] and not bulk.done and len(set(bulk.refused.values())) == 1:
        raise wrong[0]
    return bulk


def _try(bulk: Bulk, number: int, change: Callable[[], Any]) -> InvalidPlanError | None:
    """Make one change and note what became of it; return the error that lies in the value given."""
    try:
        change()
    except InvalidPlanError as error:
        bulk.refused[number] = str(error)
        return error
    except ObjectDoesNotExist:
        bulk.refused[number] = GONE
    except (SchedulingError, PermissionDenied) as error:
        bulk.refused[number] = str(error)
    else:
        bulk.done.append(number)
    return None


def undo_bulk(*, actor: User, batch: UUID) -> Bulk:
    """Take back a bulk action of the actor's own, operation by operation; who was changed since stays as it is."""
    authorise(actor, permissions.BOOK)
    changes = list(changes_of(actor, batch))
    if not changes:
        raise ObjectDoesNotExist
    bulk = Bulk(batch=uuid4())
    for change in changes:
        _try(bulk, change.operation_id, partial(undo_waiting, actor=actor, change_id=change.pk, batch=bulk.batch))
    return bulk


def changes_of(actor: User, batch: UUID) -> QuerySet[OperationChange]:
    """Return the changes of a bulk action of the actor's own, in order of operation."""
    mine = OperationChange.objects.filter(batch=batch, actor=actor, verb=ChangeVerb.WAITED)
    return mine.order_by("operation_id")
