"""Boards that hang where nobody is signed in, and what they do while Redis is away."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from hospital.embedded.place import Place
from hospital.embedded.using import running
from messaging import live
from scheduling.displays import COOKIE
from scheduling.models import Display, Operation, Status
from scheduling.period import Period
from scheduling.services.displays import create_display, revoke_display
from tests.browser.conftest import Hospital, OpenPage, Stream, live_process
from tests.browser.test_pages import faults
from tests.factories import UserFactory

pytestmark = pytest.mark.browser
AT_ONCE, RECONNECTED = 5_000, 1_000
"""Milliseconds: by asking again a change would show later; and within which it shows once the board hears again."""
WALL = {"width": 1920, "height": 1080}


@pytest.fixture
def today(hospital: Hospital) -> Operation:
    """Put an operation on the list of now, in twenty minutes."""
    operation = hospital.waiting
    start = timezone.now().replace(second=0, microsecond=0) + timedelta(minutes=20)
    period = Period(start, start + timedelta(hours=1)).as_range()
    Operation.objects.filter(pk=operation.pk).update(status=Status.SCHEDULED, theatre=hospital.first, period=period)
    operation.refresh_from_db()
    return operation


@pytest.fixture
def manager(hospital: Hospital) -> User:
    cache.clear()
    return UserFactory(role="manager", given_name="May", family_name="Nager")


class Redis:
    """A Redis of the test's own, which it stops and starts; pages publish to it and a live process listens."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.stack = ExitStack()

    def start(self) -> None:
        self.stack.enter_context(running(self.place, ["redis"]))

    def stop(self) -> None:
        self.stack.close()


@pytest.fixture
def redis(tmp_path: Any, settings: Any) -> Iterator[Redis]:
    found = Redis(Place(folder=tmp_path, durable=False))
    found.start()
    settings.REDIS_URL = found.place.redis_url
    live._connection.cache_clear()
    yield found
    live._connection.cache_clear()
    found.stop()


@pytest.fixture
def own_stream(redis: Redis) -> Iterator[Stream]:
    with live_process(REDIS_URL=redis.place.redis_url) as stream:
        yield stream


def open_wall(open_page: OpenPage, user: User, stream: Stream) -> Page:
    page = open_page("/", user, stream=stream, viewport=WALL)
    with page.expect_response("**/live/") as opened:
        page.goto("/board/")
    assert opened.value.status == 200
    return page


def tap(nurse: Page) -> None:
    with nurse.expect_navigation():
        nurse.locator(".tap-next").click()


def test_the_board_follows_while_redis_is_restarted(
    hospital: Hospital, today: Operation, manager: User, open_page: OpenPage, redis: Redis, own_stream: Stream
) -> None:
    """Two windows: what was tapped while Redis was away is caught up, and what is tapped after it shows at once."""
    wall = open_wall(open_page, manager, own_stream)
    wall.evaluate("window.opened = 1")  # gone if anybody reloads
    nurse = open_page(f"/operations/{today.pk}/", UserFactory(role="theatre_nurse"))
    row, lost = wall.locator("#wall tbody tr").first, wall.locator("[data-lost]")
    tap(nurse)
    expect(row).to_contain_text("Sent for", timeout=AT_ONCE)
    expect(lost).to_be_hidden()

    redis.stop()
    expect(lost).to_be_visible(timeout=AT_ONCE)
    expect(lost).to_contain_text(f"{timezone.localtime():%H:}")
    tap(nurse)  # the command is done all the same
    assert today.events.count() == 2
    expect(lost).to_be_visible()

    redis.start()
    expect(lost).to_be_hidden(timeout=2 * AT_ONCE)  # the browser's own time to open its stream again is up to 3 s
    expect(row).to_contain_text("Arrived", timeout=RECONNECTED)  # caught up
    tap(nurse)
    began = time.monotonic()
    expect(row).to_contain_text("Sign-in", timeout=RECONNECTED)
    assert time.monotonic() - began < RECONNECTED / 1000
    assert wall.evaluate("window.opened") == 1


def test_a_tap_in_the_moment_in_which_redis_is_back_is_not_lost(
    hospital: Hospital, today: Operation, manager: User, open_page: OpenPage, redis: Redis, own_stream: Stream
) -> None:
    """The publisher is not pausing, and the board looks again once it hears."""
    wall = open_wall(open_page, manager, own_stream)
    nurse = open_page(f"/operations/{today.pk}/", UserFactory(role="theatre_nurse"))
    redis.stop()
    expect(wall.locator("[data-lost]")).to_be_visible(timeout=AT_ONCE)
    tap(nurse)
    redis.start()
    tap(nurse)
    expect(wall.locator("[data-lost]")).to_be_hidden(timeout=2 * AT_ONCE)
    expect(wall.locator("#wall tbody tr").first).to_contain_text("Arrived", timeout=RECONNECTED)


def test_a_screen_is_set_up_follows_and_is_taken_off(
    hospital: Hospital, today: Operation, manager: User, open_page: OpenPage, stream: Stream
) -> None:
    desk = open_page("/displays/", manager)
    assert faults(desk) == []
    desk.get_by_label("Where it hangs").fill("Corridor east")
    desk.get_by_role("button", name="Make its link").click()
    link = desk.get_by_label("Address for the screen").input_value()
    assert re.search(r"/display/open/#[\w-]{43}$", link)
    assert faults(desk) == []

    screen = open_page("/display/", None, stream=stream, viewport=WALL)
    expect(screen.locator("h1")).to_contain_text("not set up")
    with screen.expect_response("**/display/live/") as heard:
        screen.goto(link)
    assert heard.value.status == 200
    expect(screen.locator("#wall")).to_contain_text(f"Case {today.pk}")
    assert screen.url.endswith("/display/")
    assert "Nager" not in screen.content()
    assert faults(screen) == []
    (cookie,) = (one for one in screen.context.cookies() if one["name"] == COOKIE)
    assert (cookie["path"], cookie["httpOnly"], cookie["sameSite"]) == ("/display/", True, "Strict")
    assert screen.evaluate("Object.keys(localStorage).length + document.cookie.includes('display')") == 0

    nurse = open_page(f"/operations/{today.pk}/", UserFactory(role="theatre_nurse"))
    tap(nurse)
    expect(screen.locator("#wall")).to_contain_text("Sent for", timeout=AT_ONCE)

    desk.goto("/displays/")
    expect(desk.locator("tbody")).to_contain_text("127.0.0.1")
    desk.get_by_role("link", name="Corridor east").click()
    expect(desk.get_by_role("button", name="Take Corridor east off")).to_be_visible()
    assert faults(desk) == []
    desk.get_by_role("button", name="Take Corridor east off").click()
    expect(desk.locator("main")).to_contain_text("Its screen shows nothing any more.")
    expect(screen.locator("h1")).to_contain_text("not set up", timeout=AT_ONCE)
    assert f"Case {today.pk}" not in screen.content()
    assert faults(screen) == []


def test_a_link_that_was_used_says_so(hospital: Hospital, manager: User, open_page: OpenPage, stream: Stream) -> None:
    _, secret = create_display(actor=manager, name="Waiting room", board="families")
    screen = open_page(f"/display/open/#{secret}", None, stream=stream)
    expect(screen.locator("h1")).to_contain_text("Where is my patient?")
    other = open_page(f"/display/open/#{secret}", None)
    expect(other.get_by_role("alert")).to_contain_text("used before")
    assert faults(other) == []
    other.go_back()
    assert secret not in other.url


def test_a_screen_is_set_up_by_typing_without_script(hospital: Hospital, manager: User, open_page: OpenPage) -> None:
    _, secret = create_display(actor=manager, name="Waiting room", board="families")
    screen = open_page("/display/open/", None, java_script_enabled=False)
    screen.get_by_label("The letters after #").fill(secret)
    screen.get_by_role("button", name="Show the board here").click()
    expect(screen.locator("h1")).to_contain_text("Where is my patient?")
    revoke_display(actor=manager, display_id=Display.objects.get().pk)
    screen.reload()
    expect(screen.locator("h1")).to_contain_text("not set up")
