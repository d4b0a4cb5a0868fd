"""Everything can be done without a mouse and without JavaScript."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from scheduling.models import Operation, OperationChange
from tests.browser.conftest import Hospital, OpenPage
from tests.factories import CancellationReasonFactory, PriorityFactory

pytestmark = pytest.mark.browser


@pytest.fixture
def plain(hospital: Hospital, open_page: OpenPage) -> Page:
    """Open the day with scripts switched off."""
    return open_page(f"/schedule/{hospital.day}/", hospital.coordinator, java_script_enabled=False)


def fill_place(page: Page, theatre: str, day: date, clock: str) -> None:
    page.get_by_label("Theatre", exact=True).select_option(label=theatre)
    page.get_by_label("Date").fill(f"{day}")
    page.get_by_label("Patient in theatre at").fill(clock)


def test_a_refused_booking_keeps_what_was_typed_and_offers_slots(plain: Page, hospital: Hospital) -> None:
    plain.get_by_role("link", name="Schedule BROWN, Bob").click()
    fill_place(plain, "Theatre 1", hospital.day, "09:30")
    plain.get_by_label("Minutes in theatre").fill("75")
    plain.get_by_role("button", name="Schedule it").click()
    expect(plain.get_by_role("alert")).to_contain_text("Theatre 1 is already booked")
    expect(plain.get_by_label("Minutes in theatre")).to_have_value("75")
    expect(plain.get_by_label("Patient in theatre at")).to_have_value("09:30")

    slot = plain.locator(".slot").first
    label = slot.inner_text()
    slot.click()
    expect(plain.get_by_role("status")).to_contain_text(f"BROWN, Bob: {label}")
    assert Operation.objects.get(pk=hospital.waiting.pk).in_room_minutes == 75


def test_a_soft_conflict_asks_for_a_reason(plain: Page, hospital: Hospital) -> None:
    plain.goto(f"/operations/{hospital.waiting.pk}/book/")
    fill_place(plain, "Theatre 2", hospital.day, "17:30")
    plain.get_by_role("button", name="Schedule it").click()
    expect(plain.get_by_role("alert")).to_contain_text("outside opening hours")
    plain.get_by_label("Go ahead all the same").fill("Agreed with the night team")
    plain.get_by_role("button", name="Schedule it").click()
    expect(plain.get_by_role("status")).to_contain_text("Theatre 2")
    expect(plain.locator("#history")).to_contain_text("Agreed with the night team")
    assert hospital.place(hospital.waiting) == ("Theatre 2", "17:30")


def test_moving_and_undoing_on_the_page_of_the_case(plain: Page, hospital: Hospital) -> None:
    plain.get_by_role("link", name="ADAMS, Ann").click()
    plain.get_by_role("link", name="Move", exact=True).click()
    fill_place(plain, "Theatre 2", hospital.day, "11:00")
    plain.get_by_role("button", name="Move it").click()
    expect(plain.locator("#plan")).to_contain_text("Theatre 2")
    assert hospital.place(hospital.booked) == ("Theatre 2", "11:00")
    plain.get_by_role("button", name="Undo this").first.click()
    expect(plain.locator("#plan")).to_contain_text("Theatre 1")
    assert hospital.place(hospital.booked) == ("Theatre 1", "09:00")


def test_postponing_takes_a_reason(plain: Page, hospital: Hospital) -> None:
    CancellationReasonFactory(label="Fever")
    plain.goto(f"/operations/{hospital.booked.pk}/postpone/")
    plain.get_by_label("Reason").select_option(label="Patient: Fever")
    plain.get_by_label("Note").fill("38.9 this morning")
    plain.get_by_role("button", name="Postpone it").click()
    expect(plain.locator("#plan")).to_contain_text("No place yet")
    expect(plain.locator("#history")).to_contain_text("Fever")
    assert hospital.place(hospital.booked) is None


def test_swapping_two_cases(plain: Page, hospital: Hospital) -> None:
    plain.goto(f"/operations/{hospital.other.pk}/book/")
    fill_place(plain, "Theatre 2", hospital.day, "13:00")
    plain.get_by_role("button", name="Schedule it").click()
    plain.get_by_role("link", name="Swap").click()
    plain.get_by_label("ADAMS, Ann").check()
    plain.get_by_role("button", name="Swap them").click()
    expect(plain.get_by_role("status")).to_contain_text("CLARK, Cleo and 1 more")
    assert hospital.place(hospital.other) == ("Theatre 1", "09:00")
    assert hospital.place(hospital.booked) == ("Theatre 2", "13:00")


def test_pushing_the_rest_of_a_list(plain: Page, hospital: Hospital) -> None:
    plain.goto(f"/operations/{hospital.booked.pk}/push/")
    plain.get_by_label("Minutes later").fill("25")
    plain.get_by_role("button", name="Move the list").click()
    expect(plain.locator("#plan")).to_contain_text("09:25")
    assert hospital.place(hospital.booked) == ("Theatre 1", "09:25")


def test_the_team_changes_and_what_is_missing_is_said(plain: Page, hospital: Hospital) -> None:
    plain.goto(f"/operations/{hospital.booked.pk}/")
    plain.get_by_label("As", exact=True).select_option(label="Assistant surgeon")
    plain.get_by_label("Who or what").select_option(label="Ms R. Doyle")
    plain.get_by_role("button", name="Add to the team").click()
    expect(plain.get_by_role("cell", name="Assistant surgeon")).to_be_visible()
    plain.get_by_role("button", name="Release Ms R. Doyle").click()
    expect(plain.get_by_role("cell", name="Assistant surgeon")).to_have_count(0)
    plain.get_by_role("button", name="Release Mr A. Khan").click()
    plain.get_by_role("button", name="Confirm").click()
    expect(plain.get_by_role("alert")).to_contain_text("This can’t be done as it is")


def test_a_new_patient_and_a_new_case(plain: Page, hospital: Hospital) -> None:
    PriorityFactory(code="SOON", name="Soon")
    plain.get_by_role("link", name="Add case").click()
    plain.get_by_label("Name, MRN, date of birth or phone", exact=True).fill("nobody")
    plain.get_by_role("button", name="Search").click()
    expect(plain.locator("#patients")).to_contain_text("Nobody found")
    assert "nobody" not in plain.url
    plain.get_by_role("link", name="New patient", exact=True).click()
    for label, value in (("Family name", "Nowak"), ("Given name", "Ewa"), ("MRN", "m777"), ("Allergic to", "latex")):
        plain.get_by_label(label).last.fill(value)
    plain.get_by_label("Date of birth").fill("1980-02-29")
    plain.get_by_role("button", name="Save and go on").click()
    expect(plain.get_by_label("Patient", exact=True)).to_contain_text("NOWAK, Ewa")
    expect(plain.get_by_label("Patient", exact=True)).to_contain_text("Latex")
    plain.get_by_label("Procedure").select_option(label="Hernia repair")
    plain.get_by_label("Priority").select_option(label="SOON Soon")
    plain.get_by_role("button", name="Put on the waiting list").click()
    expect(plain.get_by_role("status")).to_contain_text("NOWAK, Ewa: waiting.")
    assert OperationChange.objects.filter(operation__patient__mrn="M777").count() == 1


def test_a_time_that_comes_twice_is_asked_about(plain: Page, hospital: Hospital) -> None:
    """In the hospital's zone the clocks go back on 31 October 2027: 01:30 comes twice."""
    plain.goto(f"/operations/{hospital.waiting.pk}/book/")
    fill_place(plain, "Theatre 1", date(2027, 10, 31), "01:30")
    plain.get_by_role("button", name="Schedule it").click()
    expect(plain.locator("main")).to_contain_text("01:30 comes twice on Sun 31 Oct 2027")
    plain.get_by_label("The second").check()
    plain.get_by_role("button", name="Schedule it").click()
    expect(plain.get_by_role("alert")).to_contain_text("outside opening hours")
    expect(plain.get_by_label("The second")).to_be_checked()
    plain.get_by_label("Go ahead all the same").fill("Night list")
    plain.get_by_role("button", name="Schedule it").click()
    expect(plain.get_by_role("status")).to_contain_text("Sun 31 Oct 2027")
    placed = Operation.objects.get(pk=hospital.waiting.pk)
    assert placed.starts_at == datetime(2027, 10, 31, 1, 30, tzinfo=ZoneInfo("UTC"))


def test_a_time_that_the_clocks_skip_is_refused(plain: Page, hospital: Hospital) -> None:
    plain.goto(f"/operations/{hospital.waiting.pk}/book/")
    fill_place(plain, "Theatre 1", date(2027, 3, 28), "01:30")
    plain.get_by_role("button", name="Schedule it").click()
    expect(plain.locator("main")).to_contain_text("01:30 does not exist on Sun 28 Mar 2027")
    assert hospital.place(hospital.waiting) is None
