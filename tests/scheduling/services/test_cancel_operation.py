"""Cancel an operation that has not started."""

import pytest

from scheduling.models import ChangeVerb, Operation, Status
from scheduling.services import InvalidPlanError, cancel_operation
from tests.factories import CancellationReasonFactory
from tests.scheduling.services.reading import held
from tests.scheduling.services.refusing import refused
from tests.scheduling.world import World


def test_releases_everything(world: World) -> None:
    operation = world.booked(world.at(10), lead=world.surgeon, members=world.whole_team())
    reason = CancellationReasonFactory()

    cancelled = cancel_operation(actor=world.coordinator, operation_id=operation.pk, version=2, reason=reason)

    cancelled = Operation.objects.get(pk=cancelled.pk)
    assert (cancelled.status, cancelled.theatre, cancelled.period) == (Status.CANCELLED, None, None)
    assert cancelled.cancelled_for == reason
    assert held(cancelled) == {}
    again = world.booked(world.at(10), lead=world.surgeon, members=world.whole_team())
    assert len(held(again)) == 6


def test_history_keeps_the_reason(world: World) -> None:
    operation = world.booked(world.at(10))
    reason = CancellationReasonFactory()

    cancelled = cancel_operation(
        actor=world.coordinator, operation_id=operation.pk, version=2, reason=reason, note="Fever"
    )

    change = cancelled.changes.get(version=3)
    assert (change.verb, change.reason, change.note) == (ChangeVerb.CANCELLED, reason, "Fever")
    assert (change.before["status"], change.after["status"]) == ("scheduled", "cancelled")
    assert change.after["cancelled_for"] == reason.pk


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.WAITING])
def test_from_the_waiting_list(world: World, status: str) -> None:
    operation = world.waiting(status=status)

    cancelled = cancel_operation(
        actor=world.coordinator, operation_id=operation.pk, version=1, reason=CancellationReasonFactory()
    )

    assert cancelled.status == Status.CANCELLED


def test_after_arrival(world: World) -> None:
    operation = world.booked(world.at(10))
    Operation.objects.filter(pk=operation.pk).update(status=Status.ARRIVED)

    cancelled = cancel_operation(
        actor=world.coordinator, operation_id=operation.pk, version=2, reason=CancellationReasonFactory()
    )

    assert held(cancelled) == {}


REASONS = [
    ({"applies_to": "postpone"}, "This reason is for postponing. Choose one for cancelling."),
    ({"in_use": False}, "This reason is no longer used. Choose another one."),
]


@pytest.mark.parametrize(("fields", "message"), REASONS)
def test_reason_that_is_none(world: World, fields: dict[str, object], message: str) -> None:
    operation = world.booked(world.at(10))
    reason = CancellationReasonFactory(**fields)

    with refused(InvalidPlanError) as error:
        cancel_operation(actor=world.coordinator, operation_id=operation.pk, version=2, reason=reason)

    assert (error.value.field, str(error.value)) == ("reason", message)
