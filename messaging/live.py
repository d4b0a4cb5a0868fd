"""Tell open pages that something changed. Only days travel; what changed is fetched with rights."""

import json
import logging
import time
from collections.abc import Iterable
from datetime import date
from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

CHANNEL = f"{settings.CHANNEL_PREFIX}schedule-changed"
COUNTER = f"{settings.CHANNEL_PREFIX}schedule-changes"
"""On Redis: how many changes were told."""
TIMEOUT_SECONDS = 0.5
PAUSE_SECONDS = 5.0
"""After a failure that took its time nobody tries for so long: else a Redis that hangs would slow down every booking.

One that is away refuses at once, which costs nothing; it is heard of as soon as it is back."""
QUICK_SECONDS = 0.1
logger = logging.getLogger(__name__)


def publish_changed(days: Iterable[date]) -> None:
    """Tell every open calendar that ``days`` look different now.

    Never raises: the change is durable already, and a page that misses the news polls.
    """
    if time.monotonic() < _Pause.until:
        return
    began = time.monotonic()
    text = json.dumps({"days": sorted(day.isoformat() for day in days)})
    try:
        # Counted first: whoever is told finds the count raised already.
        told = _connection().pipeline(transaction=False)
        told.incr(COUNTER)
        told.publish(CHANNEL, text)
        told.execute()
    except redis.RedisError:
        _leave_alone(began)
        logger.warning("The live update could not be published; open pages will poll.")


def changes_so_far() -> int | None:
    """Return how many changes were told, to be compared with what it was; None where Redis can't say."""
    began = time.monotonic()
    if began < _Pause.until:
        return None
    try:
        return int(_connection().get(COUNTER) or 0)
    except redis.RedisError:
        _leave_alone(began)
        return None


def _leave_alone(began: float) -> None:
    if time.monotonic() - began > QUICK_SECONDS:
        _Pause.until = time.monotonic() + PAUSE_SECONDS


class _Pause:
    """Until when (by the monotonic clock) Redis is left alone, because it did not answer."""

    until = 0.0


@cache
def _connection() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 1),  # once, for a connection that went stale; a person is waiting
    )
