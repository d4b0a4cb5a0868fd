"""Kit on loan: what is to come, what is late, and what could be tapped next."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import DateField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import User
from resources.models import Specialty
from scheduling.models import KIT_AWAITED, KIT_TO_COME, KitState, LoanKit, Operation, Status
from scheduling.services.kit import OVER

SEND_BACK = "send_back"
"""What has arrived for an operation that is over."""
DONE = (Status.RECOVERY, Status.COMPLETED, Status.CANCELLED)
NEXT: dict[str, tuple[KitState, ...]] = {
    KitState.TO_ORDER: (KitState.ORDERED,),
    KitState.ORDERED: (KitState.ARRIVED, KitState.NOT_COMING),
    KitState.NOT_COMING: (KitState.ORDERED,),
}
"""What usually comes next, one tap away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KitFilter:
    """Which kit to list: one state, :data:`SEND_BACK`, or all that somebody has to see to."""

    state: str = ""
    specialty: Specialty | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KitLine:
    """One kit with what to do about it; ``days_overdue`` is 0 while there is time."""

    kit: LoanKit
    needed_by: date | None
    days_overdue: int
    is_late: bool
    """It is promised for a day after the one on which it is needed."""
    is_cancelled: bool
    """It is on its way for an operation that was cancelled: the order has to be called off."""
    taps: list[KitState]
    others: list[KitState]

    @classmethod
    def of(cls, kit: LoanKit) -> "KitLine":
        """Return the line; the kit's operation has to be loaded."""
        needed, status = kit.needed_by, kit.operation.status
        awaited = kit.state in KIT_TO_COME and status not in OVER
        is_over = status in DONE
        taps = list(NEXT.get(kit.state, (KitState.RETURNED,) if kit.state == KitState.ARRIVED and is_over else ()))
        others = [state for state in KitState if state not in (*taps, kit.state)]
        if kit.state != KitState.ARRIVED:
            others = [state for state in others if state != KitState.RETURNED]
        return cls(
            kit=kit,
            needed_by=needed,
            days_overdue=max(0, (timezone.localdate() - needed).days) if needed and awaited else 0,
            is_late=bool(kit.state in KIT_AWAITED and needed and kit.expected_on and kit.expected_on > needed),
            is_cancelled=status == Status.CANCELLED and kit.state == KitState.ORDERED,
            taps=taps,
            others=others,
        )


def kit_lines(rows: Iterable[LoanKit]) -> list[KitLine]:
    """Return a line for each kit, in the same order."""
    return [KitLine.of(kit) for kit in rows]


def kit_of(operation: Operation) -> list[KitLine]:
    """Return the kit of one operation, in the order in which it was noted."""
    rows = list(operation.loan_kit.all())
    for kit in rows:
        kit.operation = operation
    return kit_lines(rows)


def kit_list(wanted: KitFilter, viewer: User) -> QuerySet[LoanKit]:
    """Return the kit of operations open to ``viewer``: what is needed first comes first, without a date last."""
    found = LoanKit.objects.filter(_wanted(wanted.state), operation__in=Operation.objects.visible_to(viewer))
    if wanted.specialty:
        found = found.filter(operation__specialty=wanted.specialty)
    first = ExpressionWrapper(
        TruncDate("operation__period__startswith") - F("days_before"),
        output_field=DateField(),
    )
    facts = ("patient", "procedure", "specialty", "theatre", "lead_surgeon")
    joined = found.select_related("changed_by", *(f"operation__{name}" for name in facts))
    return joined.order_by(first.asc(nulls_last=True), "pk")


def _wanted(state: str) -> Q:
    if state == SEND_BACK:
        return Q(state=KitState.ARRIVED, operation__status__in=DONE)
    if state:
        return Q(state=state)
    called_off = Q(state=KitState.ORDERED, operation__status=Status.CANCELLED)
    return Q(state__in=KIT_TO_COME) & ~Q(operation__status__in=OVER) | called_off
