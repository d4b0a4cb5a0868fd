"""The patient's page in a browser: cards are filled in where they stand, and two people lose nothing."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import APIResponse, Page, Route, expect

from patients.models import Allergy, Medicine, Patient, PreoperativeAssessment
from patients.rights.restricting import restrict_processing
from tests.browser.conftest import Hospital, OpenPage
from tests.factories import AllergyFactory, UserFactory

pytestmark = pytest.mark.browser


@pytest.fixture
def patient(hospital: Hospital) -> Patient:
    Patient.objects.filter(pk=hospital.booked.patient_id).update(allergy_status="not_recorded")
    return Patient.objects.get(pk=hospital.booked.patient_id)


@pytest.fixture
def nurse(patient: Patient, open_page: OpenPage) -> Page:
    return open_page(f"/patients/{patient.pk}/", UserFactory(role="theatre_nurse"))


def test_a_nurse_records_an_allergy_by_keyboard_and_the_banner_follows(nurse: Page, patient: Patient) -> None:
    banner = nurse.get_by_label("Patient", exact=True)
    expect(banner).to_contain_text("Not recorded: ask")
    expect(nurse.locator("#before")).to_contain_text("Allergies: not recorded")
    nurse.get_by_role("link", name="Add allergy").focus()
    nurse.keyboard.press("Enter")
    expect(nurse.get_by_label("Substance")).to_be_focused()
    violations = Axe().run(nurse).response["violations"]
    assert violations == []
    nurse.keyboard.type("latex")
    nurse.keyboard.press("Tab")
    nurse.keyboard.type("Hives")
    nurse.keyboard.press("Enter")
    expect(banner).to_contain_text("Latex – hives")
    expect(nurse.locator("#before")).not_to_contain_text("Allergies: not recorded")
    expect(nurse.locator("section#allergies")).to_contain_text("Saved.")
    assert Allergy.objects.get().substance == "Latex"
    assert nurse.url.endswith(f"/patients/{patient.pk}/")


def test_what_is_wrong_stands_beside_the_field_and_cancelling_leaves_the_card_as_it_was(nurse: Page) -> None:
    nurse.get_by_role("link", name="Add medicine").click()
    nurse.get_by_label("Medicine", exact=True).fill("Warfarin")
    nurse.get_by_label("Since").fill("2020-05-02")
    nurse.get_by_label("Until").fill("2020-05-01")
    nurse.get_by_role("button", name="Save").click()
    expect(nurse.locator("section#medicines")).to_contain_text("It would end before it began.")
    expect(nurse.get_by_label("Medicine", exact=True)).to_have_value("Warfarin")
    nurse.get_by_role("link", name="Cancel").click()
    expect(nurse.get_by_label("Medicine", exact=True)).to_have_count(0)
    assert not Medicine.objects.exists()


def test_two_people_on_one_card_lose_nothing(nurse: Page, patient: Patient, open_page: OpenPage) -> None:
    Medicine.objects.create(patient=patient, text="Warfarin", dose="3 mg")
    other = open_page(f"/patients/{patient.pk}/", UserFactory(role="anaesthetist"))
    nurse.reload()
    for page in (nurse, other):
        page.locator("section#medicines").get_by_role("link", name="Change").click()
    other.get_by_label("Dose").fill("5 mg")
    other.get_by_role("button", name="Save").click()
    expect(other.locator("section#medicines")).to_contain_text("Saved.")
    nurse.get_by_label("Plan before surgery").fill("Stop three days before")
    nurse.get_by_role("button", name="Save").click()
    expect(nurse.get_by_role("alert")).to_contain_text("Somebody changed this while you were typing")
    expect(nurse.get_by_label("Dose")).to_have_value("5 mg")
    expect(nurse.get_by_label("Plan before surgery")).to_have_value("Stop three days before")
    nurse.get_by_role("button", name="Save").click()
    expect(nurse.locator("section#medicines")).to_contain_text("Saved.")
    row = Medicine.objects.get()
    assert (row.dose, row.plan) == ("5 mg", "Stop three days before")


def test_the_banner_stays_in_sight(nurse: Page) -> None:
    nurse.mouse.wheel(0, 5000)
    expect(nurse.get_by_label("Patient", exact=True)).to_be_in_viewport()


def test_on_a_phone_what_has_the_focus_is_not_under_the_banner(nurse: Page, patient: Patient) -> None:
    Patient.objects.update(interpreter_needed=True, language="pl")
    PreoperativeAssessment.objects.create(patient=patient, pacemaker=True, infection="MRSA", pregnancy="possible")
    for name in ("Warfarin", "Aspirin"):
        Medicine.objects.create(
            patient=patient, text=name, surgical_class="antiplatelet" if name == "Aspirin" else "anticoagulant"
        )
    for substance in ("Latex", "Penicillin", "Chlorhexidine"):
        Allergy.objects.create(patient=patient, substance=substance, reaction="Breathing, swelling")
    nurse.set_viewport_size({"width": 390, "height": 844})
    nurse.reload()
    nurse.get_by_role("link", name="Add condition").focus()
    nurse.evaluate("scrollBy(0, 250)")  # a wheel turns on while the keys are pressed
    for _ in range(2):
        nurse.keyboard.press("Shift+Tab")
        focused = nurse.evaluate("document.activeElement.getBoundingClientRect().top")
        assert focused >= nurse.evaluate("document.querySelector('.stays').getBoundingClientRect().bottom")


def test_a_form_that_is_open_survives_what_happens_beside_it(nurse: Page, patient: Patient) -> None:
    nurse.get_by_role("link", name="Add condition").click()
    nurse.get_by_role("textbox", name="Condition").fill("Asthma, half typed")
    nurse.get_by_role("button", name="Asked: no known allergies").click()
    expect(nurse.get_by_label("Patient", exact=True)).to_contain_text("No known allergies")
    expect(nurse.get_by_role("textbox", name="Condition")).to_have_value("Asthma, half typed")


def test_what_the_server_does_not_take_is_said_and_stays_typed(nurse: Page, patient: Patient) -> None:
    nurse.get_by_role("link", name="Add medicine").click()
    nurse.get_by_label("Medicine", exact=True).fill("Warfarin")
    save = nurse.get_by_role("button", name="Save")
    nurse.route("**/chart/medicines/new/", lambda route: route.abort())
    save.click()
    expect(nurse.locator("#toasts")).to_contain_text("No answer from the server")
    nurse.unroute("**/chart/medicines/new/")
    restrict_processing(
        actor=UserFactory(role="privacy_officer"), patient_id=patient.pk, ground="claims", reason="Claim 7"
    )
    save.click()
    expect(nurse.locator("#toasts")).to_contain_text("record is restricted")
    nurse.context.clear_cookies(name=re.compile("session"))
    save.click()
    expect(nurse.locator("#toasts")).to_contain_text("You have been signed out")
    expect(nurse.get_by_label("Medicine", exact=True)).to_have_value("Warfarin")


def test_two_cards_saved_at_once_both_reach_the_banner(nurse: Page, patient: Patient) -> None:
    held: list[tuple[Route, APIResponse]] = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append((route, route.fetch()))

    nurse.get_by_role("link", name="Add medicine").click()
    nurse.get_by_label("Medicine", exact=True).fill("Warfarin")
    nurse.get_by_label("Matters for surgery as").select_option("anticoagulant")
    nurse.route(f"**/patients/{patient.pk}/", hold_the_first)
    nurse.get_by_role("button", name="Asked: no known allergies").click()
    expect(nurse.locator("section#allergies")).to_contain_text("Recorded: no known allergies.")
    nurse.get_by_role("button", name="Save").click()
    expect(nurse.locator("section#medicines")).to_contain_text("Saved.")
    route, answer = held[0]
    route.fulfill(response=answer)
    expect(nurse.get_by_label("Patient", exact=True)).to_contain_text("Anticoagulant")


def test_an_answer_that_comes_late_does_not_put_an_old_card_over_a_new_one(nurse: Page, patient: Patient) -> None:
    held: list[tuple[Route, APIResponse]] = []
    nurse.get_by_role("link", name="Add medicine").click()
    nurse.get_by_label("Medicine", exact=True).fill("Warfarin")
    nurse.route("**/cards/medicines/", lambda route: held.append((route, route.fetch())))
    nurse.route("**/chart/medicines/new/", lambda route: held.append((route, route.fetch())))
    nurse.get_by_role("button", name="Save").click()
    nurse.get_by_role("link", name="Cancel").click()
    while not held:
        nurse.wait_for_timeout(100)
    nurse.wait_for_timeout(300)
    for route, answer in held:
        route.fulfill(response=answer)
    expect(nurse.locator("section#medicines")).to_contain_text("Saved.")
    assert len(held) == 1


def test_a_nurse_finds_a_patient_reads_and_updates_an_allergy(hospital: Hospital, open_page: OpenPage) -> None:
    patient = AllergyFactory(
        substance="Penicillin", patient__family_name="Okafor", patient__given_name="Ada", certainty="unconfirmed"
    ).patient
    page = open_page("/", UserFactory(role="theatre_nurse"))
    page.keyboard.press("/")
    page.keyboard.type("okafro ada")  # a typing error
    expect(page.locator("#find-options").get_by_role("option")).to_contain_text("OKAFOR, Ada")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/patients/{patient.pk}/")
    card = page.locator("section#allergies")
    expect(card).to_contain_text("Penicillin")
    expect(card).to_contain_text("Not confirmed")
    card.get_by_role("link", name="Change").click()
    expect(page.get_by_label("Substance")).to_be_focused()
    page.wait_for_timeout(200)  # htmx gives it the focus once more as it settles; what is filled in then goes there
    page.get_by_label("Reaction").fill("Swelling of the face")
    page.get_by_label("Severity").select_option("severe")
    page.get_by_label("Certainty").select_option("confirmed")
    page.get_by_role("button", name="Save").click()
    expect(card).to_contain_text("Saved.")
    expect(page.get_by_label("Patient", exact=True)).to_contain_text("Penicillin – swelling of the face")
    card.get_by_role("link", name="history").click()
    expect(page.locator("main")).to_contain_text("Swelling of the face")
    assert Allergy.objects.get().certainty == "confirmed"
