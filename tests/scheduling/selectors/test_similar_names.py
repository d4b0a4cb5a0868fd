"""Two patients of nearly one name on a day are pointed out to those who may see both."""

from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from patients.models import Patient
from scheduling.models import Operation
from scheduling.selectors.day_board import day_board
from scheduling.selectors.similar_names import similar_names, similar_on
from tests.factories import PatientFactory, SiteFactory, TheatreFactory, UserFactory, open_all_week
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    return World.make()


def booked(world: World, hour: int, family: str, **more: object) -> Operation:
    return world.booked(world.at(hour), patient=PatientFactory(family_name=family), **more)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("Smith", "SMITH", "Brown"), ["2 patients named Smith today"] * 2 + [None]),
        (("Smith", "Smyth"), ["Similar names today: Smith, Smyth"] * 2),
        (("Müller", "Muller", "Miller"), ["Similar names today: Miller, Muller, Müller"] * 3),
        (("O’Brien", "Obrien"), ["2 patients named O’Brien today", "2 patients named Obrien today"]),
        (("Kahn", "Khan"), ["Similar names today: Kahn, Khan"] * 2),
        (("Lee", "Lea"), [None, None]),
        (("Chen", "Cohen"), [None, None]),
        (("Smith", "Jones"), [None, None]),
        (("Miller", "Hiller"), [None, None]),
        (("Baker 1", "Baker 2"), [None, None]),
        (("Smith", "Smith", "Smith"), ["3 patients named Smith today"] * 3),
    ],
)
def test_which_names_are_alike(names: tuple[str, ...], said: list[str | None]) -> None:
    operations = [
        Operation(pk=at, patient=Patient(pk=at, family_name=name, given_name="x")) for at, name in enumerate(names)
    ]
    found = similar_names(operations, timezone.localdate())
    assert [found.get(operation.pk) for operation in operations] == said


def test_two_operations_of_one_patient_are_no_two_patients() -> None:
    patient = Patient(pk=1, family_name="Smith")
    assert similar_names([Operation(pk=at, patient=patient) for at in (1, 2)], date(2020, 1, 1)) == {}


def test_another_site_does_not_count(world: World) -> None:
    site = SiteFactory()
    elsewhere = TheatreFactory(site=site, turnover_minutes=0)
    open_all_week(elsewhere)
    one = booked(world, 9, "Smith")
    booked(world, 9, "Smith", theatre=elsewhere)
    assert similar_on(world.day, world.one, world.coordinator) == {}
    other = booked(world, 11, "Smyth", theatre=world.two)
    assert similar_on(world.day, world.one, world.coordinator).keys() == {one.pk, other.pk}


def test_who_may_not_see_both_is_told_of_neither(world: World) -> None:
    one, other = booked(world, 9, "Smith"), booked(world, 11, "Smith")
    clerk, manager = UserFactory(role="booking_clerk"), UserFactory(role="manager")
    assert similar_on(world.day, world.one, clerk).keys() == {one.pk, other.pk}
    Patient.objects.filter(pk=other.patient_id).update(confidential=True)
    assert similar_on(world.day, world.one, clerk) == {}
    assert similar_on(world.day, world.one, manager) == {}
    assert similar_on(world.day, world.one, world.coordinator).keys() == {one.pk, other.pk}
    for viewer, number in ((clerk, 0), (manager, 0), (world.coordinator, 2)):
        cases = [case for row in day_board(world.day, viewer).rows for case in row.cases]
        assert sum(bool(case.similar) for case in cases) == number


def test_the_pages_say_it(world: World) -> None:
    one = booked(world, 9, "Smith")
    booked(world, 11, "Smith", theatre=world.two)
    client: Client = client_of(world.coordinator)
    for page in (f"/operations/{one.pk}/", f"/theatres/{world.one.pk}/list/{world.day}/", f"/schedule/{world.day}/"):
        assert "2 patients named Smith on this day" in client.get(page).content.decode()


def test_more_operations_take_no_more_queries(world: World) -> None:
    one = booked(world, 9, "Smith")
    client = client_of(world.coordinator)

    def counted() -> list[int]:
        found = []
        for page in (
            f"/operations/{one.pk}/",
            f"/theatres/{world.one.pk}/list/{world.day}/",
            f"/schedule/{world.day}/",
        ):
            client.get(page)
            with CaptureQueriesContext(connection) as captured:
                client.get(page)
            found.append(len(captured))
        return found

    before = counted()
    for hour in (11, 13):
        booked(world, hour, "Smith", theatre=world.two)
    after = counted()
    assert after[1:] == before[1:]
