"""The day board as a page."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import UserFactory
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_the_page_holds_the_very_fragment_that_is_fetched_later(world: World, coordinator: Client) -> None:
    world.booked(world.at(10))
    world.waiting()
    page = coordinator.get(f"/schedule/{world.day}/").content.decode()
    fragment = coordinator.get(f"/schedule/{world.day}/board/").content.decode()
    assert fragment.strip() in page


def test_more_cases_take_no_more_queries(world: World, coordinator: Client) -> None:
    world.booked(world.at(8), lead=world.surgeon)
    world.waiting()
    with_one = queries(coordinator, f"/schedule/{world.day}/")
    for hour in (10, 12):
        world.booked(world.at(hour), lead=world.surgeon)
        world.waiting(lead_surgeon=world.surgeon)
    assert queries(coordinator, f"/schedule/{world.day}/") == with_one


def test_the_waiting_list_needs_its_own_right(world: World) -> None:
    waiting = world.waiting()
    officer = client_of(UserFactory(role="privacy_officer"))
    page = officer.get(f"/schedule/{world.day}/").content.decode()
    assert f"waiting-{waiting.pk}" not in page
    assert "Waiting list" not in page


@pytest.mark.parametrize(("path", "status"), [("/schedule/2026-02-30/", 404), ("/schedule/9999-12-31/", 404)])
def test_a_day_that_does_not_exist_is_a_page_that_does_not_exist(path: str, status: int, coordinator: Client) -> None:
    assert coordinator.get(path).status_code == status


@pytest.mark.parametrize(("asked", "day"), [("2027-01-05", "2027-01-05"), ("nonsense", None), ("2027-02-31", None)])
def test_going_to_a_day(asked: str, day: str | None, world: World, coordinator: Client) -> None:
    response = coordinator.get("/", {"day": asked})
    today = coordinator.get("/", {"day": ""})["Location"]
    assert response["Location"] == (f"/schedule/{day}/" if day else today)


def test_no_patient_is_named_to_who_has_not_signed_in(world: World) -> None:
    response = Client().get(f"/schedule/{world.day}/")
    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next=/schedule/{world.day}/")
