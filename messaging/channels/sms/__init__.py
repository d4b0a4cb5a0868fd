"""SMS, by Twilio; without an account a stand-in on this machine answers in its place."""

from dataclasses import replace
from functools import cache

from django.conf import settings

from messaging.channels.base import Channel, Message, NotSetUp, Transport, wanted
from messaging.channels.sms.numbers import clean

TIMEOUT_SECONDS = 10.0


def _open() -> Transport:
    if settings.MAILBOX and not wanted("TWILIO_ACCOUNT_SID"):
        return _pretended()
    account, token, service, url = _account()
    return _twilio(account, token, service, url) if account and token and service else NotSetUp()


def _account() -> tuple[str, str, str, str]:
    names = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_MESSAGING_SERVICE_SID", "TWILIO_URL")
    account, token, service, url = (wanted(name) for name in names)
    return account, token, service, url


@cache
def _twilio(account: str, token: str, service: str, url: str) -> Transport:
    from messaging.channels.sms.transport import Twilio  # noqa: PLC0415  # the SDK takes a while to load

    return Twilio(account=account, token=token, service=service, url=url, timeout=_timeout())


@cache
def _pretended() -> Transport:
    """Run the stand-in within this process; what it takes is shown in the built-in mailbox."""
    from messaging.channels.sms.pretending import start  # noqa: PLC0415

    return _twilio("AC" + "0" * 32, start.token, "MG" + "0" * 32, start())


def _timeout() -> float:
    return float(wanted("SMS_TIMEOUT", str(TIMEOUT_SECONDS)))


def finish(message: Message, kind: str) -> Message:
    """Add how to answer, and the letters by which the message is found again."""
    from messaging.wording.kinds import KINDS  # noqa: PLC0415  # the stand-in runs without Django's apps
    from messaging.wording.shipped import REPLY  # noqa: PLC0415

    lines = [message.text]
    if not message.staff and KINDS[kind].asks_reply:
        lines.append(REPLY[message.language])
    return replace(message, text="\n".join([*lines, f"Ref {message.reference}"]))


CHANNEL = Channel(
    code="sms",
    title="SMS",
    open=_open,
    width=lambda: int(wanted("SMS_AT_ONCE", "8")),
    seconds=lambda: 2 * _timeout(),  # to connect, and to be answered
    can_be_asked=True,
    replies=True,
    per_second=lambda: float(wanted("SMS_PER_SECOND", "0")),
    clean=clean,
    finish=finish,
)
