"""A mail server on loopback that takes letters, refuses them, or hangs up, as their addresses say.

``refused@…`` is no address, ``later@…`` is busy the first time, ``silent@…`` is taken without an answer,
``cut@…`` ends the connection before the letter.
"""

import asyncio
import socket
from collections import Counter
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Letters:
    """What was taken, in order, and how often anybody was told to come again."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.told: Counter[str] = Counter()
        self.sessions: set[int] = set()

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[Any]
    ) -> str:
        self.sessions.add(id(session))
        name = address.partition("@")[0]
        self.told[name] += 1
        if name == "refused":
            return "550 no such person"
        if name == "later" and self.told[name] == 1:
            return "451 come again"
        if name == "cut":
            cast("asyncio.Transport", server.transport).abort()
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(message_from_bytes(cast("bytes", envelope.content), policy=default))
        if envelope.rcpt_tos[0].startswith("silent"):
            cast("asyncio.Transport", server.transport).abort()
        return "250 taken"


def mail_server() -> tuple[Controller, Letters]:
    letters = Letters()
    with socket.socket() as probe:  # the controller looks for itself on the port it was told
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Controller(letters, hostname="127.0.0.1", port=port), letters
