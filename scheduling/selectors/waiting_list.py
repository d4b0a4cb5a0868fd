"""The waiting list beside the calendar."""

from dataclasses import dataclass

from scheduling.models import Operation
from scheduling.querysets import OperationQuerySet

PANEL_SIZE = 40
"""How many the calendar's side panel shows; the page of the list has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingPanel:
    """The most urgent operations that may be booked now, and how many wait in all."""

    operations: list[Operation]
    total: int


def in_order_of_urgency(operations: OperationQuerySet) -> OperationQuerySet:
    """Order by priority class, then due date, then how long they wait."""
    return operations.order_by("priority__rank", "due_on", "listed_on", "pk")


def waiting_panel() -> WaitingPanel:
    """Return what the calendar's side panel shows, in two queries."""
    waiting = Operation.objects.waiting()
    return WaitingPanel(
        operations=list(in_order_of_urgency(waiting).with_facts()[:PANEL_SIZE]), total=waiting.count()
    )
