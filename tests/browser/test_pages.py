"""Every page: no accessibility violation in light and dark, nothing wider than a phone."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, ViewportSize, expect

from accounts.models import User
from analytics.models import UnusualAccess
from patients.models import DuplicatePair
from patients.rights.amending import ask_amendment
from patients.rights.erasing import ask_erasure
from patients.rights.restricting import restrict_processing
from patients.services import add_unknown_patient
from scheduling.models import Operation
from scheduling.period import Period
from scheduling.services import note_delay
from tests.browser.conftest import Hospital, OpenPage
from tests.factories import ChecklistItemFactory, DelayReasonFactory, TheatreSessionFactory, UserFactory
from tests.patients.importing.kept import a_list, a_report

pytestmark = pytest.mark.browser

DESK, PHONE = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)
PATHS: dict[str, Callable[[Hospital], str]] = {
    "day": lambda h: f"/schedule/{h.day}/",
    "empty day": lambda _: "/",
    "waiting list": lambda _: "/waiting-list/",
    "breach forecast": lambda _: "/waiting-list/forecast/",
    "keep a view": lambda _: "/waiting-list/views/save/?overdue=on",
    "operation": lambda h: f"/operations/{h.booked.pk}/",
    "waiting operation": lambda h: f"/operations/{h.waiting.pk}/",
    "checklist": lambda h: f"/operations/{h.booked.pk}/checklist/sign_in/",
    "operation of today": lambda h: f"/operations/{h.other.pk}/",
    "emergency": lambda _: "/emergency/",
    "week": lambda h: f"/schedule/week/{h.day}/",
    "week by surgeon": lambda h: f"/schedule/week/{h.day}/?by=surgeon",
    "month": lambda h: f"/schedule/month/{h.day}/",
    "live board": lambda _: "/board/",
    "families' board": lambda _: "/board/families/",
    "a screen's link": lambda _: "/display/open/",
    "a screen without one": lambda _: "/display/",
    "credentials": lambda _: "/credentials/",
    "kit to come": lambda _: "/kit/",
    "affected": lambda _: "/affected/",
    "blocks": lambda h: f"/blocks/{h.day}/",
    "open time": lambda _: "/blocks/open/",
    "releases": lambda _: "/blocks/releases/",
    "requests for time": lambda _: "/blocks/requests/",
    "lay out": lambda _: "/blocks/lay-out/",
    "block templates": lambda _: "/blocks/templates/",
    "new block": lambda _: "/blocks/templates/new/",
    "new session": lambda _: "/sessions/new/",
    "session": lambda h: f"/sessions/{TheatreSessionFactory(theatre=h.first, day=h.day).pk}/",
    "roster": lambda h: f"/roster/?week={h.day}",
    "new shift": lambda _: "/roster/shifts/new/",
    "lay out rosters": lambda h: f"/roster/lay-out/?first={h.day}&last={h.day}",
    "absence": lambda _: "/roster/absence/",
    "gap": lambda h: f"/theatres/{h.first.pk}/gap/?start={h.at('12:00'):%s}&end={h.at('14:00'):%s}",
    "theatre list": lambda h: f"/theatres/{h.first.pk}/list/{h.day}/",
    "running late": lambda _: "/late/",
    "documents": lambda h: f"/patients/{h.waiting.patient_id}/documents/",
    "book": lambda h: f"/operations/{h.waiting.pk}/book/",
    "move": lambda h: f"/operations/{h.booked.pk}/move/",
    "postpone": lambda h: f"/operations/{h.booked.pk}/postpone/",
    "cancel": lambda h: f"/operations/{h.booked.pk}/cancel/",
    "push": lambda h: f"/operations/{h.booked.pk}/push/",
    "swap": lambda h: f"/operations/swap/?first={h.booked.pk}",
    "add case": lambda _: "/operations/new/",
    "request": lambda h: f"/operations/new/?patient={h.waiting.patient_id}",
    "patient": lambda h: f"/patients/{h.booked.patient_id}/",
    "patient who waits": lambda h: f"/patients/{h.waiting.patient_id}/",
    "history of the record": lambda h: f"/patients/{h.booked.patient_id}/history/",
    "new medicine": lambda h: f"/patients/{h.booked.patient_id}/chart/medicines/new/",
    "identity": lambda h: f"/patients/{h.booked.patient_id}/details/identity/",
    "who may see a record": lambda _: "/patients/access/",
    "who may see this record": lambda h: f"/patients/{h.waiting.patient_id}/access/",
    "find": lambda _: "/find/",
    "imports": lambda h: f"/imports/?seen={a_report(h.coordinator).pk}",
    "bring patients in": lambda _: "/imports/new/",
    "report of an import": lambda h: f"/imports/{a_report(h.coordinator).pk}/",
    "columns of a list": lambda h: f"/imports/{a_list(h.coordinator).pk}/columns/",
    "new patient": lambda _: "/patients/new/",
    "duplicates": lambda h: f"/patients/duplicates/?page={_pair(h)}",
    "duplicates: not identified": lambda h: f"/patients/duplicates/?show=unknown&page={_unknown(h)}",
    "duplicates: merged": lambda _: "/patients/duplicates/?show=merged",
    "merge: find": lambda h: f"/patients/{h.waiting.patient_id}/merge/",
    "merge: compare": lambda h: f"/patients/{h.waiting.patient_id}/merge/{h.booked.patient_id}/",
    "identify": lambda h: f"/patients/{_unknown(h)}/identify/",
    "change password": lambda _: "/accounts/password/change/",
    "where I am signed in": lambda _: "/accounts/sessions/",
    "how I sign in": lambda _: "/accounts/second-factor/",
    "what is on record of me": lambda _: "/accounts/activity/",
    "who I am": lambda _: "/accounts/reauthenticate/",
    "not found": lambda _: "/nothing-here/",
}


def _pair(hospital: Hospital) -> int:
    """Make two people who look alike; the list is at its first page."""
    one, other = sorted((hospital.booked.patient_id, hospital.waiting.patient_id))
    DuplicatePair.objects.create(first_id=one, second_id=other, score=85, signs=["same_name", "same_birth"])
    return 1


def _unknown(hospital: Hospital) -> int:
    """Return somebody without a name."""
    return add_unknown_patient(actor=hospital.coordinator, sex="male").pk


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
    "limited data set": lambda _: "/exports/limited-set/",
}
"""Pages of the privacy officer."""
SIGNED_OUT = (
    "/accounts/login/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-wrong/",
    "/accounts/password/reset/key/done/",
    "/accounts/inactive/",
    "/accounts/signup/",
)


def violations(page: Page, only: Sequence[str] = ()) -> list[str]:
    """Return what axe finds by its rules, or by some of them."""
    options = {"runOnly": {"type": "rule", "values": list(only)}} if only else None
    found = Axe().run(page, options=options).response["violations"]
    return [f"{item['id']}: {node['html'][:120]}" for item in found for node in item["nodes"]]


SETTLED = """async () => {
    for (let n = 0; n < 2; n++) await new Promise(requestAnimationFrame);
    await Promise.all(document.getAnimations().map((one) => one.finished));
}"""
"""Colours that fade over from one theme to the other have arrived."""


def faults(page: Page) -> list[str]:
    """Return what is wrong with the page, once it is all there: in light, in its dark colours, and on a phone."""
    page.wait_for_load_state()
    found = violations(page)
    page.emulate_media(color_scheme="dark")
    page.evaluate(SETTLED)
    found += violations(page, only=["color-contrast"])
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(PHONE)
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    page.set_viewport_size(DESK)
    return [*found, *([f"{wide} px wider than a phone"] if wide > 0 else [])]


def walked(page: Page, hospital: Hospital, paths: dict[str, Callable[[Hospital], str]]) -> dict[str, list[str]]:
    """Return the faults of every page that has any."""
    found = {}
    for name, path in paths.items():
        page.goto(path(hospital))
        found[name] = faults(page)
    return {name: wrong for name, wrong in found.items() if wrong}


def test_no_page_has_a_fault(hospital: Hospital, open_page: OpenPage) -> None:
    ChecklistItemFactory(may_not_apply=True)
    late = Period.lasting(timezone.now() - timedelta(hours=2), 30)
    today = {"status": "scheduled", "theatre": hospital.first, "period": late.as_range()}
    Operation.objects.filter(pk=hospital.other.pk).update(**today)
    note_delay(actor=hospital.coordinator, operation_id=hospital.other.pk, reason=DelayReasonFactory(), minutes=20)
    assert walked(open_page("/", hospital.coordinator), hospital, PATHS) == {}


def test_no_page_before_the_sign_in_has_a_fault(hospital: Hospital, open_page: OpenPage) -> None:
    paths = {url: (lambda _, url=url: url) for url in SIGNED_OUT}
    assert walked(open_page("/accounts/login/", None), hospital, paths) == {}


@pytest.fixture
def officer(hospital: Hospital, client: Client) -> User:
    """Return a privacy officer who has something to look at."""
    client.force_login(hospital.coordinator)
    client.get(f"/operations/{hospital.booked.pk}/")
    UnusualAccess.objects.create(rule="volume", actor=hospital.coordinator, day=hospital.day, evidence="60 records.")
    officer = UserFactory(role="privacy_officer")
    patient = hospital.waiting.patient_id
    restrict_processing(actor=officer, patient_id=patient, ground="claims", reason="Claim 7")
    ask_amendment(actor=officer, patient_id=patient, wish="The name is Browne.")
    ask_erasure(actor=officer, patient_id=patient)
    return officer


def test_no_page_of_the_officer_has_a_fault(hospital: Hospital, open_page: OpenPage, officer: User) -> None:
    assert walked(open_page("/", officer), hospital, OFFICERS) == {}


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
