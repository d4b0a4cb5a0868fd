"""The coordinator drags shifts on the roster."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from resources.models import Shift, TeamNeed
from tests.browser.conftest import Hospital, OpenPage
from tests.browser.test_pages import faults
from tests.factories import ShiftFactory, ShiftKindFactory, TheatreSessionFactory

pytestmark = pytest.mark.browser


def cell(page: Page, shift: Shift, days: int = 0) -> Locator:
    day = timezone.localtime(shift.period.lower).date() + timedelta(days=days)
    return page.locator(f'tr[data-person="{shift.staff_member_id}"] td[data-day="{day}"]')


def drag(page: Page, what: Locator, where: Locator) -> None:
    start, end = what.bounding_box(), where.bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + 20, start["y"] + 10)
    page.mouse.down()
    page.mouse.move(start["x"] + 40, start["y"] + 20, steps=3)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=6)
    page.mouse.up()


def start_of(shift: Shift) -> tuple[int, str]:
    now = Shift.objects.get(pk=shift.pk)
    return now.staff_member_id, f"{timezone.localtime(now.period.lower):%Y-%m-%d %H:%M}"


def test_drag_a_shift_undo_it_and_be_refused(hospital: Hospital, open_page: OpenPage) -> None:
    monday = hospital.day - timedelta(days=hospital.day.weekday())
    kind = ShiftKindFactory(name="Early")
    shift = ShiftFactory(on=monday, kind=kind, staff_member__name="A. West")
    other = ShiftFactory(on=monday, kind=kind, staff_member__name="B. Bell")
    person = shift.staff_member_id
    TeamNeed.objects.create(profession="scrub_nurse", quantity=3)
    TheatreSessionFactory(day=monday)
    page = open_page(f"/roster/?week={monday}", hospital.coordinator)
    page.locator("#roster[data-ready]").wait_for()
    page.evaluate("document.fonts.ready")  # until then what is dragged may move by itself
    chip = page.locator(f"#shift-{shift.pk}")

    drag(page, chip, cell(page, shift, 1))
    expect(cell(page, shift, 1).locator(".shift")).to_contain_text("Early", timeout=15_000)
    assert start_of(shift) == (person, f"{monday + timedelta(days=1)} 07:00")

    page.get_by_role("button", name="Undo").last.click()
    expect(cell(page, shift).locator(".shift")).to_contain_text("Early")
    assert start_of(shift) == (person, f"{monday} 07:00")

    drag(page, chip, cell(page, other))
    expect(page.locator(".toast-x.bad")).to_contain_text("This overlaps another shift")
    assert start_of(shift) == (person, f"{monday} 07:00")

    Shift.objects.filter(pk=other.pk).delete()
    drag(page, chip, cell(page, other))
    expect(cell(page, other).locator(f"#shift-{shift.pk}")).to_be_visible()
    assert start_of(shift)[0] == other.staff_member_id
    page.locator(".toast-x").get_by_role("button", name="Close").click()
    assert faults(page) == []

    chip.click()
    expect(page.get_by_role("heading", name="Change a shift")).to_be_visible()
    page.get_by_label("Day").fill(str(monday + timedelta(days=2)))
    page.get_by_role("button", name="Save").click()
    assert start_of(shift)[1] == f"{monday + timedelta(days=2)} 07:00"


def test_a_phone_shows_one_day(hospital: Hospital, open_page: OpenPage) -> None:
    shift = ShiftFactory(on=hospital.day, staff_member__name="A. West")
    page = open_page(f"/roster/?week={hospital.day}", hospital.coordinator, viewport={"width": 390, "height": 844})
    expect(cell(page, shift)).to_be_visible()
    expect(cell(page, shift, -hospital.day.weekday() or 1)).to_be_hidden()
    page.get_by_role("navigation", name="Days").get_by_role("link").nth((hospital.day.weekday() + 1) % 7).click()
    expect(page.locator(f"#shift-{shift.pk}")).to_be_hidden()


def test_the_team_page_has_no_faults(hospital: Hospital, open_page: OpenPage) -> None:
    TeamNeed.objects.create(profession="surgeon", quantity=1)
    session = TheatreSessionFactory(day=hospital.day)
    page = open_page(f"/sessions/{session.pk}/team/", hospital.coordinator)
    assert faults(page) == []
    page.get_by_role("button", name="Put Ms R. Doyle on the team").click()
    expect(page.locator("main")).to_contain_text("Ms R. Doyle is on the team.")
