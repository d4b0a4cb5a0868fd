"""The waiting list: beside the calendar, and as a page of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from patients.selectors import find_patients
from resources.models import Specialty, StaffMember
from scheduling.models import Operation, Priority
from scheduling.querysets import OperationQuerySet

PANEL_SIZE = 40
"""How many the calendar's side panel shows; the page of the list has all."""
SORTS: dict[str, tuple[str, ...]] = {
    "urgency": ("priority__rank", "due_on", "listed_on", "pk"),
    "-urgency": ("-priority__rank", "-due_on", "-listed_on", "-pk"),
    "waiting": ("listed_on", "pk"),
    "-waiting": ("-listed_on", "-pk"),
    "due": ("due_on", "pk"),
    "-due": ("-due_on", "-pk"),
}
"""The orders that the page offers; "waiting" puts those first who wait longest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingPanel:
    """The most urgent operations that may be booked now, and how many wait in all."""

    operations: list[Operation]
    total: int


def in_order_of_urgency(operations: OperationQuerySet) -> OperationQuerySet:
    """Order by priority class, then due date, then how long they wait."""
    return operations.order_by(*SORTS["urgency"])


def waiting_panel(viewer: User) -> WaitingPanel:
    """Return what the calendar's side panel shows to ``viewer``, in two queries."""
    waiting = Operation.objects.waiting().listed_to(viewer)
    return WaitingPanel(
        operations=list(in_order_of_urgency(waiting).with_facts().with_waits()[:PANEL_SIZE]), total=waiting.count()
    )


POOLING = {"pooled": True, "own": False}
"""Whether no lead surgeon is named: pooled, any surgeon of the specialty may do it; else it is a surgeon's own."""
STAYS = {"day": True, "in": False}
"""Whether the patient goes home on the same day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingFilter:
    """Which operations to show; ``None`` and "" do not filter.

    ``due_within`` is in days from today, and counts what is overdue; ``most_minutes`` is wheels-in to wheels-out.
    """

    specialty: Specialty | None = None
    surgeon: StaffMember | None = None
    pooling: str = ""
    priority: Priority | None = None
    stay: str = ""
    assessment: str = ""
    due_within: int | None = None
    most_minutes: int | None = None
    overdue: bool = False
    short_notice: bool = False
    paused: bool = False
    sort: str = "urgency"


def waiting_list(wanted: WaitingFilter, viewer: User, *, text: str = "") -> OperationQuerySet:
    """Return the operations without a place, requests too, as the page shows them to ``viewer``."""
    operations = chosen(Operation.objects.unplaced().listed_to(viewer), wanted).with_facts().with_waits()
    if text:
        named = find_patients(text, viewer).values("pk")
        operations = operations.filter(Q(patient__in=named) | Q(procedure__name__icontains=text))
    return operations.order_by(*SORTS[wanted.sort])


def chosen(operations: OperationQuerySet, wanted: WaitingFilter) -> OperationQuerySet:
    """Return those of ``operations`` that the filter asks for."""
    today = timezone.localdate()
    asked = {
        "specialty": wanted.specialty,
        "lead_surgeon": wanted.surgeon,
        "lead_surgeon__isnull": POOLING.get(wanted.pooling),
        "priority": wanted.priority,
        "day_case": STAYS.get(wanted.stay),
        "assessment": wanted.assessment or None,
        "due_on__lte": None if wanted.due_within is None else today + timedelta(days=wanted.due_within),
        "minutes__lte": wanted.most_minutes,
        "short_notice": wanted.short_notice or None,
        "paused_since__isnull": False if wanted.paused else None,
    }
    operations = operations.alias(minutes=F("anaesthesia_minutes") + F("surgery_minutes"))
    operations = operations.filter(**{name: value for name, value in asked.items() if value is not None})
    return operations.overdue(today) if wanted.overdue else operations


WAITING_COLUMNS = (
    *("case", "mrn", "patient", "born", "procedure", "side", "specialty", "surgeon", "pooled", "priority"),
    *("listed", "due"),
    *("days waiting", "overdue", "minutes", "minutes from", "day case", "assessment", "fit until", "short notice"),
    *("paused since", "status"),
)
"""The columns of the list as a file."""
MOST_ROWS = 20_000
"""A file of more is no list any more."""


def waiting_rows(wanted: WaitingFilter, viewer: User) -> Iterator[tuple[object, ...]]:
    """Yield the list as rows of a file; of a confidential patient only that there is one."""
    for one in waiting_list(wanted, viewer)[:MOST_ROWS].iterator(chunk_size=1000):
        patient = one.patient
        who = (patient.mrn, patient.display_name, patient.date_of_birth) if one.is_open else ("", "Confidential", "")
        yield (
            *(one.pk, *who),
            *(one.procedure.name, one.get_side_display(), one.specialty.name),
            *((one.lead_surgeon.name, "") if one.lead_surgeon else ("", "yes")),
            *(one.priority.code, one.listed_on, one.due_on or "", one.days_waiting, "yes" if one.is_overdue else ""),
            *(one.in_room_minutes, one.get_estimate_source_display(), "yes" if one.day_case else ""),
            *(one.get_assessment_display(), one.fit_until or "", "yes" if one.short_notice else ""),
            *(one.paused_since or "", one.get_status_display()),
        )
