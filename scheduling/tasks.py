"""Work that Celery does in the background."""

import logging

from celery import shared_task

from scheduling.integrity import find_breaches
from scheduling.services.releasing import release_unbooked
from scheduling.services.time_requests import expire_requests

logger = logging.getLogger(__name__)


@shared_task
def verify_bookings() -> int:
    """Check the promise every night; return how many breaches were found, each logged as an error."""
    breaches = find_breaches()
    for breach in breaches:
        logger.error("%s: %s", breach.check, breach.message)
    return len(breaches)


@shared_task
def keep_blocks() -> tuple[int, int]:
    """Release by rule what nobody booked in time, and close requests whose day has passed; return both counts."""
    return release_unbooked(), expire_requests()
