"""Hours in which nobody is woken, by the clock on the hospital's wall."""

from datetime import UTC, datetime, time, timedelta

from django.conf import settings
from django.utils import timezone


def quiet_hours() -> tuple[time, time] | None:
    """Return when they begin and end; ``None`` where there are none. They may run over midnight."""
    text: str = settings.MESSAGE_QUIET_HOURS
    if not text:
        return None
    begins, _, ends = text.partition("-")
    return time.fromisoformat(begins), time.fromisoformat(ends)


def end_of_quiet(now: datetime) -> datetime | None:
    """Return when the quiet hours end in which ``now`` lies, or ``None`` outside of them."""
    hours = quiet_hours()
    if hours is None or hours[0] == hours[1]:
        return None
    begins, ends = hours
    local = timezone.localtime(now)
    clock = local.time()
    is_quiet = begins <= clock < ends if begins < ends else clock >= begins or clock < ends
    if not is_quiet:
        return None
    day = local.date() + timedelta(days=1 if begins > ends and clock >= begins else 0)
    end = datetime.combine(day, ends, tzinfo=timezone.get_current_timezone()).astimezone(UTC)
    # A clock that goes back shows the hour twice; the first time may be over already.
    return end if end > now else end + timedelta(hours=1)
