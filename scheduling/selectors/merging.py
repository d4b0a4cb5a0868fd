"""Two patients' operations side by side."""

from dataclasses import dataclass

from accounts.models import User
from patients.models import Patient
from scheduling.models import Operation

MOST = 20
"""So many operations of each are shown, the latest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One record with its operations, as far as they are open to whoever looks."""

    patient: Patient
    operations: list[Operation]
    more: bool


def side_of(patient: Patient, viewer: User) -> Side:
    """Return one side of the comparison."""
    rows = Operation.objects.filter(patient=patient).visible_to(viewer).select_related("procedure", "theatre")
    found = list(rows.order_by("-period", "-pk")[: MOST + 1])
    return Side(patient=patient, operations=found[:MOST], more=len(found) > MOST)
