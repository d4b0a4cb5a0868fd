"""Invitations for staff's calendars (RFC 5545), with nothing about patients in them."""

from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from messaging.models import Delivery

INVITED = {"team_added", "emergency_added"}
"""The kinds that come with an invitation."""
HOURS = 1
LINE_BYTES = 73


def invitation(row: Delivery, title: str) -> str:
    """Return what a mail of this kind lets a calendar enter, or nothing."""
    fields = row.fields
    if row.kind not in INVITED or not {"date", "time"} <= fields.keys():
        return ""
    local = datetime.combine(date.fromisoformat(fields["date"]), time.fromisoformat(fields["time"]))
    begins = local.replace(tzinfo=timezone.get_current_timezone()).astimezone(UTC)
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Operation Scheduler//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:delivery-{row.pk}@{host}",
        f"DTSTAMP:{row.created_at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART:{begins:%Y%m%dT%H%M%SZ}",
        f"DTEND:{begins + timedelta(hours=HOURS):%Y%m%dT%H%M%SZ}",
        f"SUMMARY:{_escaped(title)}",
        *([f"LOCATION:{_escaped(fields['theatre'])}"] if "theatre" in fields else []),
        *([f"URL:{fields['link']}"] if "link" in fields else []),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(_folded(line) for line in lines)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> str:
    """Return a line with its ending; one that is too long goes on behind a space, never within a character."""
    parts, part = [], ""
    for character in line:
        if len((part + character).encode()) > LINE_BYTES:
            parts.append(part)
            part = ""
        part += character
    return "\r\n ".join([*parts, part]) + "\r\n"
