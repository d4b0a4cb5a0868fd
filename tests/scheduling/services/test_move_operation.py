"""Move a booked operation."""

from typing import Any

import pytest

from scheduling.models import ChangeVerb, Operation, ReservationRole, Status
from scheduling.services import (
    InvalidPlanError,
    SchedulingConflictError,
    confirm_operation,
    move_operation,
    record_event,
)
from tests.scheduling.services.reading import held
from tests.scheduling.services.refusing import refused
from tests.scheduling.world import World


def move(world: World, operation: Operation, **fields: Any) -> Operation:
    given: dict[str, Any] = {"theatre_id": operation.theatre_id, "start": operation.starts_at}
    return move_operation(
        actor=world.coordinator, operation_id=operation.pk, version=operation.version, **{**given, **fields}
    )


def test_team_follows(world: World) -> None:
    operation = world.booked(world.at(10), lead=world.surgeon, members=world.whole_team())

    moved = move(world, operation, theatre_id=world.two.pk, start=world.at(14))

    moved.refresh_from_db()
    assert (moved.status, moved.version, moved.theatre) == (Status.SCHEDULED, 3, world.two)
    assert held(moved) == {
        "theatre Theatre 2": "13:50–15:10",
        "lead_surgeon Mr A. Khan": "14:15–15:00",
        "anaesthetist Dr F. Adeyinka": "14:00–15:00",
        "scrub_nurse I. Carvalho": "13:50–15:10",
        "equipment C-arm 1": "13:50–16:00",
        "bed Recovery 1": "15:00–16:00",
    }


def test_history_row_tells_before_and_after(world: World) -> None:
    moved = move(world, world.booked(world.at(10)), theatre_id=world.two.pk)

    change = moved.changes.get(version=3)
    assert (change.verb, change.actor) == (ChangeVerb.MOVED, world.coordinator)
    assert (change.before["theatre"], change.after["theatre"]) == (world.one.pk, world.two.pk)
    assert change.before["start"] == change.after["start"]


def test_old_place_is_free_at_once(world: World) -> None:
    move(world, world.booked(world.at(10)), theatre_id=world.two.pk)

    assert world.booked(world.at(10)).theatre == world.one


def test_overlapping_its_own_old_place(world: World) -> None:
    moved = move(world, world.booked(world.at(10)), start=world.at(10, 30))

    assert held(moved) == {"theatre Theatre 1": "10:20–11:40"}


def test_there_and_back_uses_its_rows_again(world: World) -> None:
    operation = world.booked(world.at(10))
    there = move(world, operation, theatre_id=world.two.pk)

    back = move(world, there, theatre_id=world.one.pk)

    assert held(back) == {"theatre Theatre 1": "09:50–11:10"}
    assert back.reservations.count() == 2


def test_longer_and_shorter(world: World) -> None:
    operation = world.booked(world.at(10), lead=world.surgeon)

    longer = move(world, operation, minutes=120)
    assert held(longer) == {"theatre Theatre 1": "09:50–12:10", "lead_surgeon Mr A. Khan": "10:15–12:00"}
    shorter = move(world, longer, minutes=30)
    assert held(shorter) == {"theatre Theatre 1": "09:50–10:40", "lead_surgeon Mr A. Khan": "10:15–10:30"}


def test_another_lead_surgeon(world: World) -> None:
    operation = world.booked(world.at(10), lead=world.surgeon)

    moved = move(world, operation, lead_surgeon_id=world.other_surgeon.pk)

    assert held(moved) == {"theatre Theatre 1": "09:50–11:10", "lead_surgeon Ms R. Doyle": "10:15–11:00"}
    assert Operation.objects.get(pk=moved.pk).lead_surgeon == world.other_surgeon


def test_takes_back_the_confirmation(world: World) -> None:
    operation = world.booked(world.at(10), lead=world.surgeon)
    confirmed = confirm_operation(actor=world.coordinator, operation_id=operation.pk, version=2)
    assert confirmed.confirmed_by == world.coordinator

    moved = move(world, confirmed, start=world.at(12))

    moved.refresh_from_db()
    assert (moved.confirmed_at, moved.confirmed_by) == (None, None)
    assert moved.changes.get(version=4).before["confirmed_by"] == world.coordinator.pk


def test_patient_who_has_arrived_stays_arrived(world: World) -> None:
    operation = world.booked(world.at(10))
    record_event(actor=world.coordinator, operation_id=operation.pk, kind="arrived", at=world.at(9, days=-60))
    operation.refresh_from_db()

    assert move(world, operation, start=world.at(12)).status == Status.ARRIVED


@pytest.mark.parametrize("minutes", [0, -5, 1441, 2000])
def test_invalid_minutes(world: World, minutes: int) -> None:
    operation = world.booked(world.at(10))

    with refused(InvalidPlanError) as error:
        move(world, operation, minutes=minutes)

    assert (error.value.field, str(error.value)) == (
        "minutes",
        "An operation takes between 1 and 1440 minutes in theatre.",
    )


def test_naive_start(world: World) -> None:
    operation = world.booked(world.at(10))

    with refused(InvalidPlanError) as error:
        move(world, operation, start=world.at(10).replace(tzinfo=None))

    assert error.value.field == "start"


def test_unknown_theatre_and_surgeon(world: World) -> None:
    operation = world.booked(world.at(10))

    with refused(InvalidPlanError):
        move(world, operation, theatre_id=world.surgeon.pk)
    with refused(SchedulingConflictError) as error:
        move(world, operation, lead_surgeon_id=2**40)
    assert str(error.value) == "The lead surgeon that was chosen does not exist any more."


def test_team_member_is_elsewhere(world: World) -> None:
    nurse = (world.nurse, ReservationRole.SCRUB_NURSE)
    other = world.booked(world.at(14), theatre=world.two, members=[nurse])
    operation = world.booked(world.at(10), members=[nurse])

    with refused(SchedulingConflictError) as error:
        move(world, operation, start=world.at(14, 30))

    assert str(error.value) == f"I. Carvalho is already booked 13:50–15:10: case {other.pk}, Hip replacement."
