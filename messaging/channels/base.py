"""What every channel offers, and what it answers."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Protocol

from django.conf import settings


class Result(Enum):
    """What became of one attempt."""

    SENT = "sent"
    """The provider has it."""
    REFUSED = "refused"
    """It will never be taken: a bad number, an opt-out."""
    LATER = "later"
    """It was not taken, for certain; it may be next time."""
    AWAY = "away"
    """As ``LATER``, because the provider is not there at all."""
    UNKNOWN = "unknown"
    """Nobody knows whether it was taken."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one attempt; ``error`` is a short code, never the provider's own words."""

    result: Result
    error: str = ""
    provider_id: str = ""
    retry_after: float = 0.0
    """So many seconds the provider asked us to wait."""
    segments: int | None = None


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message, ready to go. ``reference`` stands in its text, or its head, and finds it again."""

    delivery: int
    address: str
    subject: str
    text: str
    reference: str
    staff: bool = False
    language: str = "en"
    calendar: str = ""
    """An invitation in iCalendar's form, or nothing."""
    attempted: float = 0.0
    """When the last attempt began, in seconds since 1970; to look it up."""


class Transport(Protocol):
    """Hands messages to a provider. Many threads use one at once; none of them holds a database connection."""

    def send(self, message: Message) -> Outcome:
        """Hand over one message, within ``Channel.seconds``."""

    def look_up(self, message: Message) -> Outcome | None:
        """Ask the provider whether it has the message: ``SENT``, ``REFUSED``, ``LATER`` (it has not), ``AWAY``.

        ``None``: it can't be asked.
        """


class NotSetUp:
    """The transport of a channel that this hospital does not use: nobody is there, and the next channel is taken."""

    def send(self, message: Message) -> Outcome:  # noqa: ARG002
        """Find nobody there."""
        return Outcome(result=Result.AWAY, error="not_set_up")

    def look_up(self, message: Message) -> Outcome | None:  # noqa: ARG002
        """Find nobody to ask."""
        return None


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One way to reach people."""

    code: str
    title: str
    open: Callable[[], Transport]
    """Give the transport of this process."""
    width: Callable[[], int]
    """So many messages a worker hands over at once: as many are in doubt if it is killed then."""
    seconds: Callable[[], float]
    """An attempt takes no longer."""
    can_be_asked: bool = False
    """Whether ``look_up`` answers, so that what is in doubt settles by itself."""
    replies: bool = False
    """Whether people answer by it."""
    per_second: Callable[[], float] = field(default=lambda: 0.0)
    """All workers together send no faster; 0: as fast as they can."""
    clean: Callable[[str], str] = field(default=lambda address: address)
    """Bring an address into the one form that is stored; empty for what can be no address."""
    finish: Callable[[Message, str], Message] = field(default=lambda message, _kind: message)
    """Add what this channel needs to the words of a message of a kind."""


def wanted(name: str, default: str = "") -> str:
    """Return what a channel is set to: Django's setting, or the variable, or the file that ``name_FILE`` names."""
    found = getattr(settings, name, None)
    if found is not None:
        return str(found)
    path = os.environ.get(f"{name}_FILE", "")
    if path and not os.environ.get(name):
        return Path(path).read_text(encoding="utf-8").strip()
    return os.environ.get(name) or default
