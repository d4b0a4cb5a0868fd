"""Record what really happened."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from scheduling.models import ChangeVerb, EventKind, Operation, OperationEvent, Status
from scheduling.services import InvalidPlanError, NotPossibleError, record_event
from tests.scheduling.services.reading import held
from tests.scheduling.services.refusing import refused
from tests.scheduling.world import World

DAY = [
    (EventKind.ARRIVED, Status.ARRIVED),
    (EventKind.IN_THEATRE, Status.IN_THEATRE),
    (EventKind.ANAESTHESIA, Status.IN_THEATRE),
    (EventKind.KNIFE_TO_SKIN, Status.IN_THEATRE),
    (EventKind.CLOSING, Status.IN_THEATRE),
    (EventKind.OUT, Status.RECOVERY),
    (EventKind.RECOVERY, Status.RECOVERY),
    (EventKind.DISCHARGED, Status.COMPLETED),
]


def record(world: World, operation: Operation, kind: str, at: datetime | None = None) -> OperationEvent:
    return record_event(actor=world.coordinator, operation_id=operation.pk, kind=kind, at=at or timezone.now())


def test_status_follows_the_day(world: World) -> None:
    operation = world.booked(world.at(10), lead=world.surgeon)
    seen = []
    for kind, _ in DAY:
        record(world, operation, kind)
        seen.append((kind, Operation.objects.get(pk=operation.pk).status))

    assert seen == DAY
    operation.refresh_from_db()
    assert operation.version == 2 + len(DAY)
    assert set(operation.changes.filter(version__gt=2).values_list("verb", flat=True)) == {ChangeVerb.RECORDED}
    assert len(held(operation)) == 2


def test_second_time_corrects_the_first_and_keeps_it(world: World) -> None:
    operation = world.booked(world.at(10))
    first = record(world, operation, EventKind.OUT)

    second = record(world, operation, EventKind.OUT, timezone.now() - timedelta(minutes=4))

    first.refresh_from_db()
    assert (first.current, second.current, second.supersedes) == (False, True, first)


def test_status_never_goes_back(world: World) -> None:
    operation = world.booked(world.at(10))
    record(world, operation, EventKind.OUT)

    record(world, operation, EventKind.ARRIVED)

    assert Operation.objects.get(pk=operation.pk).status == Status.RECOVERY


def test_whatever_the_plan_says(world: World) -> None:
    """Patients in theatre at a time that is another case's are a fact; the plan stays as it was."""
    world.booked(world.at(12))
    operation = world.booked(world.at(10))

    record(world, operation, EventKind.IN_THEATRE, world.at(12, days=-60))

    assert held(operation) == {"theatre Theatre 1": "09:50–11:10"}


def test_history_says_what_and_when(world: World) -> None:
    operation = world.booked(world.at(10))
    at = timezone.now()

    record(world, operation, EventKind.IN_THEATRE, at)

    assert operation.changes.get(version=3).note == f"Wheels in {timezone.localtime(at):%H:%M}"


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.WAITING, Status.CANCELLED])
def test_not_on_the_calendar(world: World, status: str) -> None:
    operation = world.waiting(status=status)

    with refused(NotPossibleError) as error:
        record(world, operation, EventKind.ARRIVED)

    assert str(error.value) == "This operation is not on the calendar. Book it first."


INVALID = [
    ("teleported", timezone.now(), "kind", "Choose one of the listed events."),
    (EventKind.OUT, timezone.now() + timedelta(days=1), "at", "This time has not come yet."),
    (EventKind.OUT, datetime(2026, 1, 1, 10), "at", "The time needs a time zone."),
]


@pytest.mark.parametrize(("kind", "at", "field", "message"), INVALID)
def test_invalid(world: World, kind: str, at: datetime, field: str, message: str) -> None:
    operation = world.booked(world.at(10))

    with refused(InvalidPlanError) as error:
        record(world, operation, kind, at)

    assert (error.value.field, str(error.value)) == (field, message)


def test_clock_of_a_tablet_that_is_a_little_fast(world: World) -> None:
    operation = world.booked(world.at(10))

    assert record(world, operation, EventKind.OUT, timezone.now() + timedelta(minutes=4)).current
