"""Write down what is to be said, in the transaction of what it is about.

What is written here goes out once, whatever becomes of the broker or the workers; :mod:`messaging.dispatch` sees to
that. Nothing is said about what was rolled back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import User
from messaging.channels import channel_named
from messaging.kicking import kick
from messaging.models import Audience, Delivery, Status
from messaging.models.channels import address_index
from messaging.wording.kinds import check_fields, kind_named

LIFE = timedelta(days=2)
"""What is planned without an expiry is not sent later than this after its time."""


class OutboxError(Exception):
    """What was to be planned can't be said; the message says why, for programmers."""


@dataclass(frozen=True, kw_only=True)
class Outside:
    """A person outside the staff, as the app that plans knows them."""

    label: str
    number: int


@dataclass(frozen=True, kw_only=True)
class About:
    """What a message is about, as the app that plans knows it."""

    label: str
    number: int


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One message to be written down.

    ``addresses`` are those by which the recipient may be reached, the best channel first. ``dedupe_key`` names the
    message for ever: kind, thing, version and recipient; the same key is never planned twice.
    """

    kind: str
    to: User | Outside
    addresses: Mapping[str, str]
    due_at: datetime
    dedupe_key: str
    about: About | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"
    expires_at: datetime | None = None
    urgent: bool | None = None
    """``None``: as its kind is."""


def plan(*wanted: Planned) -> int:
    """Write messages down; return how many are new. What has its key already stays as it is.

    Raises :class:`OutboxError` outside a transaction, for a field that the audience may not be told, or for a
    recipient without any address: who can't be reached is for the caller to put on the desk's list.
    """
    if not connection.in_atomic_block:
        raise OutboxError("Plan messages in the transaction of what they are about.")
    before = _known(wanted)
    rows = [_row(one) for one in wanted if one.dedupe_key not in before]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    if any(row.due_at <= timezone.now() for row in rows):
        kick()
    return len(rows)


def withdraw(about: About, *, kinds: Iterable[str] | None = None, keep: Iterable[str] = ()) -> int:
    """Take back what is planned about one thing; return how many. What is on its way can't be taken back.

    What is in doubt is not sent again, if it turns out not to have gone. ``keep`` are keys that stay.
    """
    if not connection.in_atomic_block:
        raise OutboxError("Withdraw messages in the transaction of what they are about.")
    now = timezone.now()
    rows = Delivery.objects.about(about.label, about.number).exclude(dedupe_key__in=list(keep))
    if kinds is not None:
        rows = rows.filter(kind__in=list(kinds))
    taken = rows.filter(status=Status.PLANNED).update(status=Status.WITHDRAWN, withdrawn_at=now)
    rows.filter(status__in=(Status.SENDING, Status.UNCERTAIN), withdrawn_at=None).update(withdrawn_at=now)
    return taken


def replan(about: About, wanted: Iterable[Planned], *, kinds: Iterable[str] | None = None) -> int:
    """Put these in the place of what is planned about one thing; return how many are new.

    A message whose key is there and that has not begun to go takes the new time and words; one that was withdrawn
    is planned again. ``kinds`` limits what is withdrawn, as a move does not take back what staff were told.
    """
    named = {one.dedupe_key: one for one in wanted}
    withdraw(about, kinds=kinds, keep=named)
    rows = Delivery.objects.select_for_update(no_key=True).filter(
        dedupe_key__in=list(named), status__in=(Status.PLANNED, Status.WITHDRAWN)
    )
    for row in rows.order_by("pk"):
        _renew(row, named[row.dedupe_key])
    return plan(*named.values())


def _known(wanted: Iterable[Planned]) -> set[str]:
    keys = [one.dedupe_key for one in wanted]
    return set(Delivery.objects.filter(dedupe_key__in=keys).values_list("dedupe_key", flat=True))


CHANGED = ("due_at", "next_attempt_at", "expires_at", "fields", "addresses", "address_index", "language")


def _renew(row: Delivery, one: Planned) -> None:
    fresh = _row(one)
    for name in (*CHANGED, "channel", "channels", "urgent", "status", "withdrawn_at"):
        setattr(row, name, getattr(fresh, name))
    row.save(update_fields=[*CHANGED, "channel", "channels", "urgent", "status", "withdrawn_at"])
    if row.due_at <= timezone.now():
        kick()


def _row(one: Planned) -> Delivery:
    kind = kind_named(one.kind)
    is_staff = isinstance(one.to, User)
    if is_staff != (kind.audience == Audience.STAFF):
        raise OutboxError(f"“{one.kind}” is not for this recipient.")
    addresses = {code: channel_named(code).clean(address) for code, address in one.addresses.items() if address}
    addresses = {code: address for code, address in addresses.items() if address}
    if not addresses:
        raise OutboxError("There is no address by which this recipient may be reached.")
    check_fields(kind, one.fields)
    first = next(iter(addresses))
    return Delivery(
        kind=one.kind,
        audience=kind.audience,
        channel=first,
        channels=list(addresses),
        addresses=addresses,
        address_index=address_index(first, addresses[first]),
        language=one.language or "en",
        fields=dict(one.fields),
        urgent=kind.urgent if one.urgent is None else one.urgent,
        due_at=one.due_at,
        next_attempt_at=one.due_at,
        expires_at=one.expires_at or one.due_at + LIFE,
        dedupe_key=one.dedupe_key,
        **_recipient(one.to),
        **_about(one.about),
    )


def _recipient(to: User | Outside) -> dict[str, Any]:
    return {"user": to} if isinstance(to, User) else {"recipient_label": to.label, "recipient_id": to.number}


def _about(about: About | None) -> dict[str, Any]:
    return {"context_label": about.label, "context_id": about.number} if about else {}
