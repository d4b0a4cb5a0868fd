"""From what a person types as local time to an instant, without guessing on clock-change nights."""

from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone


class LocalTimeError(ValueError):
    """A typed local time that is no single instant; the message says what to do."""


class MissingTimeError(LocalTimeError):
    """The clocks skip this time."""

    def __init__(self, naive: datetime) -> None:
        super().__init__(
            f"{naive:%H:%M} does not exist on {naive:%a %d %b %Y}: the clocks go forward. Choose another time."
        )


class AmbiguousTimeError(LocalTimeError):
    """This time comes twice; ``first`` and ``second`` are the two instants."""

    def __init__(self, naive: datetime) -> None:
        self.first = naive.replace(tzinfo=timezone.get_current_timezone(), fold=0)
        self.second = self.first.replace(fold=1)
        super().__init__(
            f"{naive:%H:%M} comes twice on {naive:%a %d %b %Y}: the clocks go back. "
            f"Say whether you mean the first ({self.first:%Z}) or the second ({self.second:%Z})."
        )


def instant_of(naive: datetime, *, fold: int | None = None) -> datetime:
    """Return the instant of a local time of the hospital.

    ``fold`` answers which of two is meant on the night when the clocks go back: 0 the first, 1 the
    second, ``None`` not asked yet. Raises :class:`MissingTimeError` or :class:`AmbiguousTimeError`.
    """
    zone = timezone.get_current_timezone()
    local = naive.replace(tzinfo=zone, fold=fold or 0)
    if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != naive:
        raise MissingTimeError(naive)
    if fold is None and local.utcoffset() != local.replace(fold=1).utcoffset():
        raise AmbiguousTimeError(naive)
    return local


def wall_clock(day: date, at: time) -> datetime:
    """Return when the clock on the wall shows ``at`` on ``day``, in UTC; for rules that repeat.

    Nobody can be asked about opening hours, so this answers as PostgreSQL's ``AT TIME ZONE`` does:
    a time that comes twice is the second one, a skipped one is as long after the jump as it would
    have been after the last time before it.
    """
    naive = datetime.combine(day, at)
    zone = timezone.get_current_timezone()
    second = naive.replace(tzinfo=zone, fold=1).astimezone(UTC)
    exists = second.astimezone(zone).replace(tzinfo=None) == naive
    return second if exists else naive.replace(tzinfo=zone, fold=0).astimezone(UTC)


def nearest_instant(at: time, anchor: datetime) -> datetime:
    """Return the instant nearest to ``anchor`` at which the hospital's clock shows ``at``: for what just happened.

    A night's last milestone may be typed after midnight, a morning's first one before it. A time that comes twice is
    the nearer of the two; raises :class:`MissingTimeError` for one that the clocks skip on the nearest day.
    """
    local = timezone.localtime(anchor).replace(tzinfo=None)
    days = (local.date() + timedelta(days=offset) for offset in (-1, 0, 1))
    naive = min((datetime.combine(day, at) for day in days), key=lambda candidate: abs(candidate - local))
    try:
        return instant_of(naive)
    except AmbiguousTimeError as error:
        return min(error.first, error.second, key=lambda instant: abs(instant.timestamp() - anchor.timestamp()))
