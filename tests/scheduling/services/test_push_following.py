"""Move the rest of a list back."""

from datetime import time
from typing import Any

import pytest

from scheduling.models import ChangeVerb, Operation
from scheduling.services import (
    InvalidPlanError,
    NotPossibleError,
    Override,
    SchedulingConflictError,
    StaleVersionError,
    push_following,
)
from tests.factories import BlockFactory, SpecialtyFactory, TheatreFactory, open_all_week
from tests.scheduling.services.reading import held, listed
from tests.scheduling.services.refusing import refused
from tests.scheduling.services.verbs import move
from tests.scheduling.world import TUESDAY, World


def push(world: World, operation: Operation, minutes: int, **more: Any) -> list[Operation]:
    return push_following(
        actor=world.coordinator,
        operation_id=operation.pk,
        versions=listed(operation),
        minutes=minutes,
        **more,
    )


def starts(world: World, *operations: Operation) -> list[str]:
    found = (Operation.objects.get(pk=operation.pk).starts_at for operation in operations)
    return [f"{at:%H:%M}" for at in found if at]


def test_moves_it_and_all_that_follow_in_the_theatre_on_the_day(world: World) -> None:
    before, first, second = (world.booked(world.at(hour)) for hour in (8, 10, 12))
    elsewhere, tomorrow = world.booked(world.at(12), theatre=world.two), world.booked(world.at(12, days=1))

    pushed = push(world, first, 45)

    assert [operation.pk for operation in pushed] == [first.pk, second.pk]
    assert starts(world, before, first, second, elsewhere, tomorrow) == ["08:00", "10:45", "12:45", "12:00", "12:00"]
    assert held(second) == {"theatre Theatre 1": "12:35–13:55"}


def test_history_has_one_row_each_of_one_command(world: World) -> None:
    first, second = world.booked(world.at(10)), world.booked(world.at(12))

    changes = [operation.changes.get(version=3) for operation in push(world, first, 30)]

    assert [change.verb for change in changes] == [ChangeVerb.PUSHED] * 2
    assert changes[0].batch == changes[1].batch is not None
    assert [operation.version for operation in Operation.objects.filter(pk__in=[first.pk, second.pk])] == [3, 3]


def test_forward(world: World) -> None:
    first, second = world.booked(world.at(10)), world.booked(world.at(12))

    push(world, first, -30)

    assert starts(world, first, second) == ["09:30", "11:30"]


def test_forward_into_the_case_before(world: World) -> None:
    before, first = world.booked(world.at(8)), world.booked(world.at(10))

    with refused(SchedulingConflictError) as error:
        push(world, first, -60)

    assert str(error.value) == f"Theatre 1 is already booked 07:50–09:10: case {before.pk}, Hip replacement."


def test_a_member_is_needed_elsewhere(world: World) -> None:
    first = world.booked(world.at(10))
    second = world.booked(world.at(12), lead=world.surgeon)
    other = world.booked(world.at(14), theatre=world.two, lead=world.surgeon)

    with refused(SchedulingConflictError) as error:
        push(world, first, 90)

    (conflict,) = error.value.conflicts
    assert (conflict.operation_id, conflict.other_operation_id) == (second.pk, other.pk)
    assert conflict.message == f"Mr A. Khan is already booked 14:15–15:00: case {other.pk}, Hip replacement."


def test_over_the_next_list(world: World) -> None:
    """The afternoon belongs to others: that takes a reason, and the reason is kept."""
    eyes = SpecialtyFactory(name="Ophthalmology")
    BlockFactory(theatre=world.one, weekday=TUESDAY, starts=time(13), ends=time(18), specialty=eyes)
    first, second = world.booked(world.at(9)), world.booked(world.at(11, 30))

    with refused(SchedulingConflictError) as error:
        push(world, first, 60)
    assert (str(error.value), error.value.overridable) == (
        "Theatre 1 belongs to Ophthalmology 13:00–18:00.",
        True,
    )

    push(world, first, 60, override=Override("Agreed with the eye clinic"))
    overrides = {o.pk: o.changes.get(version=3).overrides for o in (first, second)}
    assert overrides[first.pk] == []
    assert [item["reason"] for item in overrides[second.pk]] == ["Agreed with the eye clinic"]


def test_past_closing_time(world: World) -> None:
    theatre = TheatreFactory(name="Theatre 4", turnover_minutes=0)
    open_all_week(theatre, opens=time(8), closes=time(18))
    first = world.booked(world.at(16, 30), theatre=theatre)

    with refused(SchedulingConflictError) as error:
        push(world, first, 60)

    assert [conflict.rule for conflict in error.value.conflicts] == ["outside_hours"]


def test_into_the_next_day(world: World) -> None:
    late = world.booked(world.at(22))

    push(world, late, 150)

    assert held(late) == {"theatre Theatre 1": "00:20–01:40"}


def test_case_that_has_started_stays(world: World) -> None:
    """It is overrunning; the ones after it are pushed from the next one on."""
    running, waiting = world.booked(world.at(10)), world.booked(world.at(12))
    Operation.objects.filter(pk=running.pk).update(status="in_theatre")

    push(world, waiting, 20)

    assert starts(world, running, waiting) == ["10:00", "12:20"]


@pytest.mark.parametrize("minutes", [0, 1441, -1441, 2000])
def test_invalid_minutes(world: World, minutes: int) -> None:
    operation = world.booked(world.at(10))

    with refused(InvalidPlanError) as error:
        push(world, operation, minutes)

    assert (error.value.field, str(error.value)) == (
        "minutes",
        "Say by how many minutes: at most 24 hours, and not 0.",
    )


def test_a_case_that_joined_after_the_list_was_read(world: World) -> None:
    first = world.booked(world.at(10))
    seen = listed(first)
    joined = world.booked(world.at(12))

    with refused(StaleVersionError) as error:
        push_following(actor=world.coordinator, operation_id=first.pk, versions=seen, minutes=15)

    assert error.value.operation == joined
    assert "Jo Marsh – booked" in str(error.value)


def test_a_case_that_changed_after_the_list_was_read(world: World) -> None:
    first, second = world.booked(world.at(10)), world.booked(world.at(12))
    seen = listed(first)
    push(world, second, 30)

    with refused(StaleVersionError) as error:
        push_following(actor=world.coordinator, operation_id=first.pk, versions=seen, minutes=15)

    assert error.value.operation == second


def test_only_the_list_itself_is_pushed(world: World) -> None:
    first, elsewhere = world.booked(world.at(10)), world.booked(world.at(12), theatre=world.two)

    for versions in (listed(first) | listed(elsewhere), listed(elsewhere), {}):
        with refused(InvalidPlanError) as error:
            push_following(actor=world.coordinator, operation_id=first.pk, versions=versions, minutes=15)
        assert error.value.field == "listed"
    with refused(NotPossibleError):
        push_following(actor=world.coordinator, operation_id=first.pk, versions={0: 1}, minutes=15)


def test_a_case_that_left_after_the_list_was_read(world: World) -> None:
    first, second = world.booked(world.at(10)), world.booked(world.at(12))
    seen = listed(first)
    move(world, world.coordinator, second, second.version)

    with refused(StaleVersionError) as error:
        push_following(actor=world.coordinator, operation_id=first.pk, versions=seen, minutes=15)

    assert error.value.operation == second
    assert "Jo Marsh – moved" in str(error.value)
