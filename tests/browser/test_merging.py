"""A clerk meets somebody who is on record; an unknown emergency patient gets a name; two records become one."""

from datetime import date

import pytest
from playwright.sync_api import expect

from accounts.models import User
from patients.models import DuplicatePair, Patient, PatientMerge
from patients.services import add_unknown_patient
from tests.browser.conftest import Hospital, OpenPage
from tests.browser.test_pages import faults, violations
from tests.factories import AllergyFactory, OperationFactory, PatientFactory, UserFactory

pytestmark = pytest.mark.browser


@pytest.fixture
def clerk(hospital: Hospital) -> User:
    return UserFactory(given_name="Cleo", role="booking_clerk")


def test_a_new_patient_who_is_on_record_already(hospital: Hospital, open_page: OpenPage, clerk: User) -> None:
    known = PatientFactory(family_name="Smith", given_name="Ann", date_of_birth=date(1980, 5, 7))
    page = open_page("/patients/new/", clerk)
    page.get_by_label("Family name").fill("Smyth")
    page.get_by_label("Given name").fill("Ann")
    page.locator("#id_date_of_birth").fill("1980-05-07")
    page.get_by_role("textbox", name="MRN").fill("NEW1")
    page.get_by_role("button", name="Save and go on to the case").click()

    warning = page.get_by_role("alert").filter(has_text="on record already")
    expect(warning).to_be_focused()
    expect(warning).to_contain_text("Names differ by little, born on the same day")
    assert violations(page) == []
    assert not Patient.objects.filter(mrn="NEW1").exists()
    page.keyboard.press("Tab")  # the name leads to the page of whoever is on record
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Use this one")).to_be_focused()

    page.get_by_role("textbox", name="MRN").press("Enter")  # looks again, and does not say that it is somebody else
    expect(warning).to_be_focused()
    assert not Patient.objects.filter(mrn="NEW1").exists()

    page.get_by_role("button", name="It is somebody else").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Add a case")
    expect(page.locator(".patient-name")).to_contain_text("SMYTH, Ann")
    assert DuplicatePair.objects.get().distinct_by == clerk

    page.goto("/patients/new/")
    page.get_by_label("Family name").fill("Smith")
    page.get_by_label("Given name").fill("Ann")
    page.locator("#id_date_of_birth").fill("1980-05-07")
    page.get_by_role("textbox", name="MRN").fill("NEW2")
    page.get_by_role("button", name="Save and go on to the case").click()
    page.locator(".found", has_text=known.mrn).get_by_role("link", name="Use this one").click()
    expect(page.locator(".patient-facts")).to_contain_text(known.mrn)
    assert not Patient.objects.filter(mrn="NEW2").exists()


def test_an_unknown_emergency_patient_is_identified(hospital: Hospital, open_page: OpenPage, clerk: User) -> None:
    unknown = add_unknown_patient(actor=hospital.coordinator, sex="male")
    operation = OperationFactory(patient=unknown, procedure=hospital.booked.procedure, actor=hospital.coordinator)
    page = open_page("/patients/duplicates/?show=unknown", clerk)
    page.get_by_role("link", name="Identify").click()
    expect(page.locator(".patient-name")).to_contain_text("UNKNOWN – identity not confirmed")
    assert faults(page) == []

    # The name is one that is on record: Ann Adams, booked next week.
    page.get_by_label("Family name").fill("Adams")
    page.get_by_label("Given name").fill("Ann")
    page.locator("#id_date_of_birth").fill("1970-05-17")
    page.get_by_role("textbox", name="MRN").fill("M-TYPED")
    page.get_by_role("button", name="Confirm the identity").click()
    page.get_by_role("link", name="It is this one").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Is this one person?")
    expect(page.locator("main")).to_contain_text("operations (1)")
    page.get_by_label("How do you know?").fill("His wife brought the card")
    page.get_by_role("button", name="It is one person: merge").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Merged records")

    operation.refresh_from_db()
    assert operation.patient == hospital.booked.patient
    page.goto("/find/")
    page.locator("#patient-text").fill(unknown.mrn)
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#patients .patient-name")).to_have_text("ADAMS, Ann")


def test_from_the_list_to_the_merge_and_back(hospital: Hospital, open_page: OpenPage, clerk: User) -> None:
    one, other = hospital.booked.patient, hospital.waiting.patient
    AllergyFactory(patient=other, substance="Latex", reaction="Rash")
    first, second = sorted((one, other), key=lambda patient: patient.pk)
    DuplicatePair.objects.create(first=first, second=second, score=85, signs=["swapped_name", "same_birth"])
    page = open_page("/patients/duplicates/", clerk)
    assert faults(page) == []
    page.get_by_role("link", name="Compare and merge").click()
    assert faults(page) == []
    name = page.get_by_role("row", name="Name", exact=False).first
    name.get_by_role("radio").nth(1).check()
    page.get_by_role("button", name="It is one person: merge").click()
    expect(page.locator(".invalid-feedback, .errorlist").first).to_be_visible()
    assert name.get_by_role("radio").nth(1).is_checked()
    page.get_by_label("How do you know?").fill("Same card")
    page.get_by_role("button", name="It is one person: merge").click()

    expect(page.get_by_role("status").or_(page.locator(".notice-success")).first).to_contain_text("Merged")
    expect(page.locator(".patient-facts")).to_contain_text("Latex")
    assert faults(page) == []
    merge = PatientMerge.objects.get()
    assert merge.survivor.operations.count() == 2

    page.get_by_label("Why are they two people?").fill("Cousins")
    page.get_by_role("button", name="They are two people").click()
    expect(page.locator("main")).to_contain_text("Undone")
    assert [patient.operations.count() for patient in (one, other)] == [1, 1]
    page.goto("/patients/duplicates/?show=distinct")
    page.get_by_role("button", name="Take that back").click()
    assert faults(page) == []
