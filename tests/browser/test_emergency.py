"""Opening a record in an emergency, from the refusal to the review."""

import pytest
from django.core import mail
from playwright.sync_api import Page, expect

from accounts.audit.models import Access
from accounts.models import User
from patients.models import EmergencyAccess
from tests.browser.conftest import Hospital, OpenPage
from tests.browser.test_pages import violations
from tests.factories import SpecialtyFactory, UserFactory

pytestmark = pytest.mark.browser
PASSWORD = "a long enough sentence"


@pytest.fixture
def surgeon(hospital: Hospital) -> User:
    """Return a surgeon of another specialty, to whom no patient here is open."""
    user = UserFactory(given_name="Sue", family_name="Stone", role="surgeon", role__specialties=[SpecialtyFactory()])
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


@pytest.fixture
def officer(hospital: Hospital) -> User:
    return UserFactory(email="officer@example.org", role="privacy_officer")


def open_record(page: Page) -> None:
    """Go from the refusal to the record, by way of the password and a reason."""
    page.get_by_role("link", name="Open in an emergency").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    page.get_by_label("Reason").select_option("emergency")
    page.get_by_label("In your words").fill("Bleeding in the ward, nobody else is near")
    assert violations(page) == []
    page.locator("main form button[type=submit]").last.click()


def test_from_the_refusal_to_the_review(hospital: Hospital, open_page: OpenPage, surgeon: User, officer: User) -> None:
    patient = hospital.booked.patient
    page = open_page(f"/operations/{hospital.booked.pk}/", surgeon)
    expect(page.get_by_role("heading", level=1)).to_have_text("You are not on this patient’s care team")
    expect(page.locator("body")).not_to_contain_text("ADAMS")
    open_record(page)

    expect(page).to_have_url(f"{page.url.partition('/operations')[0]}/operations/{hospital.booked.pk}/")
    expect(page.locator(".patient-name")).to_contain_text("ADAMS, Ann")
    banner = page.get_by_role("status").filter(has_text="Emergency access")
    expect(banner).to_contain_text(patient.mrn)
    assert violations(page) == []
    page.goto("/waiting-list/")
    expect(banner).to_contain_text("min left")

    (message,) = mail.outbox
    assert message.to == ["officer@example.org"]
    assert "ADAMS" not in f"{message.subject} {message.body}".upper()
    assert Access.objects.filter(actor_id=surgeon.pk, patient_id=patient.pk, kind="view").exists()

    banner.get_by_role("button", name="End now").click()
    expect(banner).to_have_count(0)
    assert page.goto(f"/operations/{hospital.booked.pk}/").status == 403

    review(open_page("/reviews/", officer))
    access = EmergencyAccess.objects.get()
    assert (access.outcome, access.reviewed_by, access.note) == ("justified", officer, "Rang the ward")


def review(page: Page) -> None:
    expect(page.get_by_role("link", name="Reviews")).to_contain_text("1")
    row = page.get_by_role("row").filter(has_text="Sue Stone")
    expect(row).to_contain_text("Bleeding in the ward")
    assert violations(page) == []
    row.get_by_label("Outcome").select_option(label="Justified")
    row.get_by_label("Note").fill("Rang the ward")
    row.get_by_role("button", name="Record").click()
    expect(page.get_by_role("row").filter(has_text="Sue Stone")).to_contain_text("Justified")


def test_without_the_right_password_nothing_opens(hospital: Hospital, open_page: OpenPage, surgeon: User) -> None:
    page = open_page(f"/operations/{hospital.booked.pk}/", surgeon)
    page.get_by_role("link", name="Open in an emergency").click()
    page.get_by_label("Password").fill("not the password at all")
    page.locator("main form button[type=submit]").first.click()
    expect(page.get_by_label("Password")).to_be_visible()
    assert EmergencyAccess.objects.count() == 0


def test_nobody_reviews_their_own(hospital: Hospital, open_page: OpenPage, officer: User) -> None:
    EmergencyAccess.objects.create(
        actor=officer,
        patient=hospital.booked.patient,
        reason="cover",
        explanation="-",
        began=hospital.at("09:00"),
        ends=hospital.at("10:00"),
    )
    page = open_page("/reviews/", officer)
    expect(page.get_by_role("table")).to_contain_text("Somebody else reviews this.")
    expect(page.get_by_role("button", name="Record")).to_have_count(0)
