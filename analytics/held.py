"""What this app holds of a patient."""

from analytics.models import SecurityReport, UnusualAccess
from patients.merging.rules import Rule, once
from patients.rights.holdings import NUMBER_ONLY, Holding, hold
from patients.rights.retention import Kind, keep

DOCUMENTATION = "45 CFR 164.316(b)(2): six years."
ABOUT_COLLEAGUE = "About the colleague's conduct, not about the patient."


def register() -> None:
    """Name the table, and what else is kept for a time."""
    keep(
        Kind(
            code="security_report",
            title="Reports of the security audit",
            years=6,
            source=DOCUMENTATION,
            due=lambda instant: SecurityReport.objects.filter(at__lt=instant),
        ),
        Kind(
            code="unusual_access",
            title="Reviews of what stood out",
            years=6,
            source=DOCUMENTATION,
            due=lambda instant: UnusualAccess.objects.filter(day__lt=instant.date()),
        ),
    )
    once({UnusualAccess: Rule(key=lambda row: (row.day, row.rule, row.actor_id))})
    hold(
        Holding(
            model=UnusualAccess,
            title="Accesses that stood out",
            given=("rule", "actor", "day", "outcome", "reviewed_at"),
            withheld={
                "id": NUMBER_ONLY,
                "patient": NUMBER_ONLY,
                "evidence": "Numbers by which the rule found it; about the colleague.",
                "note": ABOUT_COLLEAGUE,
                "reviewed_by": ABOUT_COLLEAGUE,
            },
            left={"note": ""},
            stays={"evidence": "A sentence with numbers, without any patient's data."},
        ),
    )
