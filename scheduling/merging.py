"""What a merge of two patients' records means for their operations."""

from collections.abc import Collection

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone

from patients.merging.errors import Clash
from patients.merging.followers import Follower, follow
from patients.models import Document
from scheduling.models import Operation, OperationConsent
from scheduling.period import Period
from scheduling.services.writing import announce, snapshot


def register() -> None:
    """Let the operations follow their patient."""
    follow(Follower(rows=_rows, clashes=clashes, moved=_moved))


def _rows(patients: Collection[int]) -> QuerySet[Operation]:
    return Operation.objects.filter(patient__in=patients)


def clashes(one: int, other: int) -> list[Clash]:
    """Return the operations of two patients that are at the same time: one person can't be in both."""
    rows = Operation.objects.filter(patient__in=(one, other), period__isnull=False).select_related(
        "theatre", "procedure"
    )
    ours = [row for row in rows.order_by("period", "pk") if row.patient_id == one]
    theirs = [row for row in rows.order_by("period", "pk") if row.patient_id == other]
    return [
        Clash(
            sentence=f"Case {_said(a)} and case {_said(b)} overlap.",
            links=tuple((reverse("scheduling:operation-detail", args=[row.pk]), f"Case {row.pk}") for row in (a, b)),
        )
        for a in ours
        for b in theirs
        if Period.of(a.period).overlaps(Period.of(b.period))
    ]


def _said(operation: Operation) -> str:
    period = Period.of(operation.period)
    at = f"{timezone.localtime(period.start):%a %d %b %Y} {period}"
    return f"{operation.pk} ({operation.procedure.name}, {operation.theatre}, {at})"


def _moved(numbers: Collection[int]) -> None:
    _point_to_own_documents(numbers)
    _tell_calendars(numbers)


def _point_to_own_documents(numbers: Collection[int]) -> None:
    """Let consents name their patient's own copy of a form that both records hold: the other stays where it was."""
    consents = OperationConsent.objects.filter(operation__in=numbers, document__isnull=False)
    for consent in consents.exclude(document__patient=F("operation__patient")).select_related("document", "operation"):
        scanned = consent.document
        if scanned is None:
            continue
        own = Document.objects.counting().filter(patient=consent.operation.patient_id, fingerprint=scanned.fingerprint)
        consent.document = own.first() or scanned
        consent.save(update_fields=["document"])


def _tell_calendars(numbers: Collection[int]) -> None:
    """Let open calendars look again: cards name the patient."""
    rows = Operation.objects.filter(pk__in=numbers, period__isnull=False)
    announce(*(snapshot(row, []) for row in rows))
