"""State that everything is there."""

from scheduling.models import ChangeVerb, OperationEquipment, OperationStaff, ReservationRole
from scheduling.services import SchedulingConflictError, assign_resource, confirm_operation
from tests.scheduling.services.reading import held
from tests.scheduling.services.refusing import refused
from tests.scheduling.world import World


def test_says_who_and_when(world: World) -> None:
    operation = world.booked(world.at(10), lead=world.surgeon)

    confirmed = confirm_operation(actor=world.coordinator, operation_id=operation.pk, version=2)

    confirmed.refresh_from_db()
    assert confirmed.confirmed_by == world.coordinator
    assert confirmed.confirmed_at is not None
    change = confirmed.changes.get(version=3)
    assert (change.verb, change.after["confirmed_by"]) == (ChangeVerb.CONFIRMED, world.coordinator.pk)
    assert len(held(confirmed)) == 2


def test_refused_with_what_is_missing(world: World) -> None:
    operation = world.booked(world.at(10))
    OperationEquipment.objects.create(operation=operation, equipment_type=world.item.type)
    OperationStaff.objects.create(operation=operation, role=ReservationRole.ANAESTHETIST)

    with refused(SchedulingConflictError) as error:
        confirm_operation(actor=world.coordinator, operation_id=operation.pk, version=2)

    assert str(error.value) == "Still missing: Lead surgeon. Still missing: Anaesthetist. Still missing: C-arm."
    assert error.value.overridable is False


def test_once_everything_is_there(world: World) -> None:
    operation = world.booked(world.at(10), lead=world.surgeon)
    OperationStaff.objects.create(operation=operation, role=ReservationRole.ANAESTHETIST)
    complete = assign_resource(
        actor=world.coordinator,
        operation_id=operation.pk,
        version=2,
        resource_id=world.anaesthetist.pk,
        role=ReservationRole.ANAESTHETIST,
    )

    confirmed = confirm_operation(actor=world.coordinator, operation_id=operation.pk, version=complete.version)

    assert confirmed.confirmed_by == world.coordinator
