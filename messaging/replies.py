"""What recipients answer: stored, understood where it is one of a few words, and handed to whoever waits for it."""

import unicodedata
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from messaging.models import Delivery, InboundMessage, OptOut, ReplyMeaning
from messaging.models.channels import address_index
from messaging.wording.kinds import KINDS

ANSWERED_WITHIN = timedelta(days=14)
WORDS: dict[str, ReplyMeaning] = {
    **dict.fromkeys(("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "arret", "alto"), ReplyMeaning.STOP),
    **dict.fromkeys(("start", "unstop", "yes please"), ReplyMeaning.START),
    **dict.fromkeys(("help", "info", "ayuda", "hilfe"), ReplyMeaning.HELP),
}
"""What Twilio takes for these by itself, and the like in our languages."""
DIGITS = {1: ReplyMeaning.YES, 2: ReplyMeaning.NO}
Hook = Callable[[InboundMessage], None]
_hooks: list[Hook] = []


def on_reply(hook: Hook) -> None:
    """Have ``hook`` called with every message that comes in, in its transaction; it may not call anybody outside."""
    _hooks.append(hook)


def receive(*, channel: str, provider_id: str, address: str, text: str) -> InboundMessage:
    """Store one message, once, and do what it means. Frees nothing by itself: a person decides about a "2"."""
    index = address_index(channel, address)
    meaning = meaning_of(text)
    with transaction.atomic():
        delivery = _answered(channel, index)
        row, is_new = InboundMessage.objects.get_or_create(
            channel=channel,
            provider_id=provider_id,
            defaults={
                "address": address,
                "address_index": index,
                "text": text,
                "meaning": meaning,
                "delivery": delivery,
                "recipient_label": delivery.recipient_label if delivery else "",
                "recipient_id": delivery.recipient_id if delivery else None,
            },
        )
        if is_new:
            _obey(channel, index, meaning)
            for hook in _hooks:
                hook(row)
    return row


def meaning_of(text: str) -> ReplyMeaning:
    """Return what an answer means; anything but the few words and the two digits is for a person to read."""
    plain = text.strip().strip(".!").casefold()
    if len(plain) == 1:
        return DIGITS.get(int(unicodedata.digit(plain, 0)), ReplyMeaning.OTHER)
    return WORDS.get(plain, ReplyMeaning.OTHER)


def _obey(channel: str, index: str, meaning: ReplyMeaning) -> None:
    if meaning == ReplyMeaning.STOP:
        OptOut.objects.get_or_create(channel=channel, address_index=index)
    elif meaning == ReplyMeaning.START:
        OptOut.objects.filter(channel=channel, address_index=index).delete()


def _answered(channel: str, index: str) -> Delivery | None:
    """Return the message that is answered: the last one that asked for it, else the last one of all."""
    since = timezone.now() - ANSWERED_WITHIN
    sent = Delivery.objects.filter(channel=channel, address_index=index, sent_at__gte=since).order_by("-sent_at")
    asking = [kind.code for kind in KINDS.values() if kind.asks_reply]
    return sent.filter(kind__in=asking).first() or sent.first()
