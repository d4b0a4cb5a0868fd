"""When theatres are open on the days of a calendar, whose the blocks are, and how full they are."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.utils import timezone

from resources.models import Block, OpeningHours, Theatre, Unavailability
from scheduling.conflicts.facts import block_is_on, span
from scheduling.period import Period, merged, without
from scheduling.querysets import day_period


@dataclass(slots=True)
class TheatreDay:
    """One theatre on one local day: open stretches, why it is closed, and the owners of its blocks."""

    opened: list[Period] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)

    @property
    def open_minutes(self) -> int:
        """Minutes in which it is open."""
        return sum(period.minutes for period in self.opened)

    def used_minutes(self, in_room: Iterable[Period]) -> int:
        """Return the minutes of cases within the open hours: the numerator of planned utilisation."""
        return sum(a.shared_minutes(b) for a in merged(in_room) for b in self.opened)


TheatreDays = dict[tuple[int, date], TheatreDay]


def theatre_days(theatres: Sequence[Theatre], days: Sequence[date]) -> TheatreDays:
    """Return each theatre's day for each of ``days`` in a row, in three queries."""
    opening: dict[tuple[int, int], list[OpeningHours]] = defaultdict(list)
    for row in OpeningHours.objects.filter(theatre__in=theatres):
        opening[row.theatre_id, row.weekday].append(row)
    blocks: dict[tuple[int, int], list[Block]] = defaultdict(list)
    owned = Block.objects.filter(theatre__in=theatres).select_related("specialty", "surgeon")
    for block in owned.order_by("starts"):
        blocks[block.theatre_id, block.weekday].append(block)
    closures = _closures(theatres, days)
    spans = {}  # the same hours on the same day again and again
    found: TheatreDays = {}
    for day in days:
        for theatre in theatres:
            shut = [period for period, _ in closures[theatre.pk, day]]
            entry = TheatreDay(closed=[label for _, label in closures[theatre.pk, day]])
            for row in opening[theatre.pk, day.isoweekday()]:
                key = (day, row.opens, row.closes)
                if key not in spans:
                    spans[key] = span(*key)
                entry.opened += without(spans[key], shut)
            entry.owners = [str(b.specialty) for b in blocks[theatre.pk, day.isoweekday()] if block_is_on(b, day)]
            found[theatre.pk, day] = entry
    return found


def _closures(theatres: Sequence[Theatre], days: Sequence[date]) -> dict[tuple[int, date], list[tuple[Period, str]]]:
    found: dict[tuple[int, date], list[tuple[Period, str]]] = defaultdict(list)
    if not days:
        return found
    whole = Period(Period.of(day_period(days[0])).start, Period.of(day_period(days[-1])).end)
    for row in Unavailability.objects.filter(resource__in=theatres, period__overlap=whole.as_range()):
        period = Period(
            max(row.period.lower or whole.start, whole.start), min(row.period.upper or whole.end, whole.end)
        )
        label = f"{row.get_kind_display()}: {row.note}" if row.note else row.get_kind_display()
        day = timezone.localdate(period.start)
        while day <= timezone.localdate(period.end - timedelta(microseconds=1)):
            found[row.resource_id, day].append((period, label))
            day += timedelta(days=1)
    return found
