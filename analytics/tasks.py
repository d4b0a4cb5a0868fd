"""Work that Celery does in the background."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from analytics.models import SecurityReport
from analytics.security.running import run_security_audit
from analytics.security.writing import tell_reviewers
from analytics.unusual.services import find_unusual


@shared_task
def weekly_security_audit() -> None:
    """Audit the site's security once a week and tell those who review it; a second run on one day does nothing."""
    if not SecurityReport.objects.filter(at__date=timezone.localdate()).exists():
        tell_reviewers(run_security_audit())


DAYS_LOOKED_AT = 7
"""So many nights in a row may fail before a day is never looked at."""


@shared_task
def find_unusual_access() -> int:
    """Look at what was seen yesterday, and at the days before it in case a night was missed; none is found twice."""
    today = timezone.localdate()
    return sum(find_unusual(today - timedelta(days=days)) for days in range(1, DAYS_LOOKED_AT + 1))
