"""Where surgical orders go: the schedule knows waiting lists, which this app does not."""

from collections.abc import Callable
from dataclasses import dataclass

from accounts.models import User
from patients.importing.incoming import Order
from patients.importing.report import Outcome
from patients.models import Patient


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of an order: ``operation_id`` where there is one now, ``text`` why not, or what differs."""

    outcome: Outcome | None
    operation_id: int | None = None
    text: str = ""


Desk = Callable[[User, Patient, Order, int | None], Placed]
"""(actor, patient, order, the operation that it became before); called inside the import's transaction.

An outcome of ``None`` means that it is no order for an operation at all.
"""
_desks: list[Desk] = []


def take_orders(desk: Desk) -> None:
    """Name who takes surgical orders."""
    _desks.append(desk)


def place(actor: User, patient: Patient, order: Order, operation_id: int | None) -> Placed:
    """Hand over an order."""
    if not _desks:
        return Placed(Outcome.REFUSED, text="There is no schedule here that takes orders.")
    return _desks[0](actor, patient, order, operation_id)
