"""What this app holds of a patient."""

from analytics.models import UnusualAccess
from patients.rights.holdings import NUMBER_ONLY, Holding, hold

ABOUT_COLLEAGUE = "About the colleague's conduct, not about the patient."


def register() -> None:
    """Name the table."""
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
