"""Work that Celery does in the background."""

import logging

from celery import shared_task

from scheduling.integrity import find_breaches

logger = logging.getLogger(__name__)


@shared_task
def verify_bookings() -> int:
    """Check the promise every night; return how many breaches were found, each logged as an error."""
    breaches = find_breaches()
    for breach in breaches:
        logger.error("%s: %s", breach.check, breach.message)
    return len(breaches)
