"""The week and the month."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.audit.models import Access
from resources.models import Unavailability
from scheduling.models import Operation
from scheduling.period import Period
from scheduling.selectors.day_board import day_board
from scheduling.selectors.month import month
from scheduling.selectors.week import WeekFilter, monday_of, week
from tests.factories import PatientFactory, StaffMemberFactory, TheatreFactory, UserFactory
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    return World.make()


def cell_of(world: World, day=None, **wanted):
    shown = week(world.day, world.coordinator, WeekFilter(**wanted))
    row = next(row for row in shown.rows if row.name == world.one.name)
    return next(cell for cell in row.cells if cell.day == (day or world.day))


def test_a_week_runs_from_monday_to_sunday(world: World) -> None:
    shown = week(world.day, world.coordinator, WeekFilter())
    assert [day.isoweekday() for day in shown.days] == [1, 2, 3, 4, 5, 6, 7]
    assert world.day in shown.days
    assert shown.previous == shown.days[0] - timedelta(days=7)
    assert shown.next == shown.days[-1] + timedelta(days=1)
    assert [row.name for row in shown.rows] == ["Theatre 1", "Theatre 2"]


def test_a_case_is_a_line_at_its_time(world: World) -> None:
    operation = world.booked(world.at(9, 5), lead=world.surgeon)
    (case,) = cell_of(world).cases
    assert (case.number, case.name, case.clock) == (operation.pk, operation.patient.display_name, "09:05")
    assert (case.begins, case.ends) == (9 * 60 + 5, 10 * 60 + 5)


def test_the_load_is_the_day_boards(world: World) -> None:
    world.booked(world.at(9))
    world.booked(world.at(11))
    Unavailability.objects.create(
        resource=world.one, kind="closure", period=Period(world.at(12), world.at(15)).as_range(), note="Flood"
    )
    row = next(row for row in day_board(world.day, world.coordinator).rows if row.theatre == world.one)
    cell = cell_of(world)
    assert (cell.load, cell.used, cell.open) == (row.utilisation, row.used_minutes, row.open_minutes)
    assert cell.closed == "Closed: Flood"
    day = next(one for days in month(world.day).weeks for one in days if one.day == world.day)
    both = day_board(world.day, world.coordinator)
    assert (day.cases, day.load) == (both.cases, both.utilised)
    assert day.closed == ["Theatre 1: Closed: Flood"]


def test_a_case_over_midnight_is_on_the_day_on_which_it_begins_once(world: World) -> None:
    world.booked(world.at(23, 30))
    shown = week(world.day, world.coordinator, WeekFilter())
    assert [(cell.day, len(cell.cases)) for row in shown.rows for cell in row.cells if cell.cases] == [(world.day, 1)]
    assert shown.first + shown.span == 24 * 60


def test_rows_by_surgeon_and_by_specialty(world: World) -> None:
    world.booked(world.at(9), lead=world.surgeon)
    world.booked(world.at(11))
    by = week(world.day, world.coordinator, WeekFilter(by="surgeon"))
    assert [(row.name, row.cases, row.used, row.load) for row in by.rows] == [
        ("Mr A. Khan", 1, 60, None),
        ("Not named", 1, 60, None),
    ]
    by = week(world.day, world.coordinator, WeekFilter(by="specialty"))
    assert sum(row.cases for row in by.rows) == 2


def test_whose_cases(world: World) -> None:
    mine = world.booked(world.at(9), lead=world.surgeon, members=[(world.nurse, "scrub_nurse")])
    world.booked(world.at(11), theatre=world.two)
    numbers = lambda **wanted: [  # noqa: E731
        case.number
        for row in week(world.day, world.coordinator, WeekFilter(**wanted)).rows
        for cell in row.cells
        for case in cell.cases
    ]
    assert numbers(surgeon=world.surgeon.pk) == [mine.pk]
    assert numbers(theatre=world.one.pk) == [mine.pk]
    assert numbers(specialty=mine.specialty_id) == [mine.pk] or len(numbers(specialty=mine.specialty_id)) == 2
    assert numbers(mine=True) == []
    world.nurse.user = world.coordinator
    world.nurse.save()
    assert numbers(mine=True) == [mine.pk]


def test_who_may_not_know_whose_case_it_is(world: World) -> None:
    operation = world.booked(world.at(9))
    client = client_of(UserFactory(role="manager"))
    page = client.get(f"/schedule/week/{world.day}/").content.decode()
    assert f"Case {operation.pk}" in page
    assert operation.patient.family_name.upper() not in page
    assert not Access.objects.filter(patient_id=operation.patient_id).exists()


def test_who_is_named_is_on_record_as_seen(world: World) -> None:
    operation = world.booked(world.at(9))
    client = client_of(world.coordinator)
    assert operation.patient.family_name.upper() in client.get(f"/schedule/week/{world.day}/").content.decode()
    assert Access.objects.filter(patient_id=operation.patient_id, view="scheduling:week").exists()


def test_names_are_escaped(world: World) -> None:
    patient = PatientFactory(family_name="<script>", given_name="O'Hara & Co")
    world.booked(world.at(9), operation=world.waiting(patient=patient))
    page = client_of(world.coordinator).get(f"/schedule/week/{world.day}/").content.decode()
    assert "<SCRIPT>" not in page
    assert "&lt;SCRIPT&gt;, O&#x27;Hara &amp; Co" in page


@pytest.mark.parametrize(
    "asked", ["by=x", "surgeon=999999", "theatre=-1", "specialty=x", "mine=maybe&by=surgeon", "a=1"]
)
def test_what_makes_no_sense_is_left_out(world: World, asked: str) -> None:
    assert client_of(world.coordinator).get(f"/schedule/week/{world.day}/?{asked}").status_code == 200
    assert client_of(world.coordinator).get(f"/schedule/month/{world.day}/?{asked}").status_code == 200


def test_links_to_other_weeks_keep_what_was_asked(world: World) -> None:
    page = client_of(world.coordinator).get(f"/schedule/week/{world.day}/?by=surgeon&mine=on").content.decode()
    assert f"/schedule/week/{monday_of(world.day) + timedelta(days=7)}/?by=surgeon&amp;mine=on" in page


def test_a_month_is_whole_weeks_and_counts_what_is_late(world: World) -> None:
    operation = world.booked(world.at(9))
    Operation.objects.filter(pk=operation.pk).update(due_on=world.day - timedelta(days=1))
    shown = month(world.day)
    assert {len(days) for days in shown.weeks} == {7}
    assert shown.weeks[0][0].day.isoweekday() == 1
    day = next(one for days in shown.weeks for one in days if one.day == world.day)
    assert (day.cases, day.late, day.emergencies, day.open_theatres) == (1, 1, 0, 2)
    assert sum(one.cases for days in month(world.day, surgeon=world.surgeon.pk).weeks for one in days) == 0


@pytest.mark.parametrize("view", ["week", "month"])
def test_more_cases_and_theatres_take_no_more_queries(world: World, view: str) -> None:
    client = Client()
    client.force_login(world.coordinator)

    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/schedule/{view}/{world.day}/").status_code == 200
        return len(captured)

    world.booked(world.at(9))
    count()
    one = count()
    TheatreFactory()
    for hour in (11, 13):
        world.booked(world.at(hour), lead=StaffMemberFactory())
    assert count() == one
