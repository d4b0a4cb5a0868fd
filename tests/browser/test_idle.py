"""A page that nobody uses signs its user out, and says so before."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Hospital, OpenPage

pytestmark = pytest.mark.browser


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
