"""Take due messages for sending, so that no other worker takes them, and a crash leaves a trace."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from messaging import consent
from messaging.channels.base import Channel
from messaging.models import Audience, Delivery, Status
from messaging.models.channels import address_index
from messaging.quiet import end_of_quiet

HANDED_OVER = 500


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What one look at the queue gave: rows to send now, and how many rows were dealt with in all."""

    rows: list[Delivery] = field(default_factory=list)
    seen: int = 0


def database_now() -> datetime:
    """Return the database's time: the one clock that all workers share."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def lease_seconds(channel: Channel) -> float:
    """Return for how long a worker holds what it took: the longest attempt, and time to write down what came of it."""
    return channel.seconds() + settings.MESSAGE_LEASE_SECONDS


def claim(channel: Channel, most: int, lease: UUID) -> Claim:
    """Take up to ``most`` due rows: the urgent ones first, then in the order of their times.

    What is too late, must wait for the morning or may not be said any more is put away. The rest is marked as being
    sent, and committed, before anybody calls the provider.
    """
    with transaction.atomic(durable=True):
        now = database_now()
        rows = _due(channel.code, now, most)
        left = _put_away(channel.code, rows, now)
        if left:
            Delivery.objects.filter(pk__in=[row.pk for row in left]).update(
                status=Status.SENDING,
                lease=lease,
                leased_until=Now() + timedelta(seconds=lease_seconds(channel)),
                attempts=F("attempts") + 1,
                attempted_at=Now(),
            )
            for row in left:
                row.attempts += 1
    return Claim(rows=left, seen=len(rows))


def release(lease: UUID) -> None:
    """Give back what was taken under ``lease`` and of which nothing was sent, for certain."""
    Delivery.objects.filter(lease=lease, status=Status.SENDING).update(
        status=Status.PLANNED, lease=None, leased_until=None, attempts=F("attempts") - 1
    )


def hand_over(channel: str) -> int:
    """Move what is due by a dead channel to the next one that each recipient allows; return how many."""
    with transaction.atomic(durable=True):
        rows = Delivery.objects.filter(channel=channel, status=Status.PLANNED, next_attempt_at__lte=Now())
        elsewhere = rows.annotate(last=RawSQL("channels[cardinality(channels)]", [])).exclude(last=channel)
        found = list(_locked(elsewhere)[:HANDED_OVER])
        for row in found:
            move_on(row, row.next_channel)
        _save_moved(found)
    return len(found)


def move_on(row: Delivery, channel: str | None) -> bool:
    """Let the next channel have its turn, unsaved; return whether there is one."""
    if channel is None:
        return False
    row.channel, row.attempts = channel, 0
    row.address_index = address_index(channel, row.address)
    return True


def _due(channel: str, now: datetime, most: int) -> list[Delivery]:
    due = Delivery.objects.filter(channel=channel, status=Status.PLANNED, next_attempt_at__lte=now)
    rows = list(_locked(due.filter(urgent=True))[:most])
    return rows + list(_locked(due.filter(urgent=False))[: most - len(rows)]) if len(rows) < most else rows


def _locked(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    locked = rows.select_related("user").select_for_update(skip_locked=True, no_key=True, of=("self",))
    return locked.order_by("next_attempt_at")


def _put_away(channel: str, rows: list[Delivery], now: datetime) -> list[Delivery]:
    """Put away what may not be sent now; return the others."""
    late = [row for row in rows if row.expires_at <= now]
    quiet = end_of_quiet(now)
    waiting = [row for row in rows if quiet and row.expires_at > now and _is_woken(row)]
    aside = {row.pk for row in (*late, *waiting)}
    refused = consent.refusals(channel, [row for row in rows if row.pk not in aside])
    if late:
        _set(late, status=Status.EXPIRED, last_error="too_late")
    if waiting:
        _set(waiting, next_attempt_at=quiet)
    if refused:
        _refuse([row for row in rows if row.pk in refused], refused)
    return [row for row in rows if row.pk not in aside and row.pk not in refused]


def _is_woken(row: Delivery) -> bool:
    return row.audience == Audience.PATIENT and not row.urgent


def _refuse(rows: list[Delivery], reasons: dict[int, str]) -> None:
    """Give each to the next channel that its recipient allows, or to the desk."""
    moved = [row for row in rows if move_on(row, row.next_channel)]
    _save_moved(moved)
    for row in rows:
        if row not in moved:
            _set([row], status=Status.FAILED, last_error=reasons[row.pk])


def _save_moved(rows: list[Delivery]) -> None:
    if rows:
        Delivery.objects.bulk_update(rows, ["channel", "attempts", "address_index"])


def _set(rows: Iterable[Delivery], **values: object) -> None:
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(**values)
