"""The forecast as read from the database: what counts as done, as booked, and whose it is."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from scheduling.models import ClockPause, Operation
from scheduling.period import Period
from scheduling.selectors.breaches import Breaches, breaches
from scheduling.selectors.waiting_list import WaitingFilter
from tests.factories import PriorityFactory, ProcedureFactory, SpecialtyFactory, UserFactory
from tests.scheduling.world import World

TODAY = timezone.localdate()
NOBODY = WaitingFilter()


def due(days: int) -> dict[str, object]:
    return {"due_on": TODAY + timedelta(days=days), "listed_on": TODAY - timedelta(days=100)}


def at(world: World, days: int, *, status: str = "scheduled", **fields: object) -> Operation:
    """Return an operation at noon, so many days from today, whatever the rules say."""
    period = Period.lasting(world.at(12) + timedelta(days=(TODAY - world.day).days + days), 60)
    operation = world.waiting(**fields)
    Operation.objects.filter(pk=operation.pk).update(status=status, theatre=world.one, period=period.as_range())
    return operation


def found(world: World, wanted: WaitingFilter = NOBODY) -> Breaches:
    shown = breaches(wanted, world.coordinator)
    assert shown is not None
    return shown


def test_nobody_waits(world: World) -> None:
    assert breaches(NOBODY, world.coordinator) is None


def test_done_and_booked(world: World) -> None:
    world.waiting(**due(-1))
    emergency = PriorityFactory(emergency=True)
    for days in (-55, -10, -1):
        at(world, days, status="completed")
    at(world, -2, status="recovery")
    at(world, -57, status="completed")  # too long ago
    at(world, -3, status="scheduled")  # never done
    at(world, -4, status="completed", priority=emergency)
    at(world, -5, status="completed", procedure=ProcedureFactory(specialty=SpecialtyFactory()))
    for days in (1, 2, 8):
        at(world, days)
    at(world, 3, priority=emergency)
    at(world, 85)
    (line,) = found(world).lines
    assert (line.specialty, line.forecast.done, line.forecast.booked) == (world.specialty, 4, 3)
    assert line.forecast.pace == 0.5


def test_pauses_are_respected(world: World) -> None:
    world.waiting(**due(2), paused_since=TODAY - timedelta(days=4))
    late = world.waiting(**due(-1))
    pause = {"kind": "unavailable", "starts": TODAY - timedelta(days=2), "ends": TODAY + timedelta(days=30)}
    ClockPause.objects.create(operation=late, recorded_by=world.coordinator, **pause)
    for days in range(-50, -10):
        at(world, days, status="completed")
    total = found(world).total
    assert (total.waiting, total.past_now) == (2, 1)
    assert [week.at_pace for week in total.weeks[:6]] == [1, 1, 1, 1, 0, 0]


def test_filters_choose_who_counts_but_not_who_stands_in_the_queue(world: World) -> None:
    for _ in range(2):
        world.waiting(**due(-9))
    world.waiting(**due(-1), lead_surgeon=world.surgeon)
    for days in range(-40, -32):
        at(world, days, status="completed")
    total = found(world, WaitingFilter(surgeon=world.surgeon)).total
    assert total.waiting == 1
    assert [week.at_pace for week in total.weeks[:4]] == [1, 1, 0, 0]


def test_a_role_sees_the_specialties_it_may(world: World) -> None:
    world.waiting(**due(-1))
    eyes = SpecialtyFactory(name="Eyes")
    world.waiting(**due(-1), procedure=ProcedureFactory(specialty=eyes))
    clerk = UserFactory(role="booking_clerk", role__specialties=[eyes])
    shown = breaches(NOBODY, clerk)
    assert shown is not None
    assert [line.specialty.name for line in shown.lines] == ["Eyes"]
    assert shown.most == 1
    assert [line.specialty.name for line in found(world).lines] == ["Eyes", "Orthopaedics"]
    assert found(world).last.if_nothing == 2


@pytest.mark.parametrize("rows", [1, 3])
def test_the_number_of_queries_is_fixed(world: World, rows: int) -> None:
    for _ in range(rows):
        world.waiting(**due(-1), procedure=ProcedureFactory(specialty=SpecialtyFactory()))
        at(world, 1)
        at(world, -1, status="completed")
    with CaptureQueriesContext(connection) as captured:
        found(world)
    reads = [
        query for query in captured.captured_queries if "scheduling" in query["sql"] or "resources" in query["sql"]
    ]
    assert len(reads) == 6
