"""Work that Celery does in the background."""

from celery import shared_task
from django.core.management import call_command

from accounts.sign_in_failures import forget_old


@shared_task
def forget_ended_sessions() -> None:
    """Delete the sessions that have ended: each sign-in leaves one, and nobody else clears them away."""
    call_command("clearsessions")


@shared_task
def forget_sign_in_failures() -> None:
    """Delete failed sign-ins that nobody looks at any more."""
    forget_old()
