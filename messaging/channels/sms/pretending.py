"""The stand-in within a process of development: what it takes is shown in the built-in mailbox."""

from typing import Any

from django.db import connection

from messaging.channels.sms.stand_in import StandIn
from messaging.models import KeptMessage


class _Start:
    """Starts the stand-in; its token is what signs its reports."""

    token = StandIn().token

    def __call__(self) -> str:
        """Return the address at which it listens from now on."""
        return StandIn(on_taken=keep).start()


def keep(row: dict[str, Any]) -> None:
    """Show a message in the mailbox."""
    try:
        KeptMessage.objects.create(channel="sms", message_id=row["sid"], address=row["to"], text=row["body"])
    finally:
        connection.close()  # this thread's own


start = _Start()
