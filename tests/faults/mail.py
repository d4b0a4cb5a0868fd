"""``python -m tests.faults.mail PORT LEDGER SHARE``: a mail server that drops that share of its connections.

A third of them before the letter, a third within it, and a third once it was taken. Each letter that was taken is a
line of the ledger, written before anybody is told.
"""

import asyncio
import os
import random
import sys
import threading
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Server:
    """Takes letters, and hangs up now and then."""

    def __init__(self, ledger: int, share: float) -> None:
        self.ledger, self.share, self.random = ledger, share / 3, random.Random(3)

    def _hangs_up(self, server: SMTP) -> bool:
        if self.random.random() >= self.share:
            return False
        cast("asyncio.Transport", server.transport).abort()
        return True

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[Any]
    ) -> str:
        if address.startswith("refused"):
            return "550 no such person"
        self._hangs_up(server)
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self._hangs_up(server):
            return "451 gone"
        content = cast("bytes", envelope.content)
        head = content.partition(b"Message-ID: ")[2].partition(b"\r\n")[0]
        os.write(self.ledger, head + b"\n")
        self._hangs_up(server)
        return "250 taken"


def main() -> None:
    port, path, share = sys.argv[1:]
    ledger = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    Controller(Server(ledger, float(share)), hostname="127.0.0.1", port=int(port)).start()
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
