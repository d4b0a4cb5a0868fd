"""Book a waiting operation."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.utils import timezone

from scheduling.models import ChangeVerb, Operation, ReservationRole, Status
from scheduling.services import InvalidPlanError, SchedulingConflictError, book_operation
from tests.factories import PatientFactory
from tests.scheduling.services.reading import held
from tests.scheduling.services.refusing import refused
from tests.scheduling.world import World, clock_change


def book(world: World, operation: Operation, **fields: Any) -> Operation:
    given: dict[str, Any] = {"theatre_id": world.one.pk, "start": world.at(10)}
    return book_operation(
        actor=world.coordinator, operation_id=operation.pk, version=operation.version, **{**given, **fields}
    )


def test_holds_everything_for_its_own_time(world: World) -> None:
    operation = world.waiting(lead_surgeon=world.surgeon)
    members = [(resource.pk, role) for resource, role in world.whole_team()]

    booked = book(world, operation, members=members)

    booked.refresh_from_db()
    assert (booked.status, booked.version, booked.theatre) == (Status.SCHEDULED, 2, world.one)
    assert (booked.starts_at, booked.ends_at) == (world.at(10), world.at(11))
    assert held(booked) == {
        "theatre Theatre 1": "09:50–11:10",
        "lead_surgeon Mr A. Khan": "10:15–11:00",
        "anaesthetist Dr F. Adeyinka": "10:00–11:00",
        "scrub_nurse I. Carvalho": "09:50–11:10",
        "equipment C-arm 1": "09:50–12:00",
        "bed Recovery 1": "11:00–12:00",
    }


def test_history_row_tells_before_and_after(world: World) -> None:
    booked = book(world, world.waiting())

    change = booked.changes.get(version=2)
    assert (change.verb, change.actor, change.overrides) == (ChangeVerb.BOOKED, world.coordinator, [])
    assert (change.before["status"], change.before["theatre"], change.before["start"]) == ("waiting", None, None)
    assert (change.after["status"], change.after["theatre"]) == ("scheduled", world.one.pk)
    assert datetime.fromisoformat(change.after["start"]) == world.at(10)


def test_minutes_change_the_surgery(world: World) -> None:
    booked = book(world, world.waiting(), minutes=90)

    assert (booked.anaesthesia_minutes, booked.surgery_minutes, booked.estimate_source) == (15, 75, "booker")
    assert held(booked) == {"theatre Theatre 1": "09:50–11:40"}


@pytest.mark.parametrize(("minutes", "shares"), [(1, (0, 1)), (10, (9, 1)), (1440, (15, 1425))])
def test_minutes_at_the_bounds(world: World, minutes: int, shares: tuple[int, int]) -> None:
    booked = book(world, world.waiting(), minutes=minutes)

    assert (booked.anaesthesia_minutes, booked.surgery_minutes) == shares
    assert held(booked)


def test_surgeon_may_be_named_changed_or_left_out(world: World) -> None:
    as_listed = book(world, world.waiting(lead_surgeon=world.surgeon))
    nobody = book(world, world.waiting(lead_surgeon=world.surgeon), lead_surgeon_id=None, start=world.at(12))
    other = book(
        world,
        world.waiting(lead_surgeon=world.surgeon),
        lead_surgeon_id=world.other_surgeon.pk,
        start=world.at(14),
    )

    found = [operation.lead_surgeon for operation in (as_listed, nobody, other)]
    assert found == [world.surgeon, None, world.other_surgeon]


def test_seconds_are_left_out(world: World) -> None:
    booked = book(world, world.waiting(), start=world.at(10) + timedelta(seconds=42, microseconds=7))

    assert booked.starts_at == world.at(10)


@pytest.mark.parametrize("forward", [True, False])
def test_lasts_as_long_when_the_clocks_change(world: World, *, forward: bool) -> None:
    """Whatever zone the start comes in: 90 minutes are 90 minutes."""
    zone = ZoneInfo(settings.TIME_ZONE)
    start = clock_change(zone, forward=forward) - timedelta(minutes=30)

    booked = book(world, world.waiting(), start=start.astimezone(zone), minutes=90)

    booked.refresh_from_db()
    assert booked.ends_at == start + timedelta(minutes=90)
    assert held(booked)


INVALID: list[tuple[dict[str, Any], str, str]] = [
    ({"minutes": 0}, "minutes", "An operation takes between 1 and 1440 minutes in theatre."),
    ({"minutes": -5}, "minutes", "An operation takes between 1 and 1440 minutes in theatre."),
    ({"minutes": 1441}, "minutes", "An operation takes between 1 and 1440 minutes in theatre."),
    ({"minutes": 2000}, "minutes", "An operation takes between 1 and 1440 minutes in theatre."),
    ({"start": datetime(2027, 1, 5, 10)}, "start", "The start needs a time zone."),
    ({"start": timezone.now() + timedelta(days=2000)}, "start", "That is more than five years ahead. Check the year."),
    ({"start": datetime(1, 1, 1, tzinfo=UTC)}, "start", "That is before the year 2000. Check the year."),
    ({"theatre_id": 0}, "theatre", "This theatre does not exist. Choose one from the list."),
    ({"members": [(0, "chef")]}, "role", "Choose a role. The theatre is changed by moving the operation."),
    ({"members": [(0, "theatre")]}, "role", "Choose a role. The theatre is changed by moving the operation."),
]


@pytest.mark.parametrize(("fields", "field", "message"), INVALID)
def test_invalid(world: World, fields: dict[str, Any], field: str, message: str) -> None:
    operation = world.waiting()

    with refused(InvalidPlanError) as error:
        book(world, operation, **fields)

    assert (error.value.field, str(error.value)) == (field, message)


def test_catalogue_minutes_out_of_bounds(world: World) -> None:
    operation = world.waiting(surgery_minutes=1440)

    with refused(InvalidPlanError) as error:
        book(world, operation)

    assert str(error.value) == "An operation takes between 1 and 1440 minutes in theatre."


def test_resource_of_another_kind_is_no_theatre(world: World) -> None:
    operation = world.waiting()

    with refused(InvalidPlanError):
        book(world, operation, theatre_id=world.nurse.pk)


def test_second_lead_surgeon(world: World) -> None:
    operation = world.waiting(lead_surgeon=world.surgeon)

    with refused(InvalidPlanError) as error:
        book(world, operation, members=[(world.other_surgeon.pk, ReservationRole.LEAD_SURGEON)])

    assert str(error.value) == "Name one lead surgeon; others assist."


@pytest.mark.parametrize("huge", [0, -1, 2**31, 2**63 - 1])
def test_resource_that_does_not_exist(world: World, huge: int) -> None:
    operation = world.waiting()

    with refused(SchedulingConflictError) as error:
        book(world, operation, members=[(huge, ReservationRole.BED)])
    assert str(error.value) == "The bed that was chosen does not exist any more."
    with refused(SchedulingConflictError) as error:
        book(world, operation, lead_surgeon_id=huge or 2**40)
    assert str(error.value) == "The lead surgeon that was chosen does not exist any more."


def test_retired_theatre(world: World) -> None:
    operation = world.waiting()
    world.one.in_use = False
    world.one.save()

    with refused(SchedulingConflictError) as error:
        book(world, operation)

    assert (str(error.value), error.value.overridable) == ("Theatre 1 is no longer in use.", False)


def test_deceased_patient(world: World) -> None:
    operation = world.waiting(patient=PatientFactory(deceased_on=date(2026, 1, 1)))

    with refused(SchedulingConflictError) as error:
        book(world, operation)

    assert str(error.value) == "This patient is recorded as deceased."


def test_clash(world: World) -> None:
    first = book(world, world.waiting())
    operation = world.waiting()

    with refused(SchedulingConflictError) as error:
        book(world, operation, start=world.at(11))

    assert str(error.value) == f"Theatre 1 is already booked 09:50–11:10: case {first.pk}, Hip replacement."
