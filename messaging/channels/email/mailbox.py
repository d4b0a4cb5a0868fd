"""The built-in mailbox: what would be sent is kept in a table and shown on a page."""

from django.db import connection

from messaging.channels.base import Message, Outcome, Result
from messaging.channels.email.composing import html_of, message_id
from messaging.models import KeptMessage


class Mailbox:
    """Keeps letters instead of sending them; each once, by its Message-ID."""

    def send(self, message: Message) -> Outcome:
        """Keep one letter."""
        try:
            KeptMessage.objects.get_or_create(
                message_id=message_id(message),
                defaults={
                    "channel": "email",
                    "address": message.address,
                    "subject": message.subject,
                    "text": message.text,
                    "html": html_of(message),
                    "calendar": message.calendar,
                },
            )
        finally:
            connection.close()  # this thread's own
        return Outcome(result=Result.SENT, provider_id=message_id(message))

    def look_up(self, message: Message) -> Outcome | None:  # noqa: ARG002
        """As a mail server, it is not asked."""
        return None
