"""Add somebody or something to a booked operation."""

from datetime import timedelta

import pytest

from resources.models import Resource, Shift
from scheduling.models import ChangeVerb, Operation, ReservationRole
from scheduling.period import Period
from scheduling.services import (
    InvalidPlanError,
    Override,
    SchedulingConflictError,
    assign_resource,
    confirm_operation,
)
from tests.factories import UserFactory
from tests.scheduling.services.reading import held
from tests.scheduling.services.refusing import refused
from tests.scheduling.world import World


def assign(world: World, operation: Operation, resource: Resource | int, role: str) -> Operation:
    return assign_resource(
        actor=world.coordinator,
        operation_id=operation.pk,
        version=operation.version,
        resource_id=resource if isinstance(resource, int) else resource.pk,
        role=role,
    )


def test_each_kind_holds_its_own_time(world: World) -> None:
    operation = world.booked(world.at(10))

    for resource, role in world.whole_team():
        operation = assign(world, operation, resource, role)

    assert operation.version == 6
    assert held(operation) == {
        "theatre Theatre 1": "09:50–11:10",
        "anaesthetist Dr F. Adeyinka": "10:00–11:00",
        "scrub_nurse I. Carvalho": "09:50–11:10",
        "equipment C-arm 1": "09:50–12:00",
        "bed Recovery 1": "11:00–12:00",
    }
    assert set(operation.changes.filter(version__gt=2).values_list("verb", flat=True)) == {ChangeVerb.ASSIGNED}


def test_new_lead_surgeon_replaces_the_old(world: World) -> None:
    operation = world.booked(world.at(10), lead=world.surgeon)

    assigned = assign(world, operation, world.other_surgeon, ReservationRole.LEAD_SURGEON)

    assert held(assigned) == {"theatre Theatre 1": "09:50–11:10", "lead_surgeon Ms R. Doyle": "10:15–11:00"}
    assert Operation.objects.get(pk=assigned.pk).lead_surgeon == world.other_surgeon


def test_supervisor_is_shared(world: World) -> None:
    for hour in (10, 10):
        theatre = world.two if Operation.objects.exists() else world.one
        operation = world.booked(world.at(hour), theatre=theatre)
        assign(world, operation, world.anaesthetist, ReservationRole.SUPERVISING_ANAESTHETIST)

    assert list(world.anaesthetist.reservations.values_list("exclusive", flat=True)) == [False, False]


def test_takes_back_the_confirmation(world: World) -> None:
    operation = world.booked(world.at(10), lead=world.surgeon)
    confirmed = confirm_operation(actor=world.coordinator, operation_id=operation.pk, version=2)

    assert assign(world, confirmed, world.nurse, ReservationRole.SCRUB_NURSE).confirmed_at is None


def test_busy(world: World) -> None:
    nurse = [(world.nurse, ReservationRole.SCRUB_NURSE)]
    first = world.booked(world.at(10), theatre=world.two, members=nurse)
    operation = world.booked(world.at(11))

    with refused(SchedulingConflictError) as error:
        assign(world, operation, world.nurse, ReservationRole.SCRUB_NURSE)

    assert str(error.value) == f"I. Carvalho is already booked 09:50–11:10: case {first.pk}, Hip replacement."


def test_twice(world: World) -> None:
    operation = world.booked(world.at(10), members=[(world.nurse, ReservationRole.SCRUB_NURSE)])

    for role in (ReservationRole.SCRUB_NURSE, ReservationRole.CIRCULATING_NURSE):
        with refused(SchedulingConflictError) as error:
            assign(world, operation, world.nurse, role)
        assert str(error.value) == "I. Carvalho is named 2 times in this operation's team."


@pytest.mark.parametrize("role", ["theatre", "chef", ""])
def test_role_that_is_none(world: World, role: str) -> None:
    operation = world.booked(world.at(10))

    with refused(InvalidPlanError) as error:
        assign(world, operation, world.nurse, role)

    assert error.value.field == "role"


@pytest.mark.parametrize("number", [0, -1, 2**40])
def test_resource_that_does_not_exist(world: World, number: int) -> None:
    operation = world.booked(world.at(10))

    with refused(SchedulingConflictError) as error:
        assign(world, operation, number, ReservationRole.EQUIPMENT)

    assert str(error.value) == "The equipment that was chosen does not exist any more."


def test_wrong_kind(world: World) -> None:
    operation = world.booked(world.at(10))

    with refused(SchedulingConflictError) as error:
        assign(world, operation, world.two, ReservationRole.EQUIPMENT)

    assert str(error.value) == "Theatre 2 can't be booked as equipment."


def test_who_adds_a_nurse_need_not_answer_for_the_place(world: World) -> None:
    """Time and place stand already; whoever set them gave their reasons."""
    operation = world.booked(world.at(10))
    Operation.objects.filter(pk=operation.pk).update(due_on=world.day - timedelta(days=1))

    assigned = assign_resource(
        actor=UserFactory(role="theatre_nurse"),
        operation_id=operation.pk,
        version=operation.version,
        resource_id=world.nurse.pk,
        role=ReservationRole.SCRUB_NURSE,
    )

    assert assigned.changes.get(version=3).overrides == []


def test_soft_conflict_of_the_one_who_is_added(world: World) -> None:
    operation = world.booked(world.at(10))
    world.nurse.rostered = True
    world.nurse.save()
    Shift.objects.create(staff_member=world.nurse, period=Period(world.at(14), world.at(20)).as_range())

    with refused(SchedulingConflictError) as error:
        assign(world, operation, world.nurse, ReservationRole.SCRUB_NURSE)
    assert str(error.value) == "I. Carvalho has no shift that covers 09:50–11:10."

    assigned = assign_resource(
        actor=world.coordinator,
        operation_id=operation.pk,
        version=2,
        resource_id=world.nurse.pk,
        role=ReservationRole.SCRUB_NURSE,
        override=Override("Comes in early"),
    )
    assert [item["reason"] for item in assigned.changes.get(version=3).overrides] == ["Comes in early"]
