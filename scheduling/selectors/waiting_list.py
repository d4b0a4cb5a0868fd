"""The waiting list: beside the calendar, and as a page of its own."""

from dataclasses import dataclass

from django.db.models import Q
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
    return WaitingPanel(operations=list(in_order_of_urgency(waiting).with_facts()[:PANEL_SIZE]), total=waiting.count())


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingFilter:
    """Which operations to show; ``None`` does not filter."""

    specialty: Specialty | None = None
    surgeon: StaffMember | None = None
    priority: Priority | None = None
    overdue: bool = False
    sort: str = "urgency"


def waiting_list(wanted: WaitingFilter, viewer: User, *, text: str = "") -> OperationQuerySet:
    """Return the operations without a place, requests too, as the page shows them to ``viewer``."""
    operations = Operation.objects.unplaced().listed_to(viewer).with_facts()
    if wanted.specialty:
        operations = operations.filter(specialty=wanted.specialty)
    if wanted.surgeon:
        operations = operations.filter(lead_surgeon=wanted.surgeon)
    if wanted.priority:
        operations = operations.filter(priority=wanted.priority)
    if wanted.overdue:
        operations = operations.filter(due_on__lt=timezone.localdate())
    if text:
        named = find_patients(text, viewer).values("pk")
        operations = operations.filter(Q(patient__in=named) | Q(procedure__name__icontains=text))
    return operations.order_by(*SORTS[wanted.sort])
