"""Half-open stretches of time, the arithmetic of the whole product."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """From ``start`` up to but without ``end``; both are instants, ``start`` before ``end``.

    Instants are kept in UTC, whatever zone they came in: between two times of one local zone Python
    counts by the wall clock, an hour wrong on the nights when the clocks change.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Turn both ends into UTC."""
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))

    @classmethod
    def lasting(cls, start: datetime, minutes: int) -> Self:
        """Return ``minutes`` of elapsed time from ``start``, whatever the clocks do meanwhile."""
        start = start.astimezone(UTC)
        return cls(start, start + timedelta(minutes=minutes))

    @classmethod
    def of(cls, value: DateTimeTZRange) -> Self:
        """Return a bounded database range as a period."""
        return cls(value.lower, value.upper)

    @property
    def minutes(self) -> int:
        """Elapsed whole minutes."""
        return int((self.end - self.start).total_seconds() // 60)

    def overlaps(self, other: "Period") -> bool:
        """Say whether both share an instant; touching ends do not."""
        return self.start < other.end and other.start < self.end

    def touches(self, value: DateTimeTZRange) -> bool:
        """Say whether a database range, which may be open at an end, shares an instant with this."""
        begins_before_end = value.lower is None or value.lower < self.end
        return begins_before_end and (value.upper is None or self.start < value.upper)

    def shared_minutes(self, other: "Period") -> int:
        """Return the whole minutes that both have in common."""
        return max(0, int((min(self.end, other.end) - max(self.start, other.start)).total_seconds() // 60))

    def contains(self, other: "Period") -> bool:
        """Say whether the whole of ``other`` lies within this."""
        return self.start <= other.start and other.end <= self.end

    def widened(self, *, before: int = 0, after: int = 0) -> Self:
        """Return the period with minutes added (or, negative, taken) at either end."""
        return type(self)(self.start - timedelta(minutes=before), self.end + timedelta(minutes=after))

    def shifted(self, minutes: int) -> Self:
        """Return the period moved by ``minutes`` of elapsed time."""
        return self.widened(before=-minutes, after=minutes)

    def as_range(self) -> DateTimeTZRange:
        """Return the half-open range that PostgreSQL stores."""
        return DateTimeTZRange(self.start, self.end, "[)")

    def __str__(self) -> str:
        """Return local clock times, with the date where the period leaves the day."""
        start, end = timezone.localtime(self.start), timezone.localtime(self.end)
        pattern = "%H:%M" if start.date() == end.date() else "%a %d %b %H:%M"
        return f"{start:{pattern}}–{end:{pattern}}"


def merged(periods: Iterable[Period]) -> list[Period]:
    """Return the union of ``periods`` as the fewest periods in order; touching ones become one."""
    union: list[Period] = []
    for period in sorted(periods):
        if union and period.start <= union[-1].end:
            union[-1] = Period(union[-1].start, max(union[-1].end, period.end))
        else:
            union.append(period)
    return union


def without(period: Period, taken: Iterable[Period]) -> list[Period]:
    """Return what is left of ``period`` once all of ``taken`` is removed."""
    left, start = [], period.start
    for busy in merged(taken):
        if busy.end <= start or busy.start >= period.end:
            continue
        if busy.start > start:
            left.append(Period(start, busy.start))
        start = busy.end
    if start < period.end:
        left.append(Period(start, period.end))
    return left
