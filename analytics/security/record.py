"""Checks of what is kept: reviews that wait, the audit record's chain, backups and restore drills."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from django.apps import apps
from django.conf import settings

from accounts.audit.anchors import AnchorFileError, anchors
from accounts.audit.verifying import Scope, verify
from accounts.models import RoleAssignment
from analytics.models import Severity, UnusualAccess
from analytics.security.findings import Context, Found
from patients.models import EmergencyAccess

UNUSUAL_DAYS = 7
CHAIN_DAYS = 8
"""A week and a day: the audit runs weekly."""
ANCHOR_HOURS = 3
BACKUP_HOURS, DRILL_DAYS = 36, 35


def reviews_wait(context: Context) -> Iterator[Found]:
    """Find emergency and unusual access that nobody has reviewed in time."""
    late = context.now - timedelta(hours=settings.EMERGENCY_REVIEW_HOURS)
    emergencies = EmergencyAccess.objects.filter(outcome="", began__lt=late).count()
    if emergencies:
        evidence = f"{emergencies} after more than {settings.EMERGENCY_REVIEW_HOURS} hours."
        title = "Emergency access waits for its review"
        yield Found("review.emergency", Severity.HIGH, title, evidence, "Open Reviews and record the outcomes.")
    day = (context.now - timedelta(days=UNUSUAL_DAYS)).date()
    unusual = UnusualAccess.objects.filter(outcome="", day__lt=day).count()
    if unusual:
        evidence = f"{unusual} after more than {UNUSUAL_DAYS} days."
        title = "Unusual access waits for its review"
        yield Found("review.unusual", Severity.MEDIUM, title, evidence, "Open Reviews, Unusual access.")


def chain(context: Context) -> Iterator[Found]:
    """Check what was sealed of the audit record since the last run, and that it is anchored."""
    scope = Scope(since=context.now - timedelta(days=CHAIN_DAYS))
    broken = list(islice(verify(scope), 3))
    if broken:
        evidence = "; ".join(str(finding) for finding in broken)
        remedy = "Run manage.py verify_audit, keep the database as it is, and look who could write to it."
        yield Found("audit.chain", Severity.HIGH, "The audit record was tampered with", evidence, remedy)
    yield from _anchored(context)


def _anchored(context: Context) -> Iterator[Found]:
    remedy = "See that beat and a worker run, and that they can write AUDIT_ANCHOR_FILE."
    try:
        last = max((anchor.at for anchor in anchors()), default="")
    except AnchorFileError as error:
        yield Found("audit.anchor", Severity.HIGH, "The audit record's anchor file is damaged", str(error), remedy)
        return
    least = (context.now - timedelta(hours=ANCHOR_HOURS)).isoformat(timespec="seconds")
    if last < least:
        evidence = f"The last anchor is of {last}." if last else "There is no anchor yet."
        yield Found("audit.anchor", Severity.MEDIUM, "The audit record is not anchored", evidence, remedy)


def backups(context: Context) -> Iterator[Found]:
    """Find out how old the last backup is, and when one was last restored for practice."""
    made = apps.get_model("hospital", "BackupMade").objects.order_by("-at").values_list("at", flat=True).first()
    if made is None or made < context.now - timedelta(hours=BACKUP_HOURS):
        evidence = f"The last one was made {made:%d %b %Y %H:%M} UTC." if made else "None was ever made by this site."
        remedy = "Run manage.py backup every night; see “Backups” in docs/operations.md."
        yield Found("backup.age", Severity.HIGH, "There is no fresh backup", evidence, remedy)
    drill = apps.get_model("hospital", "RestoreDrill").objects.order_by("-at").first()
    remedy = "Run manage.py restore_drill every month."
    if drill is None or drill.at < context.now - timedelta(days=DRILL_DAYS):
        evidence = f"The last drill was {drill.at:%d %b %Y}." if drill else "No backup was ever restored for practice."
        yield Found("backup.drill", Severity.MEDIUM, "Restoring was not practised lately", evidence, remedy)
    elif not drill.succeeded:
        evidence = f"{drill.at:%d %b %Y}: {'; '.join(drill.faults[:3])}"
        yield Found("backup.drill_failed", Severity.HIGH, "The last restore drill failed", evidence, remedy)


def roles_over(context: Context) -> Iterator[Found]:
    """Find accounts that may still sign in although all their roles have ended."""
    ended = RoleAssignment.objects.filter(valid_until__lt=context.now.date(), user__is_active=True)
    in_force = RoleAssignment.objects.in_force().values("user")
    last = ended.exclude(user__in=in_force).order_by("user_id", "-valid_until").distinct("user_id")
    for assignment in last.select_related("user"):
        evidence = f"The last role ended {assignment.valid_until:%d %b %Y}."
        title = f"{assignment.user} has no role any more"
        remedy = "Switch the account off, or give it a role."
        yield Found("account.roles_over", Severity.LOW, title, evidence, remedy, subject=f"user:{assignment.user_id}")
