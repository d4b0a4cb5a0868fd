"""Free slots for one operation."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db import connection
from django.utils import timezone

from scheduling.models import Operation
from scheduling.period import Period
from scheduling.slots.query import FIND_SLOTS
from scheduling.slots.requirements import keys_of, requirements_of

Order = Literal["earliest", "best_fit", "nearest"]
MARGIN = timedelta(days=31)
"""How far beyond the window bookings are looked at, so that long stays at its edges count."""


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
) -> list[Slot]:
    """Return starts from ``start`` up to ``end`` at which everything the operation needs is free.

    That is: a theatre with the features it needs, open, not owned by others, with set-up, clean-up
    and standard turnover; the patient; the lead surgeon if one is named; and for each needed kind
    of equipment, staff role and bed as many as it takes. One slot per stretch of possible starts,
    on the 5-minute grid, at its earliest point or the one nearest to ``near``. ``order``:
    ``earliest``; ``best_fit``, the tightest gap first; ``nearest`` to ``near``.
    """
    params = {
        **_facts_of(operation),
        **_times(Period(start, end)),
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
    return {
        "operation": operation.pk or 0,
        "patient": operation.patient_id,
        "specialty": operation.specialty_id,
        "surgeon": operation.lead_surgeon_id or 0,
        "emergency": operation.priority.emergency,
        "minutes": operation.in_room_minutes,
        "set_up": operation.set_up_minutes,
        "clean_up": operation.clean_up_minutes,
        "requirements": json.dumps(requirements_of(operation)),
        "keys": keys_of(operation),
    }


def _times(window: Period) -> dict[str, Any]:
    return {
        "window": window.as_range(),
        "wide": Period(window.start - MARGIN, window.end + MARGIN).as_range(),
        "first_day": timezone.localtime(window.start).date() - timedelta(days=1),
        "last_day": timezone.localtime(window.end).date() + timedelta(days=1),
        "zone": timezone.get_current_timezone_name(),
    }
