"""Put a booked operation back on the waiting list."""

import pytest

from scheduling.models import ChangeVerb, Operation, Status
from scheduling.services import InvalidPlanError, postpone_operation
from tests.factories import CancellationReasonFactory
from tests.scheduling.services.reading import held
from tests.scheduling.services.refusing import refused
from tests.scheduling.world import World


def test_waits_again_and_holds_nothing(world: World) -> None:
    operation = world.booked(world.at(10), lead=world.surgeon, members=world.whole_team(), due_on=world.day)
    reason = CancellationReasonFactory()

    postponed = postpone_operation(
        actor=world.coordinator, operation_id=operation.pk, version=2, reason=reason, note=" No bed "
    )

    postponed.refresh_from_db()
    assert (postponed.status, postponed.theatre, postponed.period) == (Status.WAITING, None, None)
    assert (postponed.listed_on, postponed.due_on) == (operation.listed_on, world.day)
    assert postponed.lead_surgeon == world.surgeon
    assert held(postponed) == {}
    change = postponed.changes.get(version=3)
    assert (change.verb, change.reason, change.note) == (ChangeVerb.POSTPONED, reason, "No bed")
    assert len(change.before["team"]) == 5
    assert change.after["team"] == []


def test_can_be_booked_again(world: World) -> None:
    operation = world.booked(world.at(10), lead=world.surgeon)
    postponed = postpone_operation(
        actor=world.coordinator, operation_id=operation.pk, version=2, reason=CancellationReasonFactory()
    )

    again = world.booked(world.at(10), lead=world.surgeon, operation=postponed)

    assert held(again) == {"theatre Theatre 1": "09:50–11:10", "lead_surgeon Mr A. Khan": "10:15–11:00"}
    assert again.reservations.count() == 2


REASONS = [
    ({"applies_to": "cancel"}, "This reason is for cancelling. Choose one for postponing."),
    ({"in_use": False}, "This reason is no longer used. Choose another one."),
]


@pytest.mark.parametrize(("fields", "message"), REASONS)
def test_reason_that_is_none(world: World, fields: dict[str, object], message: str) -> None:
    operation = world.booked(world.at(10))
    reason = CancellationReasonFactory(**fields)

    with refused(InvalidPlanError) as error:
        postpone_operation(actor=world.coordinator, operation_id=operation.pk, version=2, reason=reason)

    assert (error.value.field, str(error.value)) == ("reason", message)


def test_patient_who_has_arrived_may_be_sent_home(world: World) -> None:
    operation = world.booked(world.at(10))
    Operation.objects.filter(pk=operation.pk).update(status=Status.ARRIVED)

    postponed = postpone_operation(
        actor=world.coordinator, operation_id=operation.pk, version=2, reason=CancellationReasonFactory()
    )

    assert postponed.status == Status.WAITING
