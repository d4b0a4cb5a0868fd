"""The month: for each day how many cases, how full the theatres, how many too late, and what is closed."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from resources.models import Theatre
from scheduling.models import Operation
from scheduling.period import Period
from scheduling.querysets import local_midnight
from scheduling.selectors.sessions import theatre_days
from scheduling.selectors.week import monday_of


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthDay:
    """One day. ``load`` is planned utilisation in percent, ``late`` the cases planned after their due date.

    ``closed`` are the theatres that would be open and are not, with the reason.
    """

    day: date
    is_in_month: bool
    cases: int
    load: int | None
    late: int
    emergencies: int
    closed: list[str]
    open_theatres: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """Whole weeks from Monday to Sunday that hold the month."""

    first: date
    weeks: list[list[MonthDay]]

    @property
    def previous(self) -> date:
        """The first of the month before."""
        return (self.first - timedelta(days=1)).replace(day=1)

    @property
    def next(self) -> date:
        """The first of the month after."""
        return (self.first + timedelta(days=32)).replace(day=1)


def month(day: date, *, specialty: int | None = None, surgeon: int | None = None) -> Month:
    """Return the month of ``day``, all of it or one specialty's or surgeon's cases; it names nobody.

    Utilisation is that of all cases, in-room minutes within opening hours over opening hours, sum over sum.
    """
    first = day.replace(day=1)
    start = monday_of(first)
    after = (first + timedelta(days=32)).replace(day=1)
    days = [start + timedelta(days=offset) for offset in range(-(-(after - start).days // 7) * 7)]
    theatres = list(Theatre.objects.filter(in_use=True))
    opened = theatre_days(theatres, days)
    in_room: dict[tuple[int, date], list[Period]] = defaultdict(list)
    counted: dict[date, list[int]] = defaultdict(lambda: [0, 0, 0])
    whole = Period(local_midnight(days[0]), local_midnight(days[-1] + timedelta(days=1)))
    rows = Operation.objects.filter(period__overlap=whole.as_range(), period__startswith__gte=whole.start)
    fields = ("theatre_id", "period", "due_on", "priority__emergency", "specialty_id", "lead_surgeon_id")
    for theatre, period, due, emergency, its_specialty, its_surgeon in rows.values_list(*fields):
        planned = Period.of(period)
        on = timezone.localdate(planned.start)
        in_room[theatre, on].append(planned)
        if specialty in (None, its_specialty) and surgeon in (None, its_surgeon):
            counts = counted[on]
            counts[0] += 1
            counts[1] += bool(due and due < on)
            counts[2] += emergency
    cells = []
    for one in days:
        entries = [(theatre, opened[theatre.pk, one]) for theatre in theatres]
        minutes = sum(entry.open_minutes for _, entry in entries)
        used = sum(entry.used_minutes(in_room[theatre.pk, one]) for theatre, entry in entries)
        cells.append(
            MonthDay(
                day=one,
                is_in_month=one.month == first.month,
                cases=counted[one][0],
                load=round(100 * used / minutes) if minutes else None,
                late=counted[one][1],
                emergencies=counted[one][2],
                closed=[f"{theatre.name}: {label}" for theatre, entry in entries for label in entry.closed],
                open_theatres=sum(bool(entry.opened) for _, entry in entries),
            )
        )
    return Month(first=first, weeks=[cells[at : at + 7] for at in range(0, len(cells), 7)])
