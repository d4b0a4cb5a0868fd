"""What a theatre's day is: when it is open, why it is not, and whose time it is. Every calendar asks here."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db.models import Q
from django.utils import timezone

from resources.models import Holiday, OpeningException, Theatre, Unavailability
from scheduling.opening import open_hours
from scheduling.ownership import OwnedTime, owned_times
from scheduling.period import Period, merged, without
from scheduling.querysets import day_period


@dataclass(slots=True)
class TheatreDay:
    """One theatre on one local day: open stretches, closures with their reason, sessions with their owners.

    ``reason`` says why the hours are not the weekday's: a holiday, an exception.
    """

    opened: list[Period] = field(default_factory=list)
    closures: list[tuple[Period, str]] = field(default_factory=list)
    sessions: list[OwnedTime] = field(default_factory=list)
    reason: str = ""

    @property
    def open_minutes(self) -> int:
        """Minutes in which it is open."""
        return sum(period.minutes for period in self.opened)

    @property
    def closed(self) -> list[str]:
        """Return why it is closed, or open at other hours."""
        return [label for _, label in self.closures] + ([self.reason] if self.reason else [])

    @property
    def owners(self) -> str:
        """Return whose day it is, each owner once."""
        return " · ".join(dict.fromkeys(session.short_owner for session in self.sessions))

    def used_minutes(self, in_room: Iterable[Period]) -> int:
        """Return the minutes of cases within the open hours: the numerator of planned utilisation."""
        return sum(a.shared_minutes(b) for a in merged(in_room) for b in self.opened)


TheatreDays = dict[tuple[int, date], TheatreDay]


def theatre_days(theatres: Sequence[Theatre], days: Sequence[date]) -> TheatreDays:
    """Return each theatre's day for each of ``days`` in a row, in five queries."""
    if not days:
        return {}
    window = _window(days)
    numbers = [theatre.pk for theatre in theatres]
    hours = open_hours(days[0], days[-1], numbers)
    sessions: dict[tuple[int, date], list[OwnedTime]] = defaultdict(list)
    for theatre_id, owned in owned_times(window, numbers).items():
        for one in owned:
            sessions[theatre_id, one.day].append(one)
    closures = _closures(theatres, window)
    reasons = _reasons(theatres, days)
    found: TheatreDays = {}
    for theatre in theatres:
        for day in days:
            key = (theatre.pk, day)
            shut = closures.get(key, [])
            opened = hours.get(key, [])
            if shut:
                opened = [left for period in opened for left in without(period, [period for period, _ in shut])]
            found[key] = TheatreDay(opened, shut, sessions.get(key, []), reasons.get(key, ""))
    return found


def _window(days: Sequence[date]) -> Period:
    return Period(Period.of(day_period(days[0])).start, Period.of(day_period(days[-1])).end)


def _closures(theatres: Sequence[Theatre], window: Period) -> dict[tuple[int, date], list[tuple[Period, str]]]:
    found: dict[tuple[int, date], list[tuple[Period, str]]] = defaultdict(list)
    for row in Unavailability.objects.filter(resource__in=theatres, period__overlap=window.as_range()):
        period = Period(
            max(row.period.lower or window.start, window.start), min(row.period.upper or window.end, window.end)
        )
        label = f"{row.get_kind_display()}: {row.note}" if row.note else row.get_kind_display()
        day = timezone.localdate(period.start)
        while day <= timezone.localdate(period.end - timedelta(microseconds=1)):
            of_day = Period.of(day_period(day))
            found[row.resource_id, day].append(
                (Period(max(period.start, of_day.start), min(period.end, of_day.end)), label)
            )
            day += timedelta(days=1)
    return found


def _reasons(theatres: Sequence[Theatre], days: Sequence[date]) -> dict[tuple[int, date], str]:
    """Return the holidays and exceptions by theatre and day, in words."""
    spell = Q(day__range=(days[0], days[-1]))
    found: dict[tuple[int, date], str] = {}
    for holiday in Holiday.objects.filter(spell):
        for theatre in theatres:
            if not theatre.kept_for_emergencies and holiday.site_id in (None, theatre.site_id):
                found[theatre.pk, holiday.day] = holiday.name
    for row in OpeningException.objects.filter(spell, theatre__in=theatres):
        found[row.theatre_id, row.day] = row.reason or ("Other hours" if row.opens else "Not open")
    return found
