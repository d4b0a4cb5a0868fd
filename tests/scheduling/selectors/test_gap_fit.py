"""Who of those waiting fits into a gap, and why in this order."""

from datetime import timedelta

import pytest
from django.utils import timezone

from scheduling.models import Operation
from scheduling.period import Period
from scheduling.selectors.day_board import day_board
from scheduling.selectors.gap_fit import as_gap, fits
from tests.factories import BlockFactory, PriorityFactory, UserFactory
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    return World.make()


def gap(world: World, start: int = 10, end: int = 12) -> Period:
    return Period(world.at(start), world.at(end))


def numbers(world: World, **hours: int) -> list[int]:
    return [fit.operation.pk for fit in fits(world.one, gap(world, **hours), world.coordinator)]


def due(operation: Operation, world: World, days: int) -> None:
    Operation.objects.filter(pk=operation.pk).update(due_on=world.day + timedelta(days=days))


def test_overdue_first_then_priority_then_due_date(world: World) -> None:
    late, later, urgent, plain = (
        world.waiting(),
        world.waiting(),
        world.waiting(priority=PriorityFactory(rank=1)),
        world.waiting(),
    )
    for operation, days in ((late, -2), (later, -9), (urgent, 20), (plain, 10)):
        due(operation, world, days)

    found = fits(world.one, gap(world), world.coordinator)

    assert [fit.operation.pk for fit in found] == [later.pk, late.pk, urgent.pk, plain.pk]
    assert found[0].reasons[0] == "due 9 days ago"
    assert found[2].reasons[0] == str(urgent.priority)
    assert found[0].slot.period.start >= world.at(10)


def test_who_is_too_long_does_not_fit(world: World) -> None:
    world.waiting()
    Operation.objects.update(surgery_minutes=200)
    assert numbers(world) == []


def test_set_up_and_clean_up_count_beside_the_neighbours(world: World) -> None:
    world.booked(world.at(9))  # until 10:00 and ten minutes of clean-up
    world.booked(world.at(11, 40))
    operation = world.waiting()
    (fit,) = fits(world.one, Period(world.at(10), world.at(11, 40)), world.coordinator)
    assert (fit.operation, fit.slot.period.start) == (operation, world.at(10, 20))
    assert fit.unused == 40


def test_whose_surgeon_is_elsewhere_does_not_fit(world: World) -> None:
    world.booked(world.at(10), theatre=world.two, lead=world.surgeon)
    busy = world.waiting(lead_surgeon=world.surgeon)
    assert busy.pk not in numbers(world, end=11)


def test_the_blocks_own_specialty_is_named(world: World) -> None:
    operation = world.waiting()
    BlockFactory(theatre=world.one, weekday=world.day.isoweekday(), specialty=operation.specialty)
    (fit,) = fits(world.one, gap(world), world.coordinator)
    assert fit.is_owners
    assert "the block’s own specialty" in fit.reasons


def test_others_patients_are_left_out(world: World) -> None:
    world.waiting()
    assert fits(world.one, gap(world), UserFactory(role="manager")) == []


def test_from_the_boards_free_time_to_the_form(world: World) -> None:
    operation = world.waiting()
    world.booked(world.at(9))
    client = client_of(world.coordinator)
    row = next(row for row in day_board(world.day, world.coordinator).rows if row.theatre == world.one)
    free = row.free[-1].period
    assert free is not None
    address = f"/theatres/{world.one.pk}/gap/?start={int(free.start.timestamp())}&end={int(free.end.timestamp())}"
    assert address.replace("&", "&amp;") in client.get(f"/schedule/{world.day}/").content.decode()

    page = client.get(address).content.decode()
    assert operation.patient.display_name in page
    link = f"/operations/{operation.pk}/book/?theatre={world.one.pk}&day={world.day}&time="
    assert link.replace("&", "&amp;") in page
    form = client.get(f"{link}10:20").context["form"]
    assert (str(form["theatre"].value()), f"{form['time'].value():%H:%M}") == (str(world.one.pk), "10:20")


def test_free_time_that_is_over_is_no_link(world: World) -> None:
    board = day_board(world.day, world.coordinator, now=world.at(12) + timedelta(days=1))
    assert {gap.period for row in board.rows for gap in row.free} == {None}


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "start=1&end=x",
        "start=2000000000&end=1000000000",
        "start=0&end=9999999999999999",
        "start=253402250000&end=253402299799",
    ],
)
def test_what_is_no_gap(world: World, asked: str) -> None:
    assert client_of(world.coordinator).get(f"/theatres/{world.one.pk}/gap/?{asked}").status_code == 404


def test_nobody_fits_says_why(world: World) -> None:
    start = int(world.at(10).timestamp())
    page = client_of(world.coordinator).get(f"/theatres/{world.one.pk}/gap/?start={start}&end={start + 3600}")
    assert "Nobody on the waiting list fits" in page.content.decode()


def test_a_gap_is_at_most_a_day() -> None:
    now = int(timezone.now().timestamp())
    assert as_gap(now, now + 86_400) is not None
    assert as_gap(now, now + 86_401) is None
    assert as_gap(now, now) is None
