"""Let two booked operations change places."""

import pytest

from scheduling.models import ChangeVerb, Operation, ReservationRole
from scheduling.services import (
    InvalidPlanError,
    SchedulingConflictError,
    StaleVersionError,
    confirm_operation,
    swap_operations,
)
from tests.factories import PatientFactory
from tests.scheduling.services.reading import held
from tests.scheduling.services.refusing import refused
from tests.scheduling.world import World


def swap(world: World, first: Operation, second: Operation) -> tuple[Operation, Operation]:
    return swap_operations(actor=world.coordinator, first=(first.pk, first.version), second=(second.pk, second.version))


def test_between_theatres_at_the_same_time(world: World) -> None:
    """Each takes the other's room while that still holds it: checked at the end, not row by row."""
    first, second = world.booked(world.at(10)), world.booked(world.at(10), theatre=world.two)

    one, other = swap(world, first, second)

    assert (one.pk, other.pk) == (first.pk, second.pk)
    assert held(one) == {"theatre Theatre 2": "09:50–11:10"}
    assert held(other) == {"theatre Theatre 1": "09:50–11:10"}


def test_in_the_order_asked_for(world: World) -> None:
    first, second = world.booked(world.at(10)), world.booked(world.at(10), theatre=world.two)

    assert [operation.pk for operation in swap(world, second, first)] == [second.pk, first.pk]


def test_in_the_same_theatre(world: World) -> None:
    first, second = world.booked(world.at(10)), world.booked(world.at(12))

    one, other = swap(world, first, second)

    assert (held(one), held(other)) == (
        {"theatre Theatre 1": "11:50–13:10"},
        {"theatre Theatre 1": "09:50–11:10"},
    )


def test_differently_long_each_keeps_its_length_and_team(world: World) -> None:
    short = world.booked(world.at(10), lead=world.surgeon)
    long = world.booked(world.at(13), theatre=world.two, lead=world.other_surgeon, surgery_minutes=105)

    one, other = swap(world, short, long)

    assert held(one) == {"theatre Theatre 2": "12:50–14:10", "lead_surgeon Mr A. Khan": "13:15–14:00"}
    assert held(other) == {"theatre Theatre 1": "09:50–12:10", "lead_surgeon Ms R. Doyle": "10:15–12:00"}


def test_same_team_changes_its_order(world: World) -> None:
    first = world.booked(world.at(10), lead=world.surgeon, members=world.whole_team()[:2])
    second = world.booked(world.at(12), lead=world.surgeon, members=world.whole_team()[:2], theatre=world.two)

    one, other = swap(world, first, second)

    assert held(one)["scrub_nurse I. Carvalho"] == "11:50–13:10"
    assert held(other)["scrub_nurse I. Carvalho"] == "09:50–11:10"


def test_same_patient(world: World) -> None:
    patient = PatientFactory()
    first = world.booked(world.at(10), patient=patient)
    second = world.booked(world.at(11), theatre=world.two, patient=patient)

    one, other = swap(world, first, second)

    assert (one.starts_at, other.starts_at) == (world.at(11), world.at(10))


def test_history_has_one_row_each_of_one_command(world: World) -> None:
    one, other = swap(world, world.booked(world.at(10)), world.booked(world.at(12)))

    changes = [operation.changes.get(version=3) for operation in (one, other)]
    assert [change.verb for change in changes] == [ChangeVerb.SWAPPED] * 2
    assert changes[0].batch == changes[1].batch is not None
    assert changes[0].before["start"] == changes[1].after["start"]


def test_too_long_for_the_others_place(world: World) -> None:
    short, long = world.booked(world.at(10)), world.booked(world.at(14), surgery_minutes=105)
    between = world.booked(world.at(12))

    with refused(SchedulingConflictError) as error:
        swap(world, short, long)

    assert str(error.value) == f"Theatre 1 is already booked 11:50–13:10: case {between.pk}, Hip replacement."


def test_neighbours_of_different_length_that_would_overlap(world: World) -> None:
    short, long = world.booked(world.at(10)), world.booked(world.at(11, 30), surgery_minutes=105)

    with refused(SchedulingConflictError) as error:
        swap(world, short, long)

    assert {conflict.rule for conflict in error.value.conflicts} == {"theatre_busy"}


def test_takes_back_both_confirmations(world: World) -> None:
    first = world.booked(world.at(10), lead=world.surgeon)
    second = world.booked(world.at(12), lead=world.surgeon)
    confirmed = [
        confirm_operation(actor=world.coordinator, operation_id=operation.pk, version=2)
        for operation in (first, second)
    ]

    swapped = swap(world, *confirmed)

    assert [operation.confirmed_at for operation in swapped] == [None, None]


def test_with_itself(world: World) -> None:
    operation = world.booked(world.at(10))

    with refused(InvalidPlanError) as error:
        swap(world, operation, operation)

    assert str(error.value) == "Choose another operation to swap with."


@pytest.mark.parametrize("stale", [0, 1])
def test_either_may_be_stale(world: World, stale: int) -> None:
    pair = [world.booked(world.at(10)), world.booked(world.at(12))]
    seen = [(operation.pk, operation.version - (index == stale)) for index, operation in enumerate(pair)]

    with refused(StaleVersionError) as error:
        swap_operations(actor=world.coordinator, first=seen[0], second=seen[1])

    assert error.value.operation == pair[stale]


def test_members_in_different_roles(world: World) -> None:
    """The nurse scrubs here and circulates there; both go on after the exchange."""
    first = world.booked(world.at(10), members=[(world.nurse, ReservationRole.SCRUB_NURSE)])
    second = world.booked(world.at(12), members=[(world.nurse, ReservationRole.CIRCULATING_NURSE)])

    one, other = swap(world, first, second)

    assert held(one)["scrub_nurse I. Carvalho"] == "11:50–13:10"
    assert held(other)["circulating_nurse I. Carvalho"] == "09:50–11:10"
