"""Close a theatre's list by hand, and open it again."""

from datetime import date

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from messaging.live import publish_changed
from scheduling import permissions
from scheduling.access import demand_place
from scheduling.conflicts.closing import closed_lists
from scheduling.list_closing import Closed
from scheduling.models import ListDecision
from scheduling.services.errors import InvalidPlanError, NotPossibleError
from scheduling.services.locking import command, lock_patients_and_resources

LONGEST_REASON = 500
OVER = "This day is over: its list can’t be closed or opened any more."


def close_list(*, actor: User, theatre_id: int, day: date, reason: str = "") -> ListDecision:
    """Settle the order of a list: from now on each change of it needs a reason.

    Raises :class:`NotPossibleError` where it is closed already or the day is over, :class:`InvalidPlanError` for a
    reason that is too long, and what :func:`~scheduling.access.demand_place` raises.
    """
    return _decide(actor, permissions.BOOK, theatre_id, day, reason, closed=True)


def open_list(*, actor: User, theatre_id: int, day: date, reason: str) -> ListDecision:
    """Let a closed list be changed again without reasons; takes who may override, and a reason.

    Raises what :func:`close_list` raises, and :class:`InvalidPlanError` without a reason.
    """
    authorise(actor, permissions.OVERRIDE)
    if not reason.strip():
        raise InvalidPlanError("reason", "Say why the list is opened again: the team reads it.")
    return _decide(actor, permissions.OVERRIDE, theatre_id, day, reason, closed=False)


def _decide(actor: User, capability: str, theatre_id: int, day: date, reason: str, *, closed: bool) -> ListDecision:
    authorise(actor, capability)
    demand_place(actor, capability, theatre_id=theatre_id)
    reason = reason.strip()
    if len(reason) > LONGEST_REASON:
        raise InvalidPlanError("reason", f"At most {LONGEST_REASON} characters; this has {len(reason)}.")
    with command():
        lock_patients_and_resources([], [theatre_id])  # who books into the list right now comes before or after
        _demand_other(closed_lists([theatre_id], day, day, timezone.now()).get((theatre_id, day)), day, closed=closed)
        decision = ListDecision.objects.create(
            theatre_id=theatre_id, day=day, closed=closed, reason=reason, decided_by=actor
        )
        transaction.on_commit(lambda: publish_changed({day}), robust=True)
    return decision


def _demand_other(now: Closed | None, day: date, *, closed: bool) -> None:
    if day < timezone.localdate():
        raise NotPossibleError(OVER)
    if closed and now:
        raise NotPossibleError(f"This list is closed since {timezone.localtime(now.since):%a %d %b %H:%M} already.")
    if not closed and not now:
        raise NotPossibleError("This list is open already.")
