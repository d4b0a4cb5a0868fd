"""Who may be written to, asked again at the moment of sending.

The app that knows the recipients says so when Django starts; of recipients that nobody speaks for, none is written to.
"""

from collections.abc import Callable, Collection, Iterable

from messaging.models import Audience, Delivery, OptOut

Allowed = Callable[[str, Collection[int]], Collection[int]]
"""Takes a channel and the numbers of recipients, returns those of them who may be reached by it now."""
NO_CONSENT, OPTED_OUT, NO_ADDRESS, AWAY = "no_consent", "opted_out", "no_address", "account_closed"
_speakers: dict[str, Allowed] = {}


def speak_for(label: str, allowed: Allowed) -> None:
    """Say who of the recipients named ``label`` may be reached."""
    _speakers[label] = allowed


def refusals(channel: str, deliveries: Iterable[Delivery]) -> dict[int, str]:
    """Return by number the deliveries that may not go by ``channel``, each with the reason. A few queries for all.

    An opt-out does not stop what staff must know.
    """
    rows = list(deliveries)
    found = {row.pk: NO_ADDRESS for row in rows if not row.address}
    outside = [row for row in rows if row.audience == Audience.PATIENT and row.pk not in found]
    found |= dict.fromkeys((row.pk for row in rows if row.user and not row.user.is_active), AWAY)
    if not outside:
        return found
    allowed = {label: _allowed(channel, label, outside) for label in {row.recipient_label for row in outside}}
    out = set(
        OptOut.objects.filter(channel=channel, address_index__in={row.address_index for row in outside}).values_list(
            "address_index", flat=True
        )
    )
    for row in outside:
        if row.recipient_id not in allowed[row.recipient_label]:
            found[row.pk] = NO_CONSENT
        elif row.address_index in out:
            found[row.pk] = OPTED_OUT
    return found


def _allowed(channel: str, label: str, rows: list[Delivery]) -> set[int]:
    ask = _speakers.get(label)
    numbers = {row.recipient_id for row in rows if row.recipient_label == label and row.recipient_id is not None}
    return set(ask(channel, numbers)) if ask else set()
