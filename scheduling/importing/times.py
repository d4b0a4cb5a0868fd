"""From what a file says about time to instants, in the hospital's zone and without guessing."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from django.utils import timezone

from scheduling.importing.case import BadRowError
from scheduling.importing.mapping import Mapping
from scheduling.localtime import AmbiguousTimeError, LocalTimeError, instant_of

HALF_A_DAY = timedelta(hours=12)
"""A time without a date belongs to the day that puts it within this of the time before it."""
FOLDS = {"refuse": None, "first": 0, "second": 1}


@dataclass(frozen=True, slots=True)
class Written:
    """What a cell says: a date, a time of day, or both."""

    day: date | None
    at: time | None


@dataclass(frozen=True, slots=True)
class Clock:
    """Reads the times of one file."""

    mapping: Mapping

    def day(self, name: str, text: str) -> date:
        """Return the date that a cell holds."""
        written = self._written(name, text)
        if written.day is None:
            raise BadRowError(f"{name}: {text!r} is not a date.")
        return written.day

    def start(self, name: str, text: str, day: date | None) -> datetime:
        """Return the booked start; ``day`` is the date column's, and has to agree where both name one."""
        written = self._written(name, text)
        if written.at is None:
            raise BadRowError(f"{name}: {text!r} has no time of day.")
        if written.day is None and day is None:
            raise BadRowError(f"{name}: {text!r} has no date, and there is no date column.")
        if written.day and day and written.day != day:
            raise BadRowError(f"{name}: {text!r} is not on the row's date, {day:%d %b %Y}.")
        return self._instant(name, datetime.combine(written.day or day or date.min, written.at))

    def next(self, name: str, text: str, *, after: datetime) -> datetime:
        """Return an actual time; one without a date is the one nearest to ``after``."""
        written = self._written(name, text)
        if written.at is None:
            raise BadRowError(f"{name}: {text!r} has no time of day.")
        if written.day is not None:
            return self._instant(name, datetime.combine(written.day, written.at))
        anchor = timezone.localtime(after).replace(tzinfo=None)
        naive = datetime.combine(anchor.date(), written.at)
        if naive - anchor > HALF_A_DAY:
            naive -= timedelta(days=1)
        elif anchor - naive >= HALF_A_DAY:
            naive += timedelta(days=1)
        return self._instant(name, naive)

    def _written(self, name: str, text: str) -> Written:
        written = _parsed(text, tuple(self.mapping.formats))
        if written is None:
            raise BadRowError(f"{name}: {text!r} is not a date or time in a form that the mapping knows.")
        return written

    def _instant(self, name: str, value: datetime) -> datetime:
        if value.tzinfo is not None:
            return value.astimezone(UTC)
        try:
            return instant_of(value, fold=FOLDS[self.mapping.repeated_hour]).astimezone(UTC)
        except AmbiguousTimeError as error:
            raise BadRowError(
                f"{name}: {value:%H:%M} comes twice on {value:%a %d %b %Y}, when the clocks go back. Write the "
                f"offset ({error.first.isoformat(timespec='minutes')}), or set repeated_hour in the mapping."
            ) from error
        except LocalTimeError as error:
            raise BadRowError(f"{name}: {error}") from error
        except OverflowError as error:
            raise BadRowError(f"{name}: the year {value.year} can't be meant.") from error


@lru_cache(maxsize=4096)
def _parsed(text: str, formats: tuple[str, ...]) -> Written | None:
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        return _by_formats(text, formats)
    has_time = ":" in text or "T" in text
    return Written(value.date(), value.timetz() if has_time else None)


def _by_formats(text: str, formats: tuple[str, ...]) -> Written | None:
    for pattern in formats:
        try:
            value = datetime.strptime(text, pattern)  # noqa: DTZ007  # the hospital's zone comes later
        except ValueError:
            continue
        has_day = any(part in pattern for part in ("%d", "%j", "%x", "%c"))
        has_time = any(part in pattern for part in ("%H", "%I", "%X", "%c"))
        return Written(value.date() if has_day else None, value.timetz() if has_time else None)
    return None
