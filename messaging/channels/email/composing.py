"""From a message to a letter: plain text, HTML, and an invitation for the calendar."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from messaging.channels.base import Message
from messaging.wording.languages import direction


def message_id(message: Message) -> str:
    """Return the letter's Message-ID: the same at every attempt, so that it is known wherever it turns up."""
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return f"<{message.delivery}.{message.reference.lower()}@{host}>"


def html_of(message: Message) -> str:
    """Return the HTML part. It loads nothing from anywhere."""
    context = {
        "message": message,
        "direction": direction(message.language),
        "paragraphs": [part for part in message.text.split("\n") if part.strip()],
    }
    return render_to_string("messaging/mail.html", context)


def compose(message: Message) -> EmailMessage:
    """Return the letter."""
    letter = EmailMessage(policy=SMTP)
    letter["Subject"] = message.subject
    letter["From"] = settings.DEFAULT_FROM_EMAIL
    letter["To"] = Address(addr_spec=message.address)
    letter["Date"] = format_datetime(timezone.now())
    letter["Message-ID"] = message_id(message)
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice comes back
    letter["Content-Language"] = message.language
    letter.set_content(message.text)
    letter.add_alternative(html_of(message), subtype="html")
    if message.calendar:
        letter.add_attachment(
            message.calendar.encode(),
            maintype="text",
            subtype="calendar",
            filename="invitation.ics",
            params={"charset": "utf-8", "method": "PUBLISH"},
        )
    return letter
