"""Displays: the pages of whoever manages them, and what a screen sees."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.audit.models import Access, Event
from accounts.models import User
from scheduling.displays import COOKIE, PATH
from scheduling.models import Display, EventKind, Operation, OperationEvent, Status
from scheduling.period import Period
from scheduling.selectors.live_board import families_board, live_board
from scheduling.services.displays import create_display, revoke_display
from scheduling.views import shared_drawing
from tests.factories import PatientFactory, SiteFactory, TheatreFactory, UserFactory
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World

pytestmark = pytest.mark.django_db(transaction=True)
LINK = re.compile(r"http://testserver/display/open/#([\w-]{43})")


@pytest.fixture
def world(transactional_db: None) -> World:
    cache.clear()
    shared_drawing._kept.clear()  # of another test's hospital
    return World.make()


@pytest.fixture
def manager(world: World) -> User:
    return UserFactory(role="manager", given_name="May", family_name="Nager")


def screen(actor: User, **more: Any) -> Client:
    """Return the browser of a screen that has opened its link."""
    _, secret = create_display(actor=actor, **{"name": "Corridor east", "board": "theatres", **more})
    client = Client()
    assert client.post("/display/open/", {"secret": secret}).status_code == 302
    return client


def now_in_theatre(world: World, **patient: Any) -> Operation:
    """Return a case that is in the first theatre at this moment."""
    operation = world.waiting(patient=PatientFactory(family_name="Qfamilyova", given_name="Qgivena", **patient))
    start = timezone.now() - timedelta(minutes=5)
    Operation.objects.filter(pk=operation.pk).update(
        status=Status.IN_THEATRE, theatre=world.one, period=Period.lasting(start, 60).as_range()
    )
    OperationEvent.objects.create(
        operation=operation, kind=EventKind.IN_THEATRE, at=start, recorded_by=world.coordinator
    )
    return operation


def test_from_the_form_to_the_board_on_the_wall(world: World, manager: User) -> None:
    operation = now_in_theatre(world)
    page = client_of(manager).post("/displays/", {"name": "Corridor east", "board": "theatres"})
    assert page["Cache-Control"] == "no-store"
    (secret,) = LINK.findall(page.content.decode())
    client = Client()
    assert client.get("/display/").status_code == 403
    opened = client.post("/display/open/", {"secret": secret})
    assert (opened.status_code, opened["Location"]) == (302, "/display/")

    cookie = opened.cookies[COOKIE]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (PATH, True, "Strict")
    assert cookie["max-age"] > 86400 * 300
    assert secret != cookie.value
    board = client.get("/display/")
    text = board.content.decode()
    assert f"Case {operation.pk}" in text
    assert 'data-live="/display/live/"' in text
    assert (board["Cache-Control"], board["Referrer-Policy"]) == ("no-store", "no-referrer")
    listed = client_of(manager).get("/displays/").content.decode()
    assert "Corridor east" in listed
    assert "May Nager" in listed
    assert secret not in listed


def test_the_secret_in_an_address_opens_nothing(world: World, manager: User) -> None:
    """Whoever follows a link for somebody else, a scanner of mails, only GETs, and has no part after the #."""
    _, secret = create_display(actor=manager, name="-", board="theatres")
    assert Client().get(f"/display/open/?secret={secret}").status_code == 200
    assert Display.objects.get().opened_at is None


def test_the_key_opens_no_other_page(world: World, manager: User) -> None:
    client = screen(manager)
    key = client.cookies[COOKIE].value
    client.cookies.clear()
    client.cookies[COOKIE] = key
    for path in ("/", "/board/", "/board/families/", "/displays/", "/waiting-list/", "/admin/", "/late/"):
        answer = client.get(path)
        assert (answer.status_code, "/login/" in answer["Location"]) == (302, True)
    client.cookies["sessionid"] = key
    assert client.get("/board/").status_code == 302


def test_the_board_writes_nothing(world: World, manager: User) -> None:
    client = screen(manager)
    for method in ("post", "put", "delete", "patch"):
        assert getattr(client, method)("/display/").status_code == 405


def test_no_name_and_of_confidential_patients_not_even_the_number(world: World, manager: User) -> None:
    operation = now_in_theatre(world, confidential=True)
    text = screen(manager).get("/display/").content.decode()
    assert "Busy" in text
    assert f"Case {operation.pk}" not in text
    Operation.objects.filter(pk=operation.pk).update(status=Status.RECOVERY)
    families = screen(manager, board="families").get("/display/").content.decode()
    assert "No operations today" in families
    assert len(families_board()) == 1  # whoever is signed in sees that there is a case


@pytest.mark.parametrize("board", ["theatres", "families"])
@pytest.mark.parametrize("query", ["", "?show=initials", "?site=&show=initials"])
def test_no_address_makes_it_say_more(world: World, manager: User, board: str, query: str) -> None:
    now_in_theatre(world)
    client = screen(manager, board=board)
    client.force_login(world.coordinator)  # somebody signs in at the same browser
    on_record = Access.objects.count()
    text = client.get(f"/display/{query}").content.decode()
    assert "Qfamilyova" not in text
    assert "Q. Q." not in text
    assert world.coordinator.email not in text
    assert Access.objects.count() == on_record


def test_a_site_and_theatres(world: World, manager: User) -> None:
    site = SiteFactory(name="North")
    here = TheatreFactory(name="Theatre North", site=site)
    TheatreFactory(name="Theatre Other", site=site)
    text = screen(manager, site_id=site.pk).get("/display/").content.decode()
    assert ("Theatre North" in text, "Theatre Other" in text, "Theatre 1" in text) == (True, True, False)
    text = screen(manager, site_id=site.pk, theatre_ids=[here.pk]).get("/display/").content.decode()
    assert ("Theatre North" in text, "Theatre Other" in text) == (True, False)
    operation = now_in_theatre(world)
    assert (
        str(operation.pk)
        in screen(manager, board="families", theatre_ids=[world.one.pk]).get("/display/").content.decode()
    )
    families = screen(manager, board="families", theatre_ids=[here.pk]).get("/display/").content.decode()
    assert "No operations today" in families


def test_taken_off_it_is_dark_at_once_and_says_what_to_do(world: World, manager: User) -> None:
    client = screen(manager)
    display = Display.objects.get()
    assert client.get("/display/", headers={"X-Background": "1"}).status_code == 200
    answer = client_of(manager).post(f"/displays/{display.pk}/revoke/", follow=True)
    assert "was taken off" in answer.content.decode()
    for headers in ({}, {"X-Background": "1"}):
        dark = client.get("/display/", headers=headers)
        assert dark.status_code == 403
        assert "This screen is not set up" in dark.content.decode()
    again = client_of(manager).post(f"/displays/{display.pk}/revoke/")
    assert again.status_code == 409
    assert "taken off already" in again.content.decode()


def test_a_new_link(world: World, manager: User) -> None:
    client = screen(manager)
    page = client_of(manager).post(f"/displays/{Display.objects.get().pk}/renew/").content.decode()
    (secret,) = LINK.findall(page)
    assert client.get("/display/").status_code == 403
    assert Client().post("/display/open/", {"secret": secret}).status_code == 302


def test_last_seen_is_noted_once_a_minute_and_a_new_address_is_on_record(world: World, manager: User) -> None:
    client = screen(manager)
    client.get("/display/")
    first = Display.objects.get().last_seen_at
    client.get("/display/")
    assert Display.objects.get().last_seen_at == first
    events = Event.objects.filter(table_name="scheduling_display", action="update")
    before = events.count()
    earlier = timezone.now() - timedelta(minutes=2)
    Display.objects.update(last_seen_at=earlier)
    client.get("/display/")
    assert Display.objects.get().last_seen_at > earlier
    assert events.count() == before
    Display.objects.update(last_seen_at=earlier)
    client.get("/display/", headers={"X-Forwarded-For": "10.9.8.7"})
    last = events.latest("id")
    assert (last.source, last.actor_id) == (f"display:{Display.objects.get().pk}", None)
    assert last.changed["last_address"] == ["127.0.0.1", "10.9.8.7"]


def test_guessing_is_slowed_down_and_only_for_who_guesses(world: World, manager: User) -> None:
    good = screen(manager)
    _, secret = create_display(actor=manager, name="-", board="theatres")
    client = Client(REMOTE_ADDR="10.0.0.66")
    answers = [client.post("/display/open/", {"secret": f"wrong{n}"}).status_code for n in range(25)]
    assert answers == [422] * 20 + [429] * 5
    assert client.post("/display/open/", {"secret": secret}).status_code == 429
    assert good.get("/display/").status_code == 200
    assert Client().post("/display/open/", {"secret": secret}).status_code == 302


def test_keys_are_not_guessed_either(world: World, manager: User) -> None:
    good = screen(manager)
    guesser = Client(REMOTE_ADDR="10.0.0.67")
    for n in range(25):
        guesser.cookies[COOKIE] = f"wrong{n}"
        assert guesser.get("/display/").status_code == 403
    guesser.cookies[COOKIE] = good.cookies[COOKIE].value
    assert guesser.get("/display/").status_code == 403


def test_without_redis_a_screen_opens_all_the_same(world: World, manager: User, settings: Any) -> None:
    _, secret = create_display(actor=manager, name="-", board="theatres")
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "unix:///nowhere/redis.sock",
        }
    }
    client = Client()
    assert client.post("/display/open/", {"secret": "wrong"}).status_code == 422
    assert client.post("/display/open/", {"secret": secret}).status_code == 302
    assert client.get("/display/").status_code == 200


def test_outside_the_hospitals_networks(world: World, manager: User, settings: Any) -> None:
    client = screen(manager)
    _, secret = create_display(actor=manager, name="-", board="theatres")
    settings.HOSPITAL_NETWORKS = ["10.1.0.0/16"]
    assert client.get("/display/").status_code == 403
    assert Client().post("/display/open/", {"secret": secret}).status_code == 403
    assert client.get("/display/", headers={"X-Forwarded-For": "10.1.2.3"}).status_code == 200


def test_a_form_of_another_site_opens_no_link(world: World, manager: User) -> None:
    _, secret = create_display(actor=manager, name="-", board="theatres")
    client = Client(enforce_csrf_checks=True)
    assert client.post("/display/open/", {"secret": secret}).status_code == 403
    assert Display.objects.get().opened_at is None


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"name": ""},
        {"board": "admin"},
        {"site": "999999"},
        {"site": "x"},
        {"theatres": ["999999"]},
        {"expires_on": "2020-01-01"},
        {"expires_on": "9999-12-31"},
        {"expires_on": "tomorrow"},
        {"name": "x" * 61},
    ],
)
def test_what_can_t_be_meant_is_said_and_kept(world: World, manager: User, wrong: dict[str, Any]) -> None:
    fields = {"name": "Corridor east", "board": "theatres", **wrong} if wrong else {}
    answer = client_of(manager).post("/displays/", fields)
    assert answer.status_code == 422
    assert Display.objects.count() == 0
    if fields.get("name") == "Corridor east":
        assert 'value="Corridor east"' in answer.content.decode()


def test_a_manager_of_one_site_sees_and_makes_those_of_the_site(world: World, manager: User) -> None:
    site = SiteFactory(name="North")
    here = UserFactory(role="manager")
    here.role_assignments.get().sites.add(site)
    create_display(actor=manager, name="Elsewhere", board="theatres")
    create_display(actor=manager, name="Here", board="theatres", site_id=site.pk)
    client = client_of(here)
    text = client.get("/displays/").content.decode()
    assert ("Here" in text, "Elsewhere" in text, "All sites" in text) == (True, False, False)
    assert client.post("/displays/", {"name": "New", "board": "theatres"}).status_code == 422
    assert client.post("/displays/", {"name": "New", "board": "theatres", "site": site.pk}).status_code == 200
    elsewhere = Display.objects.get(name="Elsewhere")
    assert client.get(f"/displays/{elsewhere.pk}/").status_code == 403
    assert client.post(f"/displays/{elsewhere.pk}/revoke/").status_code == 403
    assert client.get("/displays/999999/").status_code == 404


def test_more_displays_and_cases_take_no_more_queries(world: World, manager: User) -> None:
    client, wall = client_of(manager), screen(manager, theatre_ids=[world.one.pk, world.two.pk])

    def count(path: str, by: Client) -> int:
        by.get(path)
        with CaptureQueriesContext(connection) as captured:
            by.get(path)
        return len(captured)

    gone, _ = create_display(actor=manager, name="Gone", board="theatres")
    revoke_display(actor=manager, display_id=gone.pk)
    now_in_theatre(world)
    before = count("/displays/", client), count("/display/", wall)
    for name in ("a", "b"):
        one, _ = create_display(actor=manager, name=name, board="theatres", theatre_ids=[world.one.pk])
        revoke_display(actor=manager, display_id=one.pk)
        create_display(actor=manager, name=name, board="theatres", theatre_ids=[world.two.pk])
        world.booked(timezone.now() + timedelta(hours=2), operation=world.waiting()) if name == "a" else None
    assert (count("/displays/", client), count("/display/", wall)) == before


def test_a_change_shows_at_the_next_look_though_drawings_are_shared(world: World, manager: User) -> None:
    client, other = screen(manager), screen(manager, name="Coffee room")
    before = client.get("/display/", headers={"X-Background": "1"}).content
    with CaptureQueriesContext(connection) as captured:
        assert other.get("/display/", headers={"X-Background": "1"}).content == before
    assert not any("scheduling_operation" in query["sql"] for query in captured)
    booked = world.booked(timezone.now() + timedelta(minutes=30))
    assert f"Case {booked.pk}" in client.get("/display/", headers={"X-Background": "1"}).content.decode()


def test_the_selector_says_nothing_of_whose_without_a_viewer(world: World) -> None:
    operation = now_in_theatre(world)
    names = {row.now.name for row in live_board(None, initials=True).theatres if row.now}
    assert names == {f"Case {operation.pk}"}
