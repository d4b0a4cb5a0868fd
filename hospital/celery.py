"""The queue for work in the background, and what beat starts when."""

import os

from celery import Celery
from celery.schedules import crontab
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hospital.settings.dev")

app = Celery("hospital")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "verify-bookings": {
        "task": "scheduling.tasks.verify_bookings",
        "schedule": crontab(hour="2", minute="30"),  # UTC
        "options": {"expires": 3600},  # a run that waited an hour is no longer wanted
    },
    "find-duplicates": {
        "task": "patients.tasks.find_duplicates",
        "schedule": crontab(hour="2", minute="50"),
        "options": {"expires": 3600},
    },
    "keep-blocks": {
        "task": "scheduling.tasks.keep_blocks",
        "schedule": crontab(minute="10"),  # hourly: a rule counts in local days, which begin at any hour of UTC
        "options": {"expires": 3000},
    },
    "forget-sign-in-failures": {
        "task": "accounts.tasks.forget_sign_in_failures",
        "schedule": crontab(hour="3", minute="20"),
        "options": {"expires": 3600},
    },
    "weekly-security-audit": {
        "task": "analytics.tasks.weekly_security_audit",
        "schedule": crontab(hour="4", minute="0", day_of_week="monday"),
        "options": {"expires": 24 * 3600},
    },
    "find-unusual-access": {
        "task": "analytics.tasks.find_unusual_access",
        "schedule": crontab(hour="4", minute="20"),
        "options": {"expires": 12 * 3600},
    },
    "forget-ended-sessions": {
        "task": "accounts.tasks.forget_ended_sessions",
        "schedule": crontab(hour="3", minute="15"),
        "options": {"expires": 3600},
    },
    "forget-uploads": {
        "task": "patients.tasks.forget_uploads",
        "schedule": crontab(minute="40"),
        "options": {"expires": 3000},
    },
    "dispatch-messages": {
        "task": "messaging.tasks.dispatch",
        "schedule": settings.MESSAGE_DISPATCH_SECONDS,
        "options": {"expires": 25},
    },
    "seal-audit": {
        "task": "accounts.audit.tasks.seal",
        "schedule": 30.0,
        "options": {"expires": 25},
    },
    "anchor-audit": {
        "task": "accounts.audit.tasks.anchor",
        "schedule": crontab(minute="5"),
        "options": {"expires": 1800},
    },
    "verify-audit": {
        "task": "accounts.audit.tasks.verify_audit",
        "schedule": crontab(hour="3", minute="30"),
        "options": {"expires": 3600},
    },
    "ensure-audit-partitions": {
        "task": "accounts.audit.tasks.ensure_partitions",
        "schedule": crontab(hour="1", minute="30"),
        "options": {"expires": 3600},
    },
}
