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


@shared_task
def find_unusual_access() -> int:
    """Look at what was seen yesterday; a second run finds the same rows and adds none."""
    return find_unusual(timezone.localdate() - timedelta(days=1))
