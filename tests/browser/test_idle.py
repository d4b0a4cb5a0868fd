"""A page that nobody uses signs its user out, and says so before."""

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from patients.models import Patient
from tests.browser.conftest import Hospital, OpenPage
from tests.factories import UserFactory

pytestmark = pytest.mark.browser
PASSWORD = "a long enough sentence"


@pytest.fixture
def page(hospital: Hospital, open_page: OpenPage) -> Page:
    """Open the waiting list with a clock that the test turns."""
    page = open_page("/healthz", hospital.coordinator)
    page.clock.install()
    page.goto("/waiting-list/")
    page.wait_for_function("localStorage.getItem('active-at')")
    return page


def test_a_warning_comes_first_and_one_may_stay(page: Page) -> None:
    page.clock.run_for("27:50")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.clock.run_for("00:20")
    dialog = page.get_by_role("dialog", name="Are you still there?")
    expect(dialog).to_contain_text("signs you out in 2 min")
    with page.expect_response("**/accounts/stay/") as told:
        dialog.get_by_role("button", name="Stay signed in").click()
    assert told.value.status == 200
    expect(dialog).to_be_hidden()
    page.clock.run_for("20:00")
    expect(dialog).to_be_hidden()


def test_using_the_page_tells_the_server(page: Page) -> None:
    page.clock.run_for("10:00")
    with page.expect_response("**/accounts/stay/"):
        page.keyboard.press("Tab")
    page.clock.run_for("20:00")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_page_that_nobody_uses_is_left(page: Page) -> None:
    page.clock.run_for("29:00")
    with page.expect_navigation(url="**/waiting-list/"):
        page.clock.run_for("01:10")


@pytest.fixture
def typing(hospital: Hospital, open_page: OpenPage) -> Page:
    """Open a form with a clock that the test turns, type into it, and let the session's time run out."""
    hospital.coordinator.set_password(PASSWORD)
    hospital.coordinator.save(update_fields=["password"])
    page = open_page(f"/operations/{hospital.booked.pk}/", hospital.coordinator)
    page.clock.install()
    page.goto("/patients/new/")
    page.wait_for_function("localStorage.getItem('active-at')")
    page.get_by_label("Family name").fill("Adeyemi")
    page.clock.run_for("31:00")
    expect(page.get_by_role("dialog", name="Signed out")).to_be_visible()
    return page


def sign_in_again(page: Page, email: str) -> None:
    page.get_by_role("link", name="Sign in again").focus()
    with page.context.expect_page() as opened:
        page.keyboard.press("Enter")
    tab = opened.value
    tab.get_by_label("E-mail address").fill(email)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in", exact=True).click()
    expect(tab.get_by_role("heading", name="You are signed in")).to_be_visible()
    tab.close()
    page.clock.run_for("00:10")


def test_what_was_typed_is_covered_and_goes_on_after_signing_in_again(typing: Page) -> None:
    expect(typing.get_by_label("Family name")).to_be_hidden()
    typing.keyboard.press("Escape")
    expect(typing.get_by_role("dialog", name="Signed out")).to_be_visible()

    sign_in_again(typing, "jo@example.org")

    expect(typing.get_by_role("dialog", name="Signed out")).to_be_hidden()
    expect(typing.get_by_label("Family name")).to_have_value("Adeyemi")
    typing.get_by_label("Given name").fill("Tolu")
    typing.get_by_role("textbox", name="MRN").fill("900900")
    typing.get_by_label("Date of birth").fill("1960-02-03")
    typing.get_by_label("Sex").select_option(index=1)
    typing.locator("[name=allergy_status]").select_option("none_known")
    typing.get_by_role("button", name="Save and go on").click()
    expect(typing.locator("main")).to_contain_text("ADEYEMI, Tolu")
    assert Patient.objects.filter(family_name="Adeyemi").count() == 1


def test_nobody_else_sees_what_was_typed(typing: Page) -> None:
    other = UserFactory(email="other@example.org", role="booking_clerk")
    other.set_password(PASSWORD)
    other.save(update_fields=["password"])

    sign_in_again(typing, "other@example.org")

    expect(typing.get_by_label("Family name")).to_have_value("")


def test_the_session_is_over_while_the_page_is_covered(typing: Page) -> None:
    for _ in range(50):  # the page is covered first; the server is told then
        if not Session.objects.exists():
            break
        typing.wait_for_timeout(100)
    assert Session.objects.count() == 0
