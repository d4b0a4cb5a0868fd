"""Find out what became of messages that nobody wrote down, and put away what came too late."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from messaging import permissions
from messaging.channels import channel_named, names
from messaging.channels.base import Channel, Message, Outcome, Result
from messaging.claiming import lease_seconds
from messaging.kicking import kick
from messaging.models import Delivery, Status
from messaging.recording import Tried, record
from messaging.wording.rendering import reference_of

BATCH = 50
WORKER_LOST = "worker_lost"
NOT_OPEN = "Somebody has seen to it already, or it has gone meanwhile."


def doubt_lost() -> int:
    """Put in doubt what a worker took and never wrote down, once its lease is over; return how many."""
    lost = Delivery.objects.filter(status=Status.SENDING, leased_until__lt=Now())
    with transaction.atomic():
        rows = lost.select_for_update(skip_locked=True, no_key=True).order_by("pk").values_list("pk", flat=True)
        return Delivery.objects.filter(pk__in=list(rows[:1000])).update(
            status=Status.UNCERTAIN, last_error=WORKER_LOST, lease=None
        )


def expire() -> int:
    """Put away what is planned and too late, wherever it waited; return how many."""
    late = Delivery.objects.filter(status=Status.PLANNED, expires_at__lt=Now())
    with transaction.atomic():
        rows = late.select_for_update(skip_locked=True, no_key=True).order_by("expires_at").values_list("pk", flat=True)
        return Delivery.objects.filter(pk__in=list(rows[:1000])).update(status=Status.EXPIRED, last_error="too_late")


def settle(*, seconds: float = 20.0) -> int:
    """Ask the providers for what is in doubt; return how many messages were asked for.

    A provider is asked ``MESSAGE_SETTLE_SECONDS`` after the last moment at which the message may have reached it. What
    it does not have by then is planned again; of a channel that can't be asked, a person decides.
    """
    until, count = time.monotonic() + seconds, 0
    for channel in (channel_named(code) for code in names()):
        while channel.can_be_asked and time.monotonic() < until:
            asked = _settle_some(channel)
            count += asked
            if asked < BATCH:
                break
    return count


def settle_by_hand(*, actor: User, delivery_id: int, arrived: bool) -> Delivery:
    """Note what a person found out about a message in doubt: it arrived, or it is to be sent again.

    Of one that failed or came too late, ``arrived`` says that the recipient was told in another way. Raises
    :class:`~django.core.exceptions.ValidationError` if there is nothing to decide any more.
    """
    authorise(actor, permissions.SETTLE)
    with transaction.atomic(durable=True):
        row = Delivery.objects.select_for_update(no_key=True).needing_hands().filter(pk=delivery_id).first()
        if row is None:
            if not Delivery.objects.filter(pk=delivery_id).exists():
                raise ObjectDoesNotExist
            raise ValidationError(NOT_OPEN)
        row.settled_by, row.settled_at = actor, timezone.now()
        if arrived:
            row.status = Status.SENT if row.status == Status.UNCERTAIN else row.status
            row.sent_at = row.sent_at or (row.attempted_at if row.status == Status.SENT else None)
            row.save(update_fields=["settled_by", "settled_at", "status", "sent_at"])
        else:
            _again(row)
    return row


def _again(row: Delivery) -> None:
    """Plan a message again, by its first channel, for as long as it made sense before."""
    now = timezone.now()
    if row.withdrawn_at:
        raise ValidationError("It was withdrawn meanwhile: it is not to be sent any more.")
    if row.expires_at <= now:
        raise ValidationError("It is too late for this message. Tell the recipient in another way.")
    row.status, row.next_attempt_at, row.attempts, row.leased_until = Status.PLANNED, now, 0, None
    row.settled_by, row.settled_at = None, None
    row.save(
        update_fields=["status", "next_attempt_at", "attempts", "leased_until", "settled_by", "settled_at"],
    )
    kick()


def _settle_some(channel: Channel) -> int:
    """Ask for a batch; returns how many rows it had."""
    lease = uuid4()
    with transaction.atomic(durable=True):
        quiet_since = Now() - timedelta(seconds=settings.MESSAGE_SETTLE_SECONDS)
        open_ = Delivery.objects.filter(status=Status.UNCERTAIN, settled_at=None, channel=channel.code)
        ripe = open_.filter(attempted_at__lt=quiet_since).filter(Q(lease=None) | Q(leased_until__lt=Now()))
        ripe = ripe.alias(last=Greatest("attempted_at", "leased_until")).filter(last__lt=quiet_since)
        rows = list(ripe.select_for_update(skip_locked=True, no_key=True).order_by("due_at")[:BATCH])
        Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
            lease=lease, leased_until=Now() + timedelta(seconds=lease_seconds(channel))
        )
    if not rows:
        return 0
    transport, began = channel.open(), time.monotonic()
    with ThreadPoolExecutor(channel.width()) as threads:
        outcomes = list(threads.map(lambda row: _ask(transport.look_up, row), rows))
    known = [Tried(row=row, outcome=found) for row, found in zip(rows, outcomes, strict=True) if found]
    if known:
        record(lease, known, state=Status.UNCERTAIN, until=began + lease_seconds(channel))
    return len(rows)


def _ask(look_up: Callable[[Message], Outcome | None], row: Delivery) -> Outcome | None:
    """Return what the provider says; nothing where it does not answer, so that it is asked again."""
    message = Message(
        delivery=row.pk,
        address=row.address,
        subject="",
        text="",
        reference=reference_of(row.pk),
        attempted=row.attempted_at.timestamp() if row.attempted_at else 0.0,
    )
    try:
        found = look_up(message)
    except Exception:  # noqa: BLE001  # asking does no harm, and is done again
        return None
    return None if found is None or found.result in (Result.AWAY, Result.UNKNOWN) else found
