"""Put a message behind the bell: it lies in our own database, so it is once there or not at all."""

from django.db import connection

from messaging.channels.base import Message, Outcome, Result
from messaging.models import Delivery, Notice


class Bell:
    """Keeps notices for people to read on the site."""

    def send(self, message: Message) -> Outcome:
        """Keep one notice; the same one again is no second one."""
        try:
            row = Delivery.objects.get(pk=message.delivery)
            if row.user_id is None:
                return Outcome(result=Result.REFUSED, error="no_account")
            notice, _ = Notice.objects.get_or_create(
                delivery=row,
                defaults={
                    "user_id": row.user_id,
                    "subject": message.subject,
                    "text": message.text,
                    "link": str(row.fields.get("link", "")),
                    "urgent": row.urgent,
                },
            )
            return Outcome(result=Result.SENT, provider_id=f"notice-{notice.pk}")
        finally:
            connection.close()  # this thread's own

    def look_up(self, message: Message) -> Outcome | None:
        """Look whether it is there."""
        try:
            found = Notice.objects.filter(delivery=message.delivery).values_list("pk", flat=True).first()
        finally:
            connection.close()
        return Outcome(result=Result.SENT, provider_id=f"notice-{found}") if found else Outcome(result=Result.LATER)
