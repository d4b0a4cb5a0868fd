"""Work that Celery does in the background. Each task may run twice, or never: what it finds in the tables counts."""

from celery import shared_task
from django.db.models.functions import Now

from messaging.channels import names
from messaging.dispatch import drain
from messaging.kicking import ask_now
from messaging.models import Delivery, Status
from messaging.settling import doubt_lost, expire, settle

SECONDS = 20.0
"""A worker is held no longer, so that others get their turn."""
DELIVER = "messaging.tasks.deliver"


@shared_task
def dispatch() -> None:
    """Tidy up after workers that were killed, and have a worker for each channel that has something to send."""
    doubt_lost()
    expire()
    settle(seconds=SECONDS)
    for code in names():
        if Delivery.objects.filter(channel=code, status=Status.PLANNED, next_attempt_at__lte=Now()).exists():
            ask_now(DELIVER, code)


@shared_task
def deliver(channel: str) -> int:
    """Send what is due by one channel; ask for more hands where there is much. Return how many attempts were made."""
    done = drain(channel, seconds=SECONDS, on_backlog=lambda: ask_now(DELIVER, channel))
    if done.is_more:
        ask_now(DELIVER, channel)
    return done.tried
