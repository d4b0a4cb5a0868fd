"""Who saw a patient's record: the shape that the page and the file show."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice

from django.db.models import QuerySet
from django.utils import timezone

from accounts.audit.activity import PAGE_SIZE, slice_below
from accounts.audit.models import Access, AccessKind
from accounts.audit.words import page_in_words
from accounts.models import User
from patients.models import EmergencyAccess, Patient

IN_PASSING = (AccessKind.LIST, AccessKind.LIVE)
"""Seen among others: shown when asked for, since a board that hangs on a wall would drown the rest."""
BATCH = 2000


@dataclass(frozen=True, kw_only=True)
class HistoryFilter:
    """Which accesses are wanted; the days are local ones, both included."""

    first: date | None = None
    last: date | None = None
    person: User | None = None
    in_passing: bool = False


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One time that somebody saw the patient. ``emergency`` is the number of the emergency access in force then."""

    at: datetime
    person: User | None
    page: str
    kind: str
    reason: str
    address: str
    emergency: int | None


def access_history(patient: Patient, wanted: HistoryFilter, before: int | None) -> tuple[list[Seen], int | None]:
    """Return the newest accesses below the row ``before``, and below which the next ones are."""
    found = slice_below(_rows(patient, wanted), before, size=PAGE_SIZE)
    return _in_words(patient, found.rows), found.older


def whole_history(patient: Patient, wanted: HistoryFilter) -> Iterator[Seen]:
    """Yield all of it, newest first, in batches."""
    rows = _rows(patient, wanted).order_by("-pk").iterator(BATCH)
    while batch := list(islice(rows, BATCH)):
        yield from _in_words(patient, batch)


def _rows(patient: Patient, wanted: HistoryFilter) -> QuerySet[Access]:
    merged = patient.merged_from.values_list("pk", flat=True)  # who saw the other number saw this patient
    rows = Access.objects.filter(patient_id__in=[patient.pk, *merged])
    if not wanted.in_passing:
        rows = rows.exclude(kind__in=IN_PASSING)
    if wanted.person:
        rows = rows.filter(actor_id=wanted.person.pk)
    if wanted.first:
        rows = rows.filter(at__gte=_midnight(wanted.first))
    if wanted.last:
        rows = rows.filter(at__lt=_midnight(wanted.last + timedelta(days=1)))
    return rows


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _in_words(patient: Patient, rows: list[Access]) -> list[Seen]:
    people = User.objects.in_bulk({row.actor_id for row in rows if row.actor_id})
    emergencies = list(EmergencyAccess.objects.filter(patient=patient, actor__in=people)) if people else []
    return [
        Seen(
            at=row.at,
            person=people.get(row.actor_id or 0),
            page=page_in_words(row.view),
            kind=AccessKind(row.kind).label,
            reason=row.reason.replace("_", " "),
            address=row.address or "",
            emergency=next(
                (e.pk for e in emergencies if e.actor_id == row.actor_id and e.began <= row.at < e.ends), None
            ),
        )
        for row in rows
    ]
