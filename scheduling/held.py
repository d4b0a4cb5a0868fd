"""What this app holds of a patient, and when a patient was last treated."""

from datetime import datetime

from django.db.models import Exists, Max, OuterRef, Q
from django.utils import timezone

from patients.rights.holdings import NUMBER_ONLY, Care, Holding, hold, know_care
from scheduling.models import (
    ChecklistAnswer,
    ClockPause,
    LoanKit,
    Operation,
    OperationChange,
    OperationConsent,
    OperationDelay,
    OperationEquipment,
    OperationEvent,
    OperationStaff,
    Reservation,
    Status,
)

WAITS = (Status.REQUESTED, Status.WAITING)
NUMBERS_ONLY = "Numbers and times of the plan; no words and no name."


def register() -> None:
    """Name the tables, and say how to find the last treatment."""
    hold(
        Holding(
            model=Operation,
            title="Operations",
            given=tuple(field.name for field in Operation._meta.get_fields() if _is_own(field)),  # noqa: SLF001
            withheld={"patient": NUMBER_ONLY},
            left={"notes": "", "external_id": None},
        ),
        Holding(
            model=OperationChange,
            title="Changes of the plan",
            path="operation__patient",
            given=("operation", "version", "verb", "actor", "at", "before", "after", "reason", "note", "overrides"),
            withheld=dict.fromkeys(("id", "undoes", "batch"), NUMBER_ONLY),
            left={"note": "", "overrides": []},
            stays=dict.fromkeys(("before", "after"), NUMBERS_ONLY),
        ),
        Holding(
            model=OperationEvent,
            title="What happened in theatre",
            path="operation__patient",
            given=(
                *("operation", "kind", "at", "recorded_at", "recorded_by"),
                *("current", "reason", "taken_back_at", "taken_back_by"),
            ),
            withheld=dict.fromkeys(("id", "supersedes"), NUMBER_ONLY),
            left={"reason": ""},
        ),
        Holding(
            model=ChecklistAnswer,
            title="Answers of the safety checklist",
            path="event__operation__patient",
            given=("event", "item", "text", "answer"),
            withheld={"id": NUMBER_ONLY},
            stays={"text": "The hospital's question, the same for every patient."},
        ),
        Holding(
            model=OperationConsent,
            title="Consent to the operations",
            path="operation__patient",
            given=(
                *("operation", "answer", "procedure", "side", "signed_on", "taken_by", "document", "note"),
                *("recorded_by", "recorded_at", "taken_back_by", "taken_back_at", "taken_back_because"),
            ),
            withheld={"id": NUMBER_ONLY},
            left={"note": "", "taken_back_because": "", "document": None},
        ),
        Holding(
            model=ClockPause,
            title="Days on which the waiting clock stood still",
            path="operation__patient",
            given=("operation", "kind", "starts", "ends", "note", "recorded_at", "recorded_by"),
            withheld={"id": NUMBER_ONLY},
            left={"note": ""},
        ),
        Holding(
            model=OperationDelay,
            title="Delays of the operations",
            path="operation__patient",
            given=(
                *("operation", "reason", "minutes", "note", "recorded_at", "recorded_by"),
                *("taken_back_at", "taken_back_by"),
            ),
            withheld={"id": NUMBER_ONLY},
            left={"note": ""},
        ),
        Holding(
            model=LoanKit,
            title="Kit on loan for the operations",
            path="operation__patient",
            given=(
                *("operation", "what", "supplier", "quantity", "days_before", "state", "expected_on", "reference"),
                *("note", "changed_at", "changed_by"),
            ),
            withheld=dict.fromkeys(("id", "version"), NUMBER_ONLY),
            left={"what": "", "supplier": "", "reference": "", "note": ""},
        ),
        Holding(
            model=Reservation,
            title="Theatres, people, equipment and beds of the operations",
            path="operation__patient",
            given=("operation", "resource", "role", "period", "active", "exclusive"),
            withheld={"id": NUMBER_ONLY},
        ),
        *(
            Holding(
                model=model,
                title=title,
                path="operation__patient",
                given=("operation", wanted, "quantity"),
                withheld={"id": NUMBER_ONLY},
            )
            for model, title, wanted in (
                (OperationEquipment, "Equipment that the operations need", "equipment_type"),
                (OperationStaff, "People whom the operations need", "role"),
            )
        ),
    )
    know_care(Care(since=_since, ever=_ever, last=_last, is_open=_is_open))


def _is_own(field: object) -> bool:
    return getattr(field, "concrete", False) and getattr(field, "name", "") != "patient"


def _since(instant: datetime) -> Q:
    """Return patients with an operation to come, one that ended since, or one that was cancelled since."""
    theirs = Operation.objects.filter(patient=OuterRef("pk"))
    changed = OperationChange.objects.filter(operation=OuterRef("pk"), at__gte=instant)
    cancelled = Q(status=Status.CANCELLED) & Exists(changed)
    return Q(Exists(theirs.filter(Q(status__in=WAITS) | Q(period__endswith__gte=instant) | cancelled)))


def _ever() -> Q:
    return Q(Exists(Operation.objects.filter(patient=OuterRef("pk"))))


def _last(patient_id: int) -> datetime | None:
    """Return the end of the last operation, or when it was cancelled."""
    placed = Operation.objects.filter(patient=patient_id).aggregate(end=Max("period__endswith"))["end"]
    cancelled = OperationChange.objects.filter(operation__patient=patient_id, operation__status=Status.CANCELLED)
    ends = [placed, cancelled.aggregate(at=Max("at"))["at"]]
    return max((end for end in ends if end), default=None)


def _is_open(patient_id: int) -> bool:
    """Say whether an operation is to come."""
    to_come = Q(status__in=WAITS) | Q(period__endswith__gte=timezone.now())
    return Operation.objects.filter(to_come, patient=patient_id).exists()
