"""When theatres are staffed on a day: the weekday's hours, or that day's own, or none on a holiday."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from django.db import connection

from scheduling.localtime import wall_clock
from scheduling.period import Period

HOURS_ON = """
SELECT weekly.theatre_id, days.day, weekly.opens, weekly.closes
FROM resources_openinghours weekly JOIN days ON extract(isodow FROM days.day) = weekly.weekday
WHERE NOT EXISTS (
        SELECT FROM resources_openingexception own
        WHERE own.theatre_id = weekly.theatre_id AND own.day = days.day)
  AND NOT EXISTS (
        SELECT FROM resources_holiday holiday JOIN resources_theatre shut ON shut.resource_ptr_id = weekly.theatre_id
        WHERE holiday.day = days.day AND NOT shut.kept_for_emergencies
          AND (holiday.site_id IS NULL OR holiday.site_id = shut.site_id))
UNION ALL
SELECT own.theatre_id, own.day, own.opens, own.closes
FROM resources_openingexception own JOIN days ON days.day = own.day
WHERE own.opens IS NOT NULL
"""
"""(theatre, day, opens, closes) for the days of a table ``days(day)``: the one statement of what is open."""

_ASKED = f"""
WITH days AS (
    SELECT day::date FROM generate_series(%(first)s::date, %(last)s::date, '1 day') AS day
)
SELECT * FROM ({HOURS_ON}) AS hours WHERE %(theatres)s::bigint[] IS NULL OR theatre_id = ANY(%(theatres)s::bigint[])
ORDER BY theatre_id, day, opens
"""  # noqa: S608  # constants

OpenHours = dict[tuple[int, date], list[Period]]


def open_hours(first: date, last: date, theatre_ids: Iterable[int] | None = None) -> OpenHours:
    """Return the staffed stretches by theatre and local day, from ``first`` through ``last``, in one query.

    Days on which a theatre is not staffed are empty. Closures come on top; they are not looked at here.
    """
    theatres = None if theatre_ids is None else list(theatre_ids)
    with connection.cursor() as cursor:
        cursor.execute(_ASKED, {"first": first, "last": last, "theatres": theatres})
        rows = cursor.fetchall()
    found: OpenHours = defaultdict(list)
    laid_out: dict[tuple[date, time, time], Period] = {}  # most theatres have the same hours
    for theatre, day, opens, closes in rows:
        key = (day, opens, closes)
        if key not in laid_out:
            laid_out[key] = span(*key)
        found[theatre, day].append(laid_out[key])
    return found


def closing_times(day: date) -> dict[int, datetime]:
    """Return when each theatre closes on ``day``, by number; those that are not open then are left out."""
    return {theatre: max(period.end for period in periods) for (theatre, _), periods in open_hours(day, day).items()}


def span(day: date, starts: time, ends: time) -> Period:
    """Return a local stretch of ``day``; an end of 00:00 is midnight at the end of the day."""
    last = day + timedelta(days=1) if ends == time.min else day
    start, end = wall_clock(day, starts), wall_clock(last, ends)
    return Period(min(start, end), end)  # a start that the clock change skips can be later than the end
