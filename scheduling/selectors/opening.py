"""When theatres open and close."""

from datetime import date, datetime

from resources.models import OpeningHours
from scheduling.conflicts.facts import span


def closing_times(day: date) -> dict[int, datetime]:
    """Return when each theatre closes on ``day``, by number; those that are not open then are left out."""
    found: dict[int, datetime] = {}
    for row in OpeningHours.objects.filter(weekday=day.isoweekday()):
        end = span(day, row.opens, row.closes).end
        found[row.theatre_id] = max(end, found.get(row.theatre_id, end))
    return found
