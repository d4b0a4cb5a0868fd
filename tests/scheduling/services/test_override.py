"""Go ahead in spite of a soft conflict: with a reason, by those who may, and kept."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.permissions import NotAllowedError
from scheduling.models import Operation
from scheduling.services import (
    InvalidPlanError,
    Override,
    SchedulingConflictError,
    book_operation,
    move_operation,
)
from tests.factories import UserFactory
from tests.scheduling.services.refusing import refused
from tests.scheduling.world import World

REASON = Override("Was ill until now")


@pytest.fixture
def overdue(world: World) -> Operation:
    """An operation that is past its due date on any day."""
    return world.waiting(due_on=world.day - timedelta(days=10))


def book(world: World, operation: Operation, **fields: Any) -> Operation:
    given: dict[str, Any] = {"actor": world.coordinator, "theatre_id": world.one.pk, "start": world.at(10)}
    return book_operation(operation_id=operation.pk, version=operation.version, **{**given, **fields})


def move(world: World, operation: Operation, **fields: Any) -> Operation:
    given: dict[str, Any] = {"actor": world.coordinator, "theatre_id": world.one.pk, "start": world.at(10)}
    return move_operation(operation_id=operation.pk, version=operation.version, **{**given, **fields})


def test_without_a_reason(world: World, overdue: Operation) -> None:
    with refused(SchedulingConflictError) as error:
        book(world, overdue)

    assert ([c.rule for c in error.value.conflicts], error.value.overridable) == (["past_due"], True)


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_empty_reason(reason: str) -> None:
    with pytest.raises(InvalidPlanError) as error:
        Override(reason)

    assert (error.value.field, str(error.value)) == ("override_reason", "Give the reason for going ahead.")


def test_without_the_capability(world: World, overdue: Operation) -> None:
    clerk = UserFactory(role="booking_clerk")

    with refused(NotAllowedError) as error:
        book(world, overdue, actor=clerk, override=REASON)

    assert str(error.value) == "Your role does not let you go ahead against a warning. Ask a theatre coordinator."


def test_is_kept_with_who_and_why(world: World, overdue: Operation) -> None:
    booked = book(world, overdue, override=REASON)

    (kept,) = booked.changes.get(version=2).overrides
    assert (kept["rule"], kept["reason"], kept["by"]) == ("past_due", REASON.reason, world.coordinator.pk)
    assert kept["message"].startswith("This is 10 days after the due date, ")


def test_is_not_asked_again_on_an_unrelated_move(world: World, overdue: Operation) -> None:
    """The clerk may not override, and need not: the day is the same."""
    booked = book(world, overdue, override=REASON)

    moved = move(world, booked, actor=UserFactory(role="booking_clerk"), start=world.at(12))

    assert moved.changes.get(version=3).overrides == booked.changes.get(version=2).overrides


def test_is_asked_again_on_another_day(world: World, overdue: Operation) -> None:
    booked = book(world, overdue, override=REASON)

    with refused(SchedulingConflictError) as error:
        move(world, booked, start=world.at(10, days=1))

    assert str(error.value).startswith("This is 11 days after the due date, ")


def test_is_asked_again_where_another_case_is_concerned(world: World) -> None:
    """The sentence is the same, the case that it is about is not."""
    for theatre in (world.one, world.two):
        world.booked(world.at(8), theatre=theatre, infectious=True)
    booked = book(world, world.waiting(), override=REASON)

    with refused(SchedulingConflictError) as error:
        move(world, booked, theatre_id=world.two.pk)

    assert [conflict.rule for conflict in error.value.conflicts] == ["infectious_not_last"]


def test_only_what_is_new_is_asked(world: World, overdue: Operation) -> None:
    booked = book(world, overdue, override=REASON)
    world.booked(world.at(12), theatre=world.two, infectious=True)

    with refused(SchedulingConflictError) as error:
        move(world, booked, theatre_id=world.two.pk, start=world.at(15))
    assert [conflict.rule for conflict in error.value.conflicts] == ["infectious_not_last"]

    moved = move(world, booked, theatre_id=world.two.pk, start=world.at(15), override=Override("No other time"))
    kept = {item["rule"]: item["reason"] for item in moved.changes.get(version=3).overrides}
    assert kept == {"past_due": REASON.reason, "infectious_not_last": "No other time"}


def test_what_no_longer_applies_is_dropped(world: World) -> None:
    world.booked(world.at(8), infectious=True)
    booked = book(world, world.waiting(), override=REASON)

    moved = move(world, booked, theatre_id=world.two.pk)

    assert moved.changes.get(version=3).overrides == []


def test_hard_conflict_has_no_override(world: World, overdue: Operation) -> None:
    world.booked(world.at(10))

    with refused(SchedulingConflictError) as error:
        book(world, overdue, override=REASON)

    assert error.value.overridable is False


def test_override_that_is_not_needed_needs_no_capability(world: World) -> None:
    booked = book(world, world.waiting(), actor=UserFactory(role="booking_clerk"), override=REASON)

    assert booked.changes.get(version=2).overrides == []
