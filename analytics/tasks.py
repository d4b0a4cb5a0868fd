"""Work that Celery does in the background."""

from celery import shared_task
from django.utils import timezone

from analytics.models import SecurityReport
from analytics.security.running import run_security_audit
from analytics.security.writing import tell_reviewers


@shared_task
def weekly_security_audit() -> None:
    """Audit the site's security once a week and tell those who review it; a second run on one day does nothing."""
    if not SecurityReport.objects.filter(at__date=timezone.localdate()).exists():
        tell_reviewers(run_security_audit())
