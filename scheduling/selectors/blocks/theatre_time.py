"""What the pages of the block schedule share: the state of a session, and what is booked."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from resources.models import (
    OwnerKind,
    TheatreSession,
)
from scheduling.models import Reservation
from scheduling.period import Period


def state_of(kind: str, open_from: datetime | None, now: datetime) -> str:
    """Return what a session is to those who look for time."""
    if kind == OwnerKind.OPEN or (open_from is not None and open_from <= now):
        return "open"
    if open_from is not None:
        return "first"
    return {OwnerKind.ON_HOLD: "hold", OwnerKind.CLOSED: "closed", OwnerKind.EMERGENCY: "emergency"}.get(
        OwnerKind(kind), "owned"
    )


def held_by_theatre(sessions: Sequence[TheatreSession]) -> dict[int, list[Period]]:
    """Return when the theatres of the sessions are held, from the first to the last of them; one query."""
    found: dict[int, list[Period]] = defaultdict(list)
    if not sessions:
        return found
    whole = Period(
        min(Period.of(one.period).start for one in sessions), max(Period.of(one.period).end for one in sessions)
    )
    rows = Reservation.objects.filter(
        resource__in={one.theatre_id for one in sessions},
        active=True,
        exclusive=True,
        period__overlap=whole.as_range(),
    )
    for resource, period in rows.values_list("resource_id", "period"):
        found[resource].append(Period.of(period))
    return found
