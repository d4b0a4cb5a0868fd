"""Take somebody or something off a booked operation."""

import pytest

from scheduling.models import ChangeVerb, Operation, ReservationRole
from scheduling.services import InvalidPlanError, assign_resource, confirm_operation, release_resource
from tests.scheduling.services.reading import held
from tests.scheduling.services.refusing import refused
from tests.scheduling.world import World


def release(world: World, operation: Operation, resource_id: int) -> Operation:
    return release_resource(
        actor=world.coordinator,
        operation_id=operation.pk,
        version=operation.version,
        resource_id=resource_id,
    )


def test_is_free_at_once(world: World) -> None:
    nurse = [(world.nurse, ReservationRole.SCRUB_NURSE)]
    operation = world.booked(world.at(10), members=nurse)

    released = release(world, operation, world.nurse.pk)

    assert held(released) == {"theatre Theatre 1": "09:50–11:10"}
    assert released.changes.get(version=3).verb == ChangeVerb.RELEASED
    assert len(held(world.booked(world.at(10), theatre=world.two, members=nurse))) == 2


def test_and_back(world: World) -> None:
    operation = world.booked(world.at(10), members=[(world.nurse, ReservationRole.SCRUB_NURSE)])
    released = release(world, operation, world.nurse.pk)

    again = assign_resource(
        actor=world.coordinator,
        operation_id=operation.pk,
        version=released.version,
        resource_id=world.nurse.pk,
        role=ReservationRole.SCRUB_NURSE,
    )

    assert held(again) == {"theatre Theatre 1": "09:50–11:10", "scrub_nurse I. Carvalho": "09:50–11:10"}
    assert again.reservations.count() == 2


def test_lead_surgeon(world: World) -> None:
    released = release(world, world.booked(world.at(10), lead=world.surgeon), world.surgeon.pk)

    assert Operation.objects.get(pk=released.pk).lead_surgeon is None


def test_takes_back_the_confirmation(world: World) -> None:
    operation = world.booked(world.at(10), lead=world.surgeon)
    confirmed = confirm_operation(actor=world.coordinator, operation_id=operation.pk, version=2)

    assert release(world, confirmed, world.surgeon.pk).confirmed_at is None


@pytest.mark.parametrize("who", ["nurse", "one"])
def test_not_of_the_team(world: World, who: str) -> None:
    """Nor is the theatre: it is changed by moving."""
    operation = world.booked(world.at(10))

    with refused(InvalidPlanError) as error:
        release(world, operation, getattr(world, who).pk)

    assert str(error.value) == "This is not part of the operation's team any more."
