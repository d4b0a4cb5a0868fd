"""Which theatre lists are closed, read from the database, and what that means for a plan."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import connection
from django.utils import timezone

from resources.models import Theatre
from scheduling.conflicts.conflict import Conflict, Severity
from scheduling.list_closing import FARTHEST, Closed, ClosingTime, Decision, closed_list, closes_by_itself
from scheduling.models import Operation

LIST_CLOSED = "list_closed"
"""The rule's name. A change of a closed list is asked for a reason each time, never once for all."""
HINT = "Agree it with the team, and give the reason: it stands on the list."
List = tuple[int, date]
"""A theatre's list: its number, and the local day."""

CLOSINGS = """
SELECT 'time', specialty_id, NULL::bigint, NULL::date, closes, working_days_before, at, NULL::timestamptz
FROM scheduling_listclosing
UNION ALL
SELECT 'decision', NULL, theatre_id, day, closed, NULL, NULL, decided_at
FROM scheduling_listdecision
WHERE day BETWEEN %(first)s AND %(last)s
  AND (%(theatres)s::bigint[] IS NULL OR theatre_id = ANY(%(theatres)s::bigint[]))
UNION ALL
SELECT DISTINCT 'owner', specialty_id, theatre_id, day, NULL::boolean, NULL::smallint, NULL::time, NULL::timestamptz
FROM resources_theatresession
WHERE day BETWEEN %(first)s AND %(last)s AND specialty_id IS NOT NULL
  AND (%(theatres)s::bigint[] IS NULL OR theatre_id = ANY(%(theatres)s::bigint[]))
  AND EXISTS (SELECT FROM scheduling_listclosing WHERE specialty_id IS NOT NULL)
UNION ALL
SELECT DISTINCT 'holiday', NULL::bigint, theatre.resource_ptr_id, holiday.day,
  NULL::boolean, NULL::smallint, NULL::time, NULL::timestamptz
FROM resources_holiday AS holiday
JOIN resources_theatre AS theatre ON holiday.site_id IS NULL OR holiday.site_id = theatre.site_id
WHERE holiday.day BETWEEN %(reach)s AND %(last)s
  AND (%(theatres)s::bigint[] IS NULL OR theatre.resource_ptr_id = ANY(%(theatres)s::bigint[]))
  AND EXISTS (SELECT FROM scheduling_listclosing WHERE closes)
"""
"""Closing times, decisions, and, where it matters, whose sessions a list has and which days are no working days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closings:
    """The hospital's closing times, what people decided about some lists, whose sessions those have, and holidays."""

    times: list[ClosingTime] = field(default_factory=list)
    decisions: dict[List, list[Decision]] = field(default_factory=dict)
    owners: dict[List, set[int]] = field(default_factory=dict)
    holidays: dict[int, set[date]] = field(default_factory=dict)

    @classmethod
    def of(cls, lists: Collection[List]) -> "Closings":
        """Read what decides whether ``lists`` are closed, in one query."""
        days = [day for _, day in lists]
        return cls.load({theatre for theatre, _ in lists}, min(days), max(days))

    @classmethod
    def load(cls, theatres: Collection[int] | None, first: date, last: date) -> "Closings":
        """Read it for ``theatres`` (``None``: all) from ``first`` through ``last``, in one query."""
        asked = None if theatres is None else list(theatres)
        params = {"theatres": asked, "first": first, "last": last, "reach": first - FARTHEST}
        with connection.cursor() as cursor:
            cursor.execute(CLOSINGS, params)
            rows = cursor.fetchall()
        times: list[ClosingTime] = []
        decisions: dict[List, list[Decision]] = defaultdict(list)
        owners: dict[List, set[int]] = defaultdict(set)
        holidays: dict[int, set[date]] = defaultdict(set)
        for kind, specialty, theatre, day, closed, days_before, at, decided_at in rows:
            if kind == "time":
                times.append(ClosingTime(specialty=specialty, closes=closed, days_before=days_before, at=at))
            elif kind == "decision":
                decisions[theatre, day].append(Decision(closed=closed, at=decided_at))
            elif kind == "holiday":
                holidays[theatre].add(day)
            else:
                owners[theatre, day].add(specialty)
        return cls(times=times, decisions=dict(decisions), owners=dict(owners), holidays=dict(holidays))

    def __bool__(self) -> bool:
        """Say whether any list could be closed."""
        return bool(self.times or self.decisions)

    def closed(self, theatre: int, day: date, now: datetime, *, past: bool = False) -> Closed | None:
        """Return since when a list is closed; one of a day that is over is nobody's any more, unless ``past``."""
        if day < timezone.localdate(now) and not past:
            return None
        holidays = self.holidays.get(theatre, ())
        by_itself = closes_by_itself(day, self.times, self.owners.get((theatre, day), ()), holidays)
        return closed_list(by_itself, self.decisions.get((theatre, day), ()), now)


def closed_lists(
    theatres: Collection[int] | None, first: date, last: date, now: datetime, *, past: bool = False
) -> dict[List, Closed]:
    """Return the closed lists among ``theatres`` (``None``: all) from ``first`` through ``last``.

    Takes one query, and one more to know all theatres. ``past``: also those of days that are over.
    """
    closings = Closings.load(theatres, first, last)
    if not closings:
        return {}
    if theatres is None:
        theatres = list(Theatre.objects.order_by().values_list("pk", flat=True))
    ahead = max([timezone.localdate(now) + FARTHEST, *(day for _, day in closings.decisions)])
    return {
        (theatre, day): one
        for day in _days(first, min(last, ahead))
        for theatre in theatres
        if (one := closings.closed(theatre, day, now, past=past))
    }


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def closed_conflict(
    operation: Operation, theatre: Theatre | str, theatre_id: int, day: date, closed: Closed
) -> Conflict:
    """Return the conflict of changing a closed list, in words."""
    since = timezone.localtime(closed.since)
    how = " by hand" if closed.by_hand else ""
    return Conflict(
        rule=LIST_CLOSED,
        severity=Severity.SOFT,
        message=f"The list of {theatre} on {day:%a %d %b} is closed since {since:%a %d %b %H:%M}{how}.",
        hint=HINT,
        operation_id=operation.pk,
        resource_id=theatre_id,
        day=day,
    )


def list_of(operation: Operation) -> List | None:
    """Return the list on which a placed operation stands."""
    if operation.theatre_id is None or operation.starts_at is None:
        return None
    return operation.theatre_id, timezone.localdate(operation.starts_at)


def leaving_conflicts(operations: Sequence[Operation]) -> list[Conflict]:
    """Return the conflicts of taking operations off closed lists; emergencies have none."""
    places = {one.pk: place for one in operations if not one.priority.emergency and (place := list_of(one))}
    if not places:
        return []
    days = [day for _, day in places.values()]
    theatres = {theatre for theatre, _ in places.values()}
    closed = closed_lists(theatres, min(days), max(days), timezone.now())
    names = dict(Theatre.objects.filter(pk__in=theatres).values_list("pk", "name")) if closed else {}
    return [
        closed_conflict(one, names[places[one.pk][0]], *places[one.pk], closed[places[one.pk]])
        for one in operations
        if one.pk in places and places[one.pk] in closed
    ]
