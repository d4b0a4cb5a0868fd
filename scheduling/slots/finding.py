"""Free slots for one operation."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from django.db import connection
from django.utils import timezone

from scheduling.conflicts.closing import List, closed_lists
from scheduling.models import Operation
from scheduling.period import Period
from scheduling.querysets import local_midnight
from scheduling.slots.query import FIND_SLOTS
from scheduling.slots.requirements import Requirements, credentialed_days, kit_in_time_from

Order = Literal["earliest", "best_fit", "nearest"]
MARGIN = timedelta(days=2)
"""How far beyond the window bookings are looked at, besides the operation's own stay: whole local days at its edges.

However long another's stay lasts, it counts where it touches that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A theatre and time in which the operation fits; ``left_over`` minutes of the gap stay free."""

    theatre_id: int
    theatre_name: str
    period: Period
    left_over: int


def find_free_slots(
    operation: Operation,
    start: datetime,
    end: datetime,
    limit: int = 5,
    *,
    order: Order = "earliest",
    near: datetime | None = None,
    theatre_ids: Sequence[int] | None = None,
    with_closed: bool = False,
) -> list[Slot]:
    """Return starts from ``start`` up to ``end`` at which everything the operation needs is free.

    That is: a theatre with the features it needs, open, not owned by others, with set-up, clean-up
    and standard turnover, its own session long enough, infectious cases last; the patient; the lead
    surgeon and the rest of the team if they are named, the surgeon within the daily limit and
    credentialed; kit on loan here in time, as promised; and for each needed kind of equipment, staff
    role and bed as many as it takes. In short, where booking meets no conflict, other than the due
    date, an assessment that ends, or what speaks against the operation anywhere. One slot per stretch
    of possible starts, on the 5-minute grid, at its earliest point or the one nearest to ``near``.
    A list that is closed offers nothing, but to an emergency and ``with_closed``, for those who know that a reason
    will be asked for. ``order``: ``earliest``; ``best_fit``, the tightest gap first; ``nearest`` to ``near``.
    """
    window = _bookable(operation, Period(start, end))
    if window is None:
        return []
    params = {
        **_facts_of(operation),
        **_times(window, _margin(operation)),
        **_closed(operation, window, theatre_ids, with_closed=with_closed),
        "theatres": list(theatre_ids) if theatre_ids is not None else None,
        "near": near or start,
        "order": order,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(FIND_SLOTS, params)
        rows = cursor.fetchall()
    return [
        Slot(
            theatre_id=theatre_id,
            theatre_name=name,
            period=Period.lasting(begin, operation.in_room_minutes),
            left_over=max(0, int(left_over)),
        )
        for theatre_id, name, begin, left_over in rows
    ]


def _facts_of(operation: Operation) -> dict[str, Any]:
    requirements = Requirements(operation)
    return {
        "operation": operation.pk or 0,
        "patient": operation.patient_id,
        "specialty": operation.specialty_id,
        "surgeon": operation.lead_surgeon_id or 0,
        "emergency": operation.priority.emergency,
        "minutes": operation.in_room_minutes,
        "set_up": operation.set_up_minutes,
        "clean_up": operation.clean_up_minutes,
        "infectious": operation.infectious,
        "requirements": json.dumps(requirements.rows),
        "keys": requirements.keys,
    }


def _bookable(operation: Operation, window: Period) -> Period | None:
    """Return the part of the window that lies ahead, once kit on loan is here, while the lead surgeon may operate."""
    days = credentialed_days(operation)
    if days is None:
        return None
    start, end = max(window.start, timezone.now()), window.end
    first = max(days[0], kit_in_time_from(operation))
    if first > date.min:
        start = max(start, local_midnight(first))
    if days[1] < date.max:
        end = min(end, local_midnight(days[1] + timedelta(days=1)))
    return Period(start, end) if start < end else None


def _closed(
    operation: Operation, window: Period, theatre_ids: Sequence[int] | None, *, with_closed: bool
) -> dict[str, list[Any]]:
    """Return the closed lists of the window, theatre by theatre and day by day."""
    closed: Iterable[List] = ()
    if not (with_closed or operation.priority.emergency):
        first, last = (timezone.localtime(at).date() for at in (window.start, window.end))
        closed = closed_lists(theatre_ids, first, last, timezone.now())
    pairs = list(closed)
    return {"closed_theatres": [theatre for theatre, _ in pairs], "closed_days": [day for _, day in pairs]}


def _margin(operation: Operation) -> timedelta:
    return MARGIN + timedelta(minutes=operation.bed_minutes)


def _times(window: Period, margin: timedelta) -> dict[str, Any]:
    return {
        "window": window.as_range(),
        "wide": Period(window.start - margin, window.end + margin).as_range(),
        "first_day": timezone.localtime(window.start).date() - timedelta(days=1),
        "last_day": timezone.localtime(window.end).date() + timedelta(days=1),
        "zone": timezone.get_current_timezone_name(),
    }
