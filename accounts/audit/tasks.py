"""Work that Celery does in the background. Each task may run twice: what is done already is found done."""

import logging

from celery import shared_task

from accounts.audit import chain, partitions
from accounts.audit.anchors import drop_anchor
from accounts.audit.verifying import verify

logger = logging.getLogger(__name__)
NAMED = 100
"""So many findings are logged; ``manage.py verify_audit`` names all."""


@shared_task
def seal() -> int:
    """Seal what was recorded since the last time; return how many rows."""
    return chain.seal()


@shared_task
def anchor() -> int:
    """Write down outside the database where the chain stands; return the number of its last link."""
    return drop_anchor().seq


@shared_task
def ensure_partitions() -> int:
    """Make the partitions of the coming months; return how many were missing."""
    return partitions.ensure()


@shared_task
def verify_audit() -> int:
    """Check the whole record every night; return how many findings, the first of them logged as errors."""
    count = 0
    for finding in verify():
        count += 1
        if count <= NAMED:
            logger.error("Audit record: %s", finding)
    return count
