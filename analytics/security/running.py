"""Run every check, keep what was found, and compare with the last run."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from analytics.models import FindingState, SecurityFinding, SecurityReport
from analytics.security import accounts, dependencies, record, site
from analytics.security.findings import Check, Context, Found, NotCheckedError

logger = logging.getLogger(__name__)
CHECKS: list[Check] = [
    accounts.without_second_factor,
    accounts.too_powerful,
    accounts.shared,
    accounts.many_places,
    accounts.failed_sign_ins,
    accounts.dormant,
    accounts.never_used,
    record.roles_over,
    record.reviews_wait,
    record.chain,
    record.backups,
    site.django_checks,
    site.own_settings,
    site.answers,
    site.key_age,
    site.certificate,
    site.database_in_clear,
    dependencies.known_faults,
]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of the findings since the run before; ids of findings."""

    new: frozenset[int]
    fixed: frozenset[int]


def run_security_audit(checks: Sequence[Check] = CHECKS) -> SecurityReport:
    """Run ``checks`` and return the report.

    A finding that is no longer found is fixed; one that a person accepted stays accepted until its day is
    over. A check that breaks counts as not checked: the others still run.
    """
    latest = SecurityReport.objects.first()
    context = Context(timezone.now(), before=latest.facts if latest else {})
    context.facts = dict(context.before)
    found: dict[tuple[str, str], tuple[str, Found]] = {}
    not_checked: dict[str, str] = {}
    for check in checks:
        name = check.__name__
        try:
            found |= {(one.code, one.subject): (name, one) for one in check(context)}
        except NotCheckedError as reason:
            not_checked[name] = str(reason)
        except Exception as error:
            logger.exception("The security check %s broke.", name)
            not_checked[name] = f"{name.replace('_', ' ').capitalize()}: broke ({type(error).__name__})."
    with transaction.atomic():
        return _keep(context, found, not_checked)


def compare(report: SecurityReport) -> Comparison:
    """Say which findings a report has that the one before lacked, and which it no longer has."""
    before = SecurityReport.objects.filter(at__lt=report.at).first()
    now = {int(one["id"]) for one in report.results}
    then = {int(one["id"]) for one in before.results} if before else set()
    return Comparison(new=frozenset(now - then), fixed=frozenset(then - now))


def _keep(
    context: Context, found: dict[tuple[str, str], tuple[str, Found]], not_checked: dict[str, str]
) -> SecurityReport:
    known = {(row.code, row.subject): row for row in SecurityFinding.objects.select_for_update()}
    for key, (check, one) in found.items():
        row = known.get(key) or SecurityFinding(code=one.code, subject=one.subject, first_seen=context.now)
        row.found_by = check
        _write(row, one, context)
    for key, row in known.items():
        # What could not be looked at is not fixed by that.
        if key not in found and row.state != FindingState.FIXED and row.found_by not in not_checked:
            row.state, row.accepted_until = FindingState.FIXED, None
            row.save()
    standing = SecurityFinding.objects.exclude(state=FindingState.FIXED)
    return SecurityReport.objects.create(
        at=context.now,
        results=[_as_it_is(row) for row in standing],
        not_checked=list(not_checked.values()),
        facts=context.facts,
    )


def _write(row: SecurityFinding, one: Found, context: Context) -> None:
    row.severity, row.title, row.evidence, row.remedy = one.severity, one.title[:200], one.evidence, one.remedy
    row.last_seen = context.now
    over = row.accepted_until is not None and row.accepted_until < timezone.localdate()
    if row.state == FindingState.FIXED or (row.state == FindingState.ACCEPTED and over):
        row.state, row.accepted_until = FindingState.OPEN, None
    row.save()


def _as_it_is(row: SecurityFinding) -> dict[str, object]:
    """Return a finding as a report keeps it."""
    return {
        "id": row.pk,
        "code": row.code,
        "severity": row.get_severity_display(),
        "title": row.title,
        "evidence": row.evidence,
        "remedy": row.remedy,
        "state": row.state,
        "first_seen": row.first_seen.isoformat(),
        "accepted_until": row.accepted_until.isoformat() if row.accepted_until else None,
        "note": row.note,
    }
