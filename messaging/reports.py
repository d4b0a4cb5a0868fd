"""What providers tell about messages they took: late, twice, and out of order."""

import logging

from django.db import transaction
from django.utils import timezone

from messaging import consent
from messaging.models import Delivery, OptOut, ProviderReport, Status

RANKS = {
    **dict.fromkeys(("accepted", "scheduled", "queued"), 1),
    "sending": 2,
    "sent": 3,
    **dict.fromkeys(("delivered", "undelivered", "failed", "canceled"), 4),
    "read": 5,
}
"""A message only moves on."""
ARRIVED = {"delivered", "read"}
LOST = {"undelivered", "failed", "canceled"}
BEFORE = (Status.PLANNED, Status.SENDING, Status.UNCERTAIN, Status.WITHDRAWN, Status.EXPIRED)
"""A report about one of these says that it went, whatever we thought."""
MOVED = ["status", "provider_id", "provider_status", "last_error", "lease", "leased_until", "sent_at", "delivered_at"]
OPTED_OUT = "21610"
TWICE = "sent_twice"
logger = logging.getLogger(__name__)


def report(*, provider_id: str, status: str, delivery_id: int | None, error: str = "") -> None:
    """Note what a provider says of a message; the same again, or something older, changes nothing.

    A report is also the answer to a doubt: whoever reports on a message has it.
    """
    with transaction.atomic():
        rows = Delivery.objects.select_for_update(no_key=True)
        row = rows.filter(pk=delivery_id).first() if delivery_id else rows.filter(provider_id=provider_id).first()
        _, is_new = ProviderReport.objects.get_or_create(
            provider_id=provider_id, status=status, defaults={"error": error, "delivery": row}
        )
        if row is None or not is_new or status not in RANKS:
            return
        if row.provider_id and row.provider_id != provider_id:
            logger.error("Delivery %s went out twice: its provider reports on two messages.", row.pk)
            Delivery.objects.filter(pk=row.pk).update(last_error=TWICE)
            return
        if RANKS[status] > RANKS.get(row.provider_status, 0):
            _move_on(row, provider_id, status, error)


def _move_on(row: Delivery, provider_id: str, status: str, error: str) -> None:
    now = timezone.now()
    row.provider_id, row.provider_status = provider_id, status
    row.lease = row.leased_until = None
    if status in LOST:
        row.status, row.last_error = Status.FAILED, f"sms_{error or status}"[:40]
        if error == OPTED_OUT:
            row.last_error = consent.OPTED_OUT
            OptOut.objects.get_or_create(channel=row.channel, address_index=row.address_index)
    elif status in ARRIVED:
        row.status, row.delivered_at, row.last_error = Status.DELIVERED, now, ""
    elif row.status in BEFORE:
        row.status, row.last_error = Status.SENT, ""
    row.sent_at = row.sent_at or now
    row.save(update_fields=MOVED)
