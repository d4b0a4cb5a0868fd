"""The boards on the wall and the list of what runs late."""

from datetime import datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from resources.models import OpeningHours, Unavailability
from scheduling.models import EventKind, Operation, OperationEvent, ReservationRole, Status
from scheduling.period import Period
from scheduling.selectors.day_board import day_board
from scheduling.selectors.live_board import families_board, live_board
from scheduling.selectors.running_late import running_late
from tests.factories import OperationFactory, SiteFactory, UserFactory
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    return World.make()


def happen(world: World, operation: Operation, *kinds: tuple[str, datetime], status: str = "") -> None:
    """Write what happened at times that the service would say have not come yet."""
    for kind, at in kinds:
        OperationEvent.objects.create(operation=operation, kind=kind, at=at, recorded_by=world.coordinator)
    if status:
        Operation.objects.filter(pk=operation.pk).update(status=status)


def row_of(world: World, at: datetime, **options):
    return next(row for row in live_board(world.coordinator, now=at, **options).theatres if row.theatre == world.one)


def test_a_theatre_with_a_case_and_one_to_come(world: World) -> None:
    first, second = world.booked(world.at(9), lead=world.surgeon), world.booked(world.at(11))
    happen(world, first, (EventKind.IN_THEATRE, world.at(9, 40)), status=Status.IN_THEATRE)

    row = row_of(world, world.at(9, 50))

    assert (row.state, row.now.name, row.now.milestone) == ("progress", f"Case {first.pk}", "Wheels in 09:40")
    assert timezone.localtime(row.now.expected.period.end).strftime("%H:%M") == "10:40"
    assert row.now.late == 40
    assert (row.following.name, row.following.late, row.left) == (f"Case {second.pk}", 0, 1)


def test_a_theatre_between_cases_closed_done_and_without_a_list(world: World) -> None:
    assert row_of(world, world.at(8)).state == "none"
    operation = world.booked(world.at(9))
    assert row_of(world, world.at(8)).state == "free"
    period = Period(world.at(7), world.at(12)).as_range()
    Unavailability.objects.create(resource=world.one, kind="closure", period=period)
    assert row_of(world, world.at(8)).state == "shut"
    Unavailability.objects.all().delete()
    happen(world, operation, (EventKind.OUT, world.at(10)), status=Status.RECOVERY)
    assert row_of(world, world.at(11)).state == "done"


def test_a_list_that_ends_after_the_theatre_closes(world: World) -> None:
    OpeningHours.objects.update(closes=time(17))
    operation = world.booked(world.at(15))
    happen(world, operation, (EventKind.IN_THEATRE, world.at(16, 30)), status=Status.IN_THEATRE)
    assert row_of(world, world.at(16, 31)).over == 30


def test_names_are_numbers_or_initials_of_open_records(world: World) -> None:
    operation = world.booked(world.at(9))
    patient = operation.patient
    initials = f"{patient.given_name[0]}. {patient.family_name[0]}.".upper()
    assert row_of(world, world.at(8)).following.name == f"Case {operation.pk}"
    assert row_of(world, world.at(8), initials=True).following.name == initials
    manager = UserFactory(role="manager")
    board = live_board(manager, now=world.at(8), initials=True)
    names = {row.following.name for row in board.theatres if row.following}
    assert initials not in names


def test_one_site(world: World) -> None:
    site = SiteFactory()
    assert live_board(world.coordinator, site=site.code, now=world.at(8)).theatres == []
    world.one.site = site
    world.one.save()
    assert [row.theatre for row in live_board(world.coordinator, site=site.code, now=world.at(8)).theatres] == [
        world.one
    ]


def test_families_read_codes_and_stages(world: World) -> None:
    first, second = world.booked(world.at(9)), world.booked(world.at(11))
    happen(world, first, (EventKind.OUT, world.at(10)), status=Status.RECOVERY)
    lines = {case.code: case for case in families_board(now=world.at(10, 5))}
    assert (lines[first.pk].state, lines[first.pk].since) == ("recovery", world.at(10))
    assert lines[second.pk].state == "waiting"
    happen(world, first, (EventKind.READY, world.at(10, 30)))
    assert families_board(now=world.at(10, 40))[0].state == "ready"


def test_families_find_a_case_that_runs_over_midnight(world: World) -> None:
    operation = world.booked(world.at(22))
    happen(world, operation, (EventKind.IN_THEATRE, world.at(22)), status=Status.IN_THEATRE)
    assert [case.code for case in families_board(now=world.at(1, days=1))] == [operation.pk]


def test_what_runs_late_says_why_and_into_whom(world: World) -> None:
    first = world.booked(world.at(9), lead=world.surgeon)
    second = world.booked(world.at(10, 30))
    world.booked(world.at(14))
    happen(world, first, (EventKind.IN_THEATRE, world.at(9, 45)), status=Status.IN_THEATRE)

    late = running_late(world.coordinator, now=world.at(10))

    assert [case.operation.pk for case in late] == [first.pk, second.pk]
    assert (late[0].is_running, late[0].expected.over, late[0].into) == (True, 45, second)
    assert (late[1].expected.waits_for, late[1].into) == ("theatre", None)
    assert late[1].push_minutes >= late[1].expected.late
    assert late[1].push_minutes % 5 == 0


def test_nothing_runs_late_on_a_day_as_planned(world: World) -> None:
    world.booked(world.at(9))
    assert running_late(world.coordinator, now=world.at(8)) == []


def test_a_bed_that_is_not_free_in_time(world: World) -> None:
    """The first patient leaves theatre late, and the bed with them."""
    stay = {"bed_kind": "recovery", "bed_minutes": 60}
    first = world.booked(world.at(9), members=[(world.bed, ReservationRole.BED)], operation=world.waiting(**stay))
    second = world.booked(
        world.at(10, 30), theatre=world.two, members=[(world.bed, ReservationRole.BED)], operation=world.waiting(**stay)
    )
    happen(world, first, (EventKind.IN_THEATRE, world.at(10)), status=Status.IN_THEATRE)

    late = {case.operation.pk: case for case in running_late(world.coordinator, now=world.at(10, 5))}

    assert late[second.pk].bed_until == world.at(12)


def test_a_case_over_the_session_gets_another_place(world: World) -> None:
    OpeningHours.objects.update(closes=time(18))
    first, second = world.booked(world.at(15)), world.booked(world.at(17))
    happen(world, first, (EventKind.IN_THEATRE, world.at(16, 30)), status=Status.IN_THEATRE)

    found = {case.operation.pk: case for case in running_late(world.coordinator, now=world.at(16, 35))}

    assert found[second.pk].over >= 30
    assert found[second.pk].place.theatre_id == world.two.pk
    assert found[first.pk].place is None
    nurse = UserFactory(role="theatre_nurse")
    assert {case.place for case in running_late(nurse, now=world.at(16, 35))} == {None}


def test_others_patients_are_not_named(world: World) -> None:
    operation = world.booked(world.at(9))
    happen(world, operation, (EventKind.IN_THEATRE, world.at(9, 45)), status=Status.IN_THEATRE)
    assert running_late(UserFactory(role="manager"), now=world.at(10)) == []


def test_the_day_board_says_when_a_case_is_expected(world: World) -> None:
    first, second = world.booked(world.at(9)), world.booked(world.at(10, 30))
    happen(world, first, (EventKind.IN_THEATRE, world.at(9, 45)), status=Status.IN_THEATRE)
    board = day_board(world.day, world.coordinator, now=world.at(10))
    labels = {case.operation.pk: case.expected_label for row in board.rows for case in row.cases}
    assert labels[first.pk] == "09:45–10:45"
    assert labels[second.pk] > "10:45"
    tomorrow = day_board(world.day, world.coordinator, now=world.at(10) + timedelta(days=1))
    assert {case.expected_label for row in tomorrow.rows for case in row.cases} == {""}


def test_more_cases_take_no_more_queries(world: World) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            live_board(world.coordinator, now=world.at(8))
            families_board(now=world.at(8))
            running_late(world.coordinator, now=world.at(8))
        return len(captured)

    world.booked(world.at(9))
    one = count()
    world.booked(world.at(11))
    world.booked(world.at(13), theatre=world.two)
    OperationFactory()
    assert count() == one


def test_a_night_belongs_to_its_theatre_until_the_patient_is_out(world: World) -> None:
    operation = world.booked(world.at(22))
    happen(world, operation, (EventKind.IN_THEATRE, world.at(22, 5)), status=Status.IN_THEATRE)
    half_past_midnight = world.at(0, 30, days=1)
    assert row_of(world, half_past_midnight).now.name == f"Case {operation.pk}"
    assert [case.operation for case in running_late(world.coordinator, now=half_past_midnight)] == [operation]
    happen(world, operation, (EventKind.OUT, half_past_midnight), status=Status.RECOVERY)
    assert row_of(world, half_past_midnight).now is None


@pytest.mark.parametrize("kind", [EventKind.CLEANED, EventKind.READY, EventKind.DISCHARGED])
def test_who_is_out_is_not_late_whatever_was_tapped(world: World, kind: str) -> None:
    operation = world.booked(world.at(9))
    happen(world, operation, (kind, world.at(10)), status=Status.RECOVERY)
    assert running_late(world.coordinator, now=world.at(12)) == []


def test_a_surgeon_is_needed_only_after_anaesthesia(world: World) -> None:
    world.booked(world.at(10), lead=world.surgeon)
    world.booked(world.at(10, 45), theatre=world.two, lead=world.surgeon)
    assert running_late(world.coordinator, now=world.at(8)) == []


def test_busy_cases_tell_nothing_more(world: World) -> None:
    """To a surgeon of another specialty a case is only that there is one."""
    world.booked(world.at(9), lead=world.surgeon)
    stranger = UserFactory(role="surgeon")
    row = next(row for row in live_board(stranger, now=world.at(8)).theatres if row.theatre == world.one)
    assert row.following.name == "Busy"
    page = client_of(stranger).get(f"/schedule/week/{world.day}/?by=specialty").content.decode()
    assert f">{world.specialty}<small>" not in page
    assert (
        "Busy"
        not in client_of(stranger).get(f"/schedule/week/{world.day}/?surgeon={world.surgeon.pk}").content.decode()
    )
