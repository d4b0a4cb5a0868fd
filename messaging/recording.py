"""Write down what became of attempts, as soon as it is known."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import Error, connection
from django.utils import timezone

from messaging import consent
from messaging.channels.base import Outcome, Result
from messaging.claiming import move_on
from messaging.connections import is_lost
from messaging.models import Audience, Delivery, OptOut, Status

MOST_ATTEMPTS = 10
LONGEST_BACKOFF_SECONDS = 900.0
GAVE_UP = "gave_up"
AGAIN_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One attempt: the row as it was taken, what came of it, and the version of its words."""

    row: Delivery
    outcome: Outcome
    version: int | None = None


# A row that a report has moved on meanwhile, or that is in other hands, is left as it is.
WRITE = """
    UPDATE messaging_delivery AS row SET
        status = CASE WHEN fresh.status = 'planned' AND row.withdrawn_at IS NOT NULL THEN 'withdrawn'
                      ELSE fresh.status END,
        channel = fresh.channel, address_index = fresh.address_index, attempts = fresh.attempts,
        last_error = fresh.error, next_attempt_at = fresh.next_attempt_at,
        provider_id = CASE WHEN fresh.provider_id = '' THEN row.provider_id ELSE fresh.provider_id END,
        template_version = COALESCE(fresh.version, row.template_version),
        segments = COALESCE(fresh.segments, row.segments),
        sent_at = CASE WHEN fresh.status = 'sent' THEN clock_timestamp() ELSE row.sent_at END,
        lease = NULL, leased_until = NULL
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::int[], %s::text[], %s::timestamptz[],
                %s::text[], %s::int[], %s::int[])
        AS fresh(id, status, channel, address_index, attempts, error, next_attempt_at, provider_id, version, segments)
    WHERE row.id = fresh.id AND row.lease = %s AND row.status = %s
"""


def record(lease: UUID, tried: Sequence[Tried], *, state: str = Status.SENDING, until: float | None = None) -> None:
    """Write down what came of attempts made under ``lease``; all in one statement.

    What was told by the provider must not be forgotten because PostgreSQL starts again: until the monotonic time
    ``until`` it is tried again. Doing it twice does no harm.
    """
    out = _opted_out(tried)
    values: Any = [*map(list, zip(*(_columns(one) for one in tried), strict=True)), lease, state]
    while True:
        try:
            with connection.cursor() as cursor:
                cursor.execute(WRITE, values)
            OptOut.objects.bulk_create(out, ignore_conflicts=True)
        except Error as error:
            if not is_lost(error) or until is None or time.monotonic() > until:
                raise
            connection.close()
            time.sleep(AGAIN_SECONDS)
        else:
            return


def backoff_seconds(attempts: int, asked: float = 0.0) -> float:
    """Return how long to wait after so many attempts: twice as long each time, less up to half of it by chance."""
    longest: float = min(settings.MESSAGE_BACKOFF_SECONDS * 2 ** min(attempts - 1, 16), LONGEST_BACKOFF_SECONDS)
    return max(longest * random.uniform(0.5, 1.0), asked)  # noqa: S311  # no secret


def _columns(one: Tried) -> tuple[Any, ...]:
    """Return the new values of one row, in the order of ``WRITE``."""
    row, outcome = one.row, one.outcome
    status, error, wait = _verdict(row, outcome)
    return (
        *(row.pk, status, row.channel, row.address_index, row.attempts, error),
        timezone.now() + timedelta(seconds=wait),
        *(outcome.provider_id, one.version, outcome.segments),
    )


def _verdict(row: Delivery, outcome: Outcome) -> tuple[str, str, float]:
    """Return the row's next status, why, and after how many seconds it is tried again."""
    if outcome.result == Result.SENT:
        return Status.SENT, "", 0
    if outcome.result == Result.UNKNOWN:
        return Status.UNCERTAIN, outcome.error, 0
    if outcome.result == Result.REFUSED:
        may_go_on = outcome.error == consent.OPTED_OUT or row.audience == Audience.STAFF
        goes_on = may_go_on and move_on(row, row.next_channel)
        return (Status.PLANNED if goes_on else Status.FAILED), outcome.error, 0
    if row.attempts < MOST_ATTEMPTS:
        return Status.PLANNED, outcome.error, backoff_seconds(row.attempts, outcome.retry_after)
    return (Status.PLANNED, outcome.error, 0) if move_on(row, row.next_channel) else (Status.FAILED, GAVE_UP, 0)


def _opted_out(tried: Sequence[Tried]) -> list[OptOut]:
    return [
        OptOut(channel=one.row.channel, address_index=one.row.address_index)
        for one in tried
        if one.outcome.result == Result.REFUSED and one.outcome.error == consent.OPTED_OUT and one.row.address_index
    ]
