"""The box in the top bar, from the key to the patient."""

import pytest
from playwright.sync_api import Page, expect

from accounts.audit.models import Access
from patients.models import Patient
from tests.browser.conftest import Hospital, OpenPage
from tests.browser.test_pages import PHONE, violations
from tests.factories import AllergyFactory, PatientFactory, UserFactory

pytestmark = pytest.mark.browser


@pytest.fixture
def smiths(hospital: Hospital) -> list[Patient]:
    first = AllergyFactory(substance="latex", patient__family_name="Smith", patient__given_name="Ann").patient
    return [first, PatientFactory(family_name="Smith", given_name="Ann", allergy_status="not_recorded")]


def box(page: Page):
    return page.get_by_role("combobox", name="Search patients")


def found(page: Page):
    return page.locator("#find-options").get_by_role("option")


def test_a_key_a_few_letters_and_enter(hospital: Hospital, smiths: list[Patient], open_page: OpenPage) -> None:
    page = open_page("/waiting-list/", hospital.coordinator)
    page.keyboard.press("/")
    expect(box(page)).to_be_focused()
    page.keyboard.type("ann smi")
    options = found(page)
    expect(options).to_have_count(2)
    expect(box(page)).to_have_attribute("aria-expanded", "true")
    for patient in smiths:
        expect(options.filter(has_text=patient.mrn)).to_contain_text("Same name: check")
    expect(options.filter(has_text=smiths[0].mrn)).to_contain_text("Latex")
    expect(options.filter(has_text=smiths[1].mrn)).to_contain_text("Not recorded: ask")
    assert violations(page) == []

    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    expect(box(page)).to_have_attribute("aria-activedescendant", "find-option-2")
    chosen = options.nth(1).get_attribute("data-mrn")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text(chosen)
    assert not page.url.endswith("/waiting-list/")
    assert "?" not in page.url
    noted = Access.objects.filter(actor_id=hospital.coordinator.pk, view="scheduling:patient-find", kind="search")
    assert {smith.pk for smith in smiths} <= set(noted.values_list("patient_id", flat=True))


def test_the_only_one_needs_no_arrow_and_nobody_is_said(hospital: Hospital, open_page: OpenPage) -> None:
    page = open_page("/waiting-list/", hospital.coordinator)
    page.keyboard.press("/")
    page.keyboard.type("nobodyofthatname")
    expect(page.locator("#find-panel")).to_contain_text("Nobody found")
    expect(box(page)).to_have_attribute("aria-expanded", "false")
    assert violations(page) == []
    box(page).fill("bronw")
    expect(page.locator("#find-panel")).to_contain_text("Nearly so")
    expect(found(page)).to_have_attribute("aria-selected", "false")
    box(page).fill(hospital.waiting.patient.mrn.lower())
    expect(found(page)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("BROWN, Bob")


def test_escape_leaves_and_nothing_stays(hospital: Hospital, open_page: OpenPage) -> None:
    page = open_page("/waiting-list/", hospital.coordinator)
    page.keyboard.press("/")
    page.keyboard.type("brown")
    expect(found(page)).to_have_count(1)
    page.keyboard.press("Escape")
    expect(found(page)).to_have_count(0)
    expect(box(page)).to_have_value("")
    expect(box(page)).not_to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Find a patient")
    page.keyboard.press("Escape")
    page.locator("input[name=text]").last.focus()
    page.keyboard.type("a/b")
    expect(box(page)).to_have_value("")


def test_on_a_phone_it_fills_the_screen(hospital: Hospital, smiths: list[Patient], open_page: OpenPage) -> None:
    page = open_page("/waiting-list/", hospital.coordinator, viewport=PHONE)
    expect(box(page)).to_be_hidden()
    page.get_by_role("link", name="Find").click()
    expect(box(page)).to_be_focused()
    page.keyboard.type("smith")
    expect(found(page)).to_have_count(2)
    sheet = page.locator("#finder").bounding_box()
    assert (sheet["width"], sheet["height"]) == (PHONE["width"], PHONE["height"])
    assert violations(page) == []
    page.get_by_role("button", name="Close").click()
    expect(box(page)).to_be_hidden()
    expect(page.locator("#finder")).to_have_class("topsearch")


def test_without_script_the_form_leads_to_the_page(hospital: Hospital, open_page: OpenPage) -> None:
    page = open_page("/waiting-list/", hospital.coordinator, java_script_enabled=False)
    box(page).fill("brown")
    box(page).press("Enter")
    expect(page.locator("main")).to_contain_text("BROWN, Bob")
    assert page.url.endswith("/find/")


def test_who_may_not_see_patients_has_no_box(hospital: Hospital, open_page: OpenPage) -> None:
    page = open_page("/", UserFactory(role="manager"))
    expect(page.locator("#finder")).to_have_count(0)
