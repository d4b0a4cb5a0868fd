"""Undo: back to what was, through the same checks."""

from datetime import timedelta

import pytest

from accounts.permissions import NotAllowedError
from scheduling.models import ChangeVerb, Operation, OperationChange, ReservationRole, Status
from scheduling.services import (
    NotPossibleError,
    Override,
    SchedulingConflictError,
    StaleVersionError,
    assign_resource,
    book_operation,
    move_operation,
    push_following,
    record_event,
    swap_operations,
    undo_change,
)
from scheduling.services.writing import snapshot
from tests.factories import UserFactory
from tests.scheduling.services import verbs
from tests.scheduling.services.reading import held, listed
from tests.scheduling.services.refusing import refused
from tests.scheduling.world import World


def undo(world: World, change: OperationChange, **more: object) -> list[OperationChange]:
    return undo_change(actor=world.coordinator, change_id=change.pk, **more)  # type: ignore[arg-type]


def last_change(operation: Operation) -> OperationChange:
    return operation.changes.order_by("-version")[0]


def picture(operation: Operation) -> dict[str, object]:
    operation = Operation.objects.get(pk=operation.pk)
    return snapshot(operation, operation.reservations.order_by("pk"))


UNDOABLE = [verbs.book, *verbs.ON_BOOKED]


@pytest.mark.parametrize("call", UNDOABLE, ids=lambda call: call.__name__)
def test_everything_can_be_undone_and_that_again(world: World, call: verbs.Call) -> None:
    operation = verbs.subject_of(call, world)
    before = picture(operation)
    call(world, world.coordinator, operation, operation.version)
    after = picture(operation)
    assert after != before

    undone = undo(world, last_change(operation))
    assert picture(operation) == before
    again = undo(world, next(change for change in undone if change.operation == operation))
    assert picture(operation) == after
    undo(world, next(change for change in again if change.operation == operation))
    assert picture(operation) == before

    assert held(operation) is not None  # and the history is whole
    assert last_change(operation).verb == ChangeVerb.UNDONE


def test_minutes_and_confirmation_come_back(world: World) -> None:
    operation = world.booked(world.at(10), lead=world.surgeon)
    confirmed = verbs.confirm(world, world.coordinator, operation, 2)
    moved = move_operation(
        actor=world.coordinator,
        operation_id=operation.pk,
        version=confirmed.version,
        theatre_id=world.two.pk,
        start=world.at(12),
        minutes=200,
    )

    undo(world, last_change(moved))

    moved.refresh_from_db()
    assert (moved.in_room_minutes, moved.confirmed_by, moved.starts_at) == (60, world.coordinator, world.at(10))


def test_command_over_several_is_undone_as_a_whole(world: World) -> None:
    first, second, third = (world.booked(world.at(hour)) for hour in (9, 11, 13))
    push_following(actor=world.coordinator, operation_id=first.pk, versions=listed(first), minutes=60)

    changes = undo(world, last_change(second))

    assert [change.operation for change in changes] == [first, second, third]
    assert [held(o) for o in (first, third)] == [
        {"theatre Theatre 1": "08:50–10:10"},
        {"theatre Theatre 1": "12:50–14:10"},
    ]


def test_swap_is_undone_though_each_stands_in_the_others_way(world: World) -> None:
    first, second = world.booked(world.at(10)), world.booked(world.at(10), theatre=world.two)
    swap_operations(actor=world.coordinator, first=(first.pk, 2), second=(second.pk, 2))

    undo(world, last_change(first))

    assert held(first) == {"theatre Theatre 1": "09:50–11:10"}
    assert held(second) == {"theatre Theatre 2": "09:50–11:10"}


def test_somebody_else_changed_it_since(world: World) -> None:
    operation = world.booked(world.at(10))
    booking = last_change(operation)
    verbs.move(world, UserFactory(role="coordinator", given_name="Ann", family_name="First"), operation, 2)

    with refused(StaleVersionError) as error:
        undo(world, booking)

    assert str(error.value) == "This was changed meanwhile (Ann First – moved). Look at it again, then repeat."


def test_somebody_changed_one_of_several(world: World) -> None:
    first, second = world.booked(world.at(10)), world.booked(world.at(12))
    swap_operations(actor=world.coordinator, first=(first.pk, 2), second=(second.pk, 2))
    verbs.move(world, world.coordinator, second, 3)

    with refused(StaleVersionError):
        undo(world, last_change(first))


def test_not_twice(world: World) -> None:
    operation = world.booked(world.at(10))
    booking = last_change(operation)
    undo(world, booking)

    with refused(StaleVersionError):
        undo(world, booking)


def test_old_place_is_taken(world: World) -> None:
    operation = world.booked(world.at(10))
    moved = verbs.move(world, world.coordinator, operation, 2)
    other = world.booked(world.at(10))

    with refused(SchedulingConflictError) as error:
        undo(world, last_change(moved))

    assert str(error.value) == f"Theatre 1 is already booked 09:50–11:10: case {other.pk}, Hip replacement."


def test_member_is_busy_by_now(world: World) -> None:
    nurse = [(world.nurse, ReservationRole.SCRUB_NURSE)]
    operation = world.booked(world.at(10), members=nurse)
    postponed = verbs.postpone(world, world.coordinator, operation, 2)
    other = world.booked(world.at(10), theatre=world.two, members=nurse)

    with refused(SchedulingConflictError) as error:
        undo(world, last_change(postponed))

    assert str(error.value) == f"I. Carvalho is already booked 09:50–11:10: case {other.pk}, Hip replacement."


def test_reason_given_then_is_not_asked_again(world: World) -> None:
    operation = world.waiting(due_on=world.day - timedelta(days=1))
    given = {"actor": world.coordinator, "operation_id": operation.pk, "theatre_id": world.one.pk}
    booked = book_operation(**given, version=1, start=world.at(10), override=Override("Was ill"))
    verbs.postpone(world, world.coordinator, booked, 2)

    undo(world, last_change(booked))

    assert [item["reason"] for item in last_change(booked).overrides] == ["Was ill"]


def test_operation_that_has_started(world: World) -> None:
    operation = world.booked(world.at(10))
    Operation.objects.filter(pk=operation.pk).update(status=Status.IN_THEATRE)

    with refused(NotPossibleError) as error:
        undo(world, last_change(operation))

    assert str(error.value) == "This operation has already started; its plan can't change any more."


def test_what_was_recorded_is_corrected_not_undone(world: World) -> None:
    operation = world.booked(world.at(10))
    record_event(actor=world.coordinator, operation_id=operation.pk, kind="arrived", at=world.at(9, days=-60))

    for change in operation.changes.exclude(verb=ChangeVerb.BOOKED):
        with refused(NotPossibleError) as error:
            undo(world, change)
        assert str(error.value) == "This change can't be undone."


def test_change_that_does_not_exist(world: World) -> None:
    with refused(NotPossibleError):
        undo_change(actor=world.coordinator, change_id=0)


def test_takes_the_capability_of_what_is_undone(world: World) -> None:
    """A theatre nurse adds and takes off, also by undo, also by undoing the undo; and moves nothing."""
    nurse = UserFactory(role="theatre_nurse")
    operation = world.booked(world.at(10))
    with refused(NotAllowedError):
        undo_change(actor=nurse, change_id=last_change(operation).pk)
    assign_resource(actor=nurse, operation_id=operation.pk, version=2, resource_id=world.nurse.pk, role="scrub_nurse")

    (undone,) = undo_change(actor=nurse, change_id=last_change(operation).pk)
    (again,) = undo_change(actor=nurse, change_id=undone.pk)

    assert [member["role"] for member in again.after["team"]] == ["scrub_nurse"]
