"""E-mail, by SMTP."""

from functools import cache

from django.conf import settings

from messaging.channels.base import Channel, Transport, wanted
from messaging.channels.email.addresses import clean


def _open() -> Transport:
    from messaging.channels.email.mailbox import Mailbox  # noqa: PLC0415  # its model loads later

    return Mailbox() if settings.MAILBOX else _smtp()


@cache
def _smtp() -> Transport:
    from messaging.channels.email.smtp import Smtp  # noqa: PLC0415

    return Smtp()


def _width() -> int:
    return int(wanted("EMAIL_AT_ONCE", "4"))


CHANNEL = Channel(
    code="email",
    title="E-mail",
    open=_open,
    width=_width,
    # A kept connection that died, then a new one: connecting, greeting, signing in, handing over.
    seconds=lambda: 9.0 * settings.EMAIL_TIMEOUT,
    per_second=lambda: float(wanted("EMAIL_PER_SECOND", "0")),
    clean=clean,
)
