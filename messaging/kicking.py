"""Ask for a worker once the transaction is committed. It only saves waiting: beat asks every 30 seconds anyway."""

import logging

from celery import current_app
from django.db import connection, transaction

TASK = "messaging.tasks.dispatch"
EXPIRES_SECONDS = 30
logger = logging.getLogger(__name__)


def kick() -> None:
    """Ask after commit, once for a transaction however much it plans."""
    if not any(_ask in entry for entry in connection.run_on_commit):
        transaction.on_commit(_ask, robust=True)


def ask_now(task: str = TASK, *arguments: str) -> None:
    """Hand the task to the broker; a broker that is away is no reason to fail."""
    try:
        current_app.send_task(task, args=arguments, expires=EXPIRES_SECONDS, retry=False)
    except Exception as error:  # noqa: BLE001  # kombu lets through whatever its transport raises
        logger.warning("A worker could not be asked to send messages (%s); beat will.", type(error).__name__)


def _ask() -> None:
    ask_now()
