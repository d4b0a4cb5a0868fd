"""Sessions that end elsewhere: a second window is left at once, its live stream too, and says why."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pyotp
import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import User
from accounts.people import set_roles, switch_off
from tests.browser.conftest import Hospital, OpenPage, Stream
from tests.factories import UserFactory

pytestmark = pytest.mark.browser
PASSWORD = "a long enough sentence"


@pytest.fixture
def window(hospital: Hospital, open_page: OpenPage, stream: Stream) -> Page:
    """Open the board in a window whose stream is live, and look that it is."""
    with_password(hospital.coordinator)
    page = open_page("/accounts/login/", None, stream=stream)
    sign_in(page, hospital.coordinator.email)
    page.wait_for_url("**/")
    with page.expect_response("**/live/") as opened:
        page.goto(f"/schedule/{hospital.day}/")
    assert opened.value.status == 200
    page.locator("#zoom-out[disabled]").wait_for()
    expect(page.locator(f"#case-{hospital.booked.pk}")).to_be_visible()
    return page


def with_password(user: User) -> None:
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])


def sign_in(page: Page, email: str) -> None:
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out_elsewhere(hospital: Hospital, open_page: OpenPage) -> None:
    other = open_page("/accounts/login/", None)
    sign_in(other, hospital.coordinator.email)
    other.wait_for_url("**/")
    other.goto(reverse("usersessions_list"))
    expect(other.get_by_text("This one")).to_be_visible()
    other.get_by_role("button", name="Sign out everywhere else").click()
    expect(other.get_by_text("Nowhere else.")).to_be_visible()


def change_the_roles(hospital: Hospital, _: OpenPage) -> None:
    set_roles(actor=UserFactory(role="administrator"), user=hospital.coordinator, roles=["surgeon"])


def switch_off_person(hospital: Hospital, _: OpenPage) -> None:
    switch_off(actor=UserFactory(role="administrator"), user=hospital.coordinator)


@pytest.mark.parametrize("end", [sign_out_elsewhere, change_the_roles, switch_off_person])
def test_the_other_window_is_left_at_once(
    end: Callable[[Hospital, OpenPage], None], window: Page, hospital: Hospital, open_page: OpenPage
) -> None:
    end(hospital, open_page)
    # Nobody touches the window: it hears of it by the end of its stream.
    expect(window.get_by_role("button", name="Sign in", exact=True)).to_be_visible(timeout=10_000)
    expect(window.locator("body")).not_to_contain_text("ADAMS")


def test_the_board_hears_of_a_booking_by_the_stream(window: Page, hospital: Hospital, client: Client) -> None:
    client.force_login(hospital.coordinator, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = client.post(
        reverse("scheduling:operation-book", args=(hospital.waiting.pk,)),
        {"version": 1, "theatre": hospital.second.pk, "start": f"{hospital.at('10:00'):%Y-%m-%dT%H:%M}", "minutes": 60},
        headers={"accept": "application/json"},
    )
    assert answer.status_code == 200, answer.content
    expect(window.locator(f"#case-{hospital.waiting.pk}")).to_be_visible(timeout=5_000)


def test_a_form_that_is_being_filled_is_covered_and_not_lost(
    hospital: Hospital, open_page: OpenPage, stream: Stream
) -> None:
    """The board has no forms to lose; this one does, and learns of it when it next speaks to the server."""
    page = open_page("/patients/new/", hospital.coordinator, stream=stream)
    page.wait_for_function("localStorage.getItem('active-at')")
    page.get_by_label("Family name").fill("Adeyemi")
    switch_off_person(hospital, open_page)
    page.evaluate("document.dispatchEvent(new CustomEvent('session:over'))")
    expect(page.get_by_role("dialog", name="Signed out")).to_be_visible()
    expect(page.get_by_label("Family name")).to_be_hidden()


@pytest.fixture
def admin(settings: Any, transactional_db: None) -> Iterator[User]:
    cache.clear()
    settings.SECOND_FACTOR_ROLES = ["administrator"]
    user: User = UserFactory(email="ada@example.org", given_name="Ada", role="administrator", is_staff=True)
    with_password(user)
    yield user
    cache.clear()


def sign_in_with(page: Page, email: str, code: str) -> None:
    page.context.clear_cookies()
    page.goto("/admin/")
    sign_in(page, email)
    page.get_by_label(re.compile("[Cc]ode")).first.fill(code)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_recovery_code_signs_in_once(open_page: OpenPage, admin: User) -> None:
    page = open_page("/admin/", None)
    sign_in(page, admin.email)
    page.get_by_role("link", name="Use an authenticator app").click()
    secret = page.locator(".secret").inner_text()
    page.get_by_label("Code that the app shows").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Set it up").click()
    expect(page.locator(".codes code").first).to_be_visible()
    code, another = page.locator(".codes code").all_inner_texts()[:2]

    sign_in_with(page, admin.email, code)
    expect(page.locator("#content")).to_contain_text("Recent actions")
    sign_in_with(page, admin.email, code)
    expect(page.locator("main")).to_contain_text(re.compile("incorrect|not correct", re.IGNORECASE))
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    sign_in_with(page, admin.email, another)
    expect(page.locator("#content")).to_contain_text("Recent actions")


def test_a_reset_says_the_same_whether_or_not_there_is_an_account(hospital: Hospital, open_page: OpenPage) -> None:
    cache.clear()
    EmailAddress.objects.get_or_create(user=hospital.coordinator, email=hospital.coordinator.email, verified=True)
    said = []
    for address in (hospital.coordinator.email, "nobody@example.org"):
        page = open_page("/accounts/password/reset/", None)
        page.get_by_label("E-mail address").fill(address)
        page.locator("main form button[type=submit]").first.click()
        expect(page.get_by_role("heading", name="Look at your e-mail")).to_be_visible()
        said.append((page.url, page.locator("body").inner_text()))
    assert said[0] == said[1]
    assert mail.outbox[0].to == [hospital.coordinator.email]
