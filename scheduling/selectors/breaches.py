"""The breach forecast of the waiting list, as somebody may see it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Count
from django.utils import timezone

from accounts.models import User
from resources.models import Specialty
from scheduling.breach_forecast import PACE_WEEKS, WEEKS, Forecast, Waits, Week, forecast, together
from scheduling.models import ClockPause, Operation, Status
from scheduling.querysets import OperationQuerySet, local_midnight
from scheduling.selectors.waiting_list import WaitingFilter, chosen

MARKS = (4, 8, 12)
"""The weeks that the short table shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialtyForecast:
    """One line: a specialty and what to expect of it."""

    specialty: Specialty
    forecast: Forecast

    @property
    def marks(self) -> list[Week]:
        """The weeks that the short table shows."""
        return [self.forecast.weeks[week - 1] for week in MARKS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaches:
    """The forecast by specialty and in all; ``most`` is the highest count, for a scale."""

    lines: list[SpecialtyForecast]
    total: Forecast

    @property
    def most(self) -> int:
        """The highest count of any week, at least 1."""
        return max(1, *(week.if_nothing for week in self.total.weeks))

    @property
    def marks(self) -> list[Week]:
        """The weeks of the short table, in all."""
        return [self.total.weeks[week - 1] for week in MARKS]

    @property
    def last(self) -> Week:
        """The last week."""
        return self.total.weeks[-1]


def breaches(wanted: WaitingFilter, viewer: User, *, today: date | None = None) -> Breaches | None:
    """Return the forecast for those whom the filter asks for and ``viewer`` sees; ``None`` where nobody waits.

    A specialty's whole list stands in the queue, also who is filtered out: they come in turn, and are not counted.
    The number of queries is fixed.
    """
    today = today or timezone.localdate()
    asked = set(chosen(Operation.objects.unplaced().listed_to(viewer), wanted).order_by().values_list("pk", flat=True))
    if not asked:
        return None
    queues = _queues(asked, today)
    specialties = Specialty.objects.filter(pk__in=queues).order_by("name")
    done, booked = _done(queues, today), _booked(queues, today)
    lines = [
        SpecialtyForecast(
            specialty=one, forecast=forecast(queues[one.pk], today=today, done=done[one.pk], booked=booked[one.pk])
        )
        for one in specialties
    ]
    return Breaches(lines=lines, total=together([line.forecast for line in lines]))


def _queues(asked: set[int], today: date) -> dict[int, list[Waits]]:
    """Return who waits, by specialty, of the specialties with anybody asked about."""
    away = dict(
        ClockPause.objects.filter(starts__lte=today, ends__gt=today).order_by("ends").values_list("operation", "ends")
    )
    rows = Operation.objects.unplaced().order_by().values_list("pk", "specialty", "due_on", "paused_since")
    queues: dict[int, list[Waits]] = defaultdict(list)
    for number, specialty, due_on, paused_since in rows:
        queues[specialty].append(
            Waits(
                number=number,
                due_on=due_on,
                paused_since=paused_since,
                away_until=away.get(number),
                counts=number in asked,
            )
        )
    return {specialty: queue for specialty, queue in queues.items() if any(one.counts for one in queue)}


def _done(specialties: Iterable[int], today: date) -> dict[int, int]:
    """Return how many planned operations each specialty did in the weeks before today; emergencies don't wait."""
    rows = _planned(specialties, today - timedelta(weeks=PACE_WEEKS), today)
    counts = (
        rows.filter(status__in=(Status.RECOVERY, Status.COMPLETED)).values_list("specialty").annotate(n=Count("pk"))
    )
    return defaultdict(int, dict(counts))


def _booked(specialties: Iterable[int], today: date) -> dict[int, list[int]]:
    """Return how many planned operations are booked in each week from today on, by specialty."""
    found: dict[int, list[int]] = defaultdict(lambda: [0] * WEEKS)
    rows = _planned(specialties, today, today + timedelta(weeks=WEEKS))
    for specialty, starts in rows.values_list("specialty", "period__startswith"):
        week = (timezone.localdate(starts) - today).days // 7
        found[specialty][week] += 1
    return found


def _planned(specialties: Iterable[int], first: date, end: date) -> OperationQuerySet:
    """Return the planned operations that start from ``first`` up to, without, ``end``."""
    window = DateTimeTZRange(local_midnight(first), local_midnight(end))
    return Operation.objects.filter(
        specialty__in=list(specialties),
        priority__emergency=False,
        period__overlap=window,
        period__startswith__gte=window.lower,
    ).order_by()
