"""Every page: no accessibility violation in light and dark, nothing wider than a phone."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Page, expect

from accounts.models import User
from analytics.models import UnusualAccess
from patients.rights.amending import ask_amendment
from patients.rights.erasing import ask_erasure
from patients.rights.restricting import restrict_processing
from tests.browser.conftest import Hospital, OpenPage
from tests.factories import UserFactory

pytestmark = pytest.mark.browser

PATHS: dict[str, Callable[[Hospital], str]] = {
    "day": lambda h: f"/schedule/{h.day}/",
    "empty day": lambda _: "/",
    "waiting list": lambda _: "/waiting-list/",
    "operation": lambda h: f"/operations/{h.booked.pk}/",
    "waiting operation": lambda h: f"/operations/{h.waiting.pk}/",
    "book": lambda h: f"/operations/{h.waiting.pk}/book/",
    "move": lambda h: f"/operations/{h.booked.pk}/move/",
    "postpone": lambda h: f"/operations/{h.booked.pk}/postpone/",
    "cancel": lambda h: f"/operations/{h.booked.pk}/cancel/",
    "push": lambda h: f"/operations/{h.booked.pk}/push/",
    "swap": lambda h: f"/operations/swap/?first={h.booked.pk}",
    "add case": lambda _: "/operations/new/",
    "request": lambda h: f"/operations/new/?patient={h.waiting.patient_id}",
    "who may see a record": lambda _: "/patients/access/",
    "who may see this record": lambda h: f"/patients/{h.waiting.patient_id}/access/",
    "find": lambda _: "/find/",
    "new patient": lambda _: "/patients/new/",
    "change password": lambda _: "/accounts/password/change/",
    "not found": lambda _: "/nothing-here/",
}
OFFICERS: dict[str, Callable[[Hospital], str]] = {
    "find a history": lambda _: "/access-history/",
    "access history": lambda h: f"/patients/{h.booked.patient_id}/access-history/?in_passing=on",
    "activity": lambda h: f"/audit/people/{h.coordinator.pk}/",
    "unusual access": lambda _: "/reviews/unusual/",
    "emergency access": lambda _: "/reviews/",
    "security": lambda _: "/security/",
    "rights of the patient": lambda h: f"/patients/{h.waiting.patient_id}/rights/",
    "how long what is kept": lambda _: "/retention/",
    "figures for analysis": lambda _: "/exports/figures/",
}
"""Pages of the privacy officer."""
SIGNED_OUT = ("/accounts/login/", "/accounts/password/reset/", "/accounts/signup/")


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{item['id']}: {node['html'][:120]}" for item in found for node in item["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_an_accessibility_violation(scheme: str, hospital: Hospital, open_page: OpenPage) -> None:
    page = open_page("/", hospital.coordinator, color_scheme=scheme)
    found = {}
    for name, path in PATHS.items():
        page.goto(path(hospital))
        found[name] = violations(page)
    page.context.clear_cookies()
    for url in SIGNED_OUT:
        page.goto(url)
        found[url] = violations(page)
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.fixture
def officer(hospital: Hospital, client: Client) -> User:
    """Return a privacy officer who has something to look at."""
    client.force_login(hospital.coordinator)
    client.get(f"/operations/{hospital.booked.pk}/")
    UnusualAccess.objects.create(rule="volume", actor=hospital.coordinator, day=hospital.day, evidence="60 records.")
    return UserFactory(role="privacy_officer")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_of_the_officer_has_one(scheme: str, hospital: Hospital, open_page: OpenPage, officer: User) -> None:
    page = open_page("/", officer, color_scheme=scheme)
    found = {}
    for name, path in OFFICERS.items():
        page.goto(path(hospital))
        found[name] = violations(page)
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_no_page_of_the_officer_is_wider_than_a_phone(hospital: Hospital, open_page: OpenPage, officer: User) -> None:
    page = open_page("/", officer, viewport={"width": 390, "height": 844}, has_touch=True)
    wide = {}
    for name, path in OFFICERS.items():
        page.goto(path(hospital))
        wide[name] = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert {name: by for name, by in wide.items() if by > 0} == {}


def test_the_refusal_and_the_shortcuts_have_no_violation(board: Page, hospital: Hospital) -> None:
    board.keyboard.press("?")
    expect(board.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert violations(board) == []
    board.keyboard.press("Escape")
    card = board.locator(f"#case-{hospital.booked.pk}")
    card.focus()
    for key in ("m", *["Control+ArrowRight"] * 8, "ArrowRight", "Enter"):
        board.keyboard.press(key)
    expect(board.get_by_role("alertdialog")).to_be_visible()
    assert violations(board) == []


def test_nothing_is_wider_than_a_phone(hospital: Hospital, open_page: OpenPage) -> None:
    page = open_page("/", hospital.coordinator, viewport={"width": 390, "height": 844}, has_touch=True)
    wide = {}
    for name, path in PATHS.items():
        page.goto(path(hospital))
        wide[name] = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert {name: by for name, by in wide.items() if by > 0} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_privacy_officers_pages(scheme: str, hospital: Hospital, open_page: OpenPage) -> None:
    officer = UserFactory(role="privacy_officer")
    patient = hospital.waiting.patient_id
    restrict_processing(actor=officer, patient_id=patient, ground="claims", reason="Claim 7")
    ask_amendment(actor=officer, patient_id=patient, wish="The name is Browne.")
    ask_erasure(actor=officer, patient_id=patient)
    page = open_page("/", officer, color_scheme=scheme, viewport={"width": 390, "height": 844}, has_touch=True)
    found = {}
    for name, path in OFFICERS.items():
        page.goto(path(hospital))
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found[name] = [*violations(page), *([f"{wide} px too wide"] if wide > 0 else [])]
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_the_phone_shows_an_agenda(hospital: Hospital, open_page: OpenPage) -> None:
    page = open_page(f"/schedule/{hospital.day}/", hospital.coordinator, viewport={"width": 390, "height": 844})
    card = page.locator(f"#case-{hospital.booked.pk}")
    expect(card.locator(".case-time")).to_be_in_viewport()
    expect(card).to_contain_text("Scheduled")
    box = card.bounding_box()
    assert box
    assert box["width"] > 340
    card.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hernia repair")


def test_the_print_sheet_names_itself(board: Page, hospital: Hospital) -> None:
    board.emulate_media(media="print", color_scheme="dark")
    head = board.locator(".print-h")
    expect(head).to_be_visible()
    expect(head).to_contain_text("by Jo Marsh · CONFIDENTIAL")
    expect(board.locator(".topbar")).to_be_hidden()
    expect(board.locator("html")).to_have_attribute("data-bs-theme", "light")


def test_signing_in_and_out(hospital: Hospital, open_page: OpenPage) -> None:
    hospital.coordinator.set_password("a long enough sentence")
    hospital.coordinator.save(update_fields=["password"])
    page = open_page(f"/schedule/{hospital.day}/", None)
    page.get_by_label("E-mail address").fill("jo@example.org")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("main")).to_contain_text("not correct")
    page.get_by_label("Password").fill("a long enough sentence")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{hospital.day:%A} {hospital.day.day}")
    page.locator("summary", has_text="Your menu").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
