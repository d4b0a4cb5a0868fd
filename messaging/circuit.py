"""How fast a channel may be used, and when it is left alone: known to all workers, kept in the database."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Now

from messaging.models import ChannelState

FAILURES = 5
"""So many attempts in a row find nobody there before a channel counts as dead."""
BURST_SECONDS = 1.0
"""What was not used of the rate is kept for so long."""


def state_of(channel: str) -> ChannelState:
    """Return how a channel is doing."""
    return ChannelState.objects.get_or_create(channel=channel)[0]


def is_dead(state: ChannelState, now: datetime) -> bool:
    """Say whether the channel is left alone at this moment."""
    return state.dead_until is not None and state.dead_until > now


def note_away(state: ChannelState, count: int) -> None:
    """Note that ``count`` attempts found nobody there; after enough of them the channel is dead for a while."""
    dead_until = Now() + timedelta(seconds=settings.MESSAGE_DEAD_SECONDS)
    ChannelState.objects.filter(pk=state.pk).update(
        failures=F("failures") + count,
        dead_until=Case(When(failures__gte=FAILURES - count, then=dead_until), default=F("dead_until")),
    )
    state.failures += count


def note_works(state: ChannelState) -> None:
    """Note that the channel works; nothing is written where that is known."""
    if state.failures or state.dead_until:
        ChannelState.objects.filter(pk=state.pk).update(failures=0, dead_until=Value(None))
        state.failures, state.dead_until = 0, None


def pay(channel: str, most: int, per_second: float, now: datetime) -> int:
    """Return how many messages may go at this moment, at most ``most``; they count as gone.

    The generic cell rate algorithm (ITU-T I.371): each message moves on the instant up to which the rate is used up,
    and that may lie ``BURST_SECONDS`` ahead, or one message where the rate is slower.
    """
    if per_second <= 0:
        return most
    each = 1 / per_second
    with transaction.atomic():
        state = ChannelState.objects.select_for_update().get(pk=channel)
        begins = max(state.paid_until or now, now)
        room = max(BURST_SECONDS, each) - (begins - now).total_seconds()
        count = max(0, min(most, int(room / each + 1e-6)))
        if count:
            state.paid_until = begins + timedelta(seconds=each * count)
            state.save(update_fields=["paid_until"])
    return count


def pay_back(channel: str, count: int, per_second: float) -> None:
    """Return what was paid for and not used."""
    if per_second > 0 and count > 0:
        back = timedelta(seconds=count / per_second)
        ChannelState.objects.filter(pk=channel).update(paid_until=F("paid_until") - back)
