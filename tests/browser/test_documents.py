"""A signed form is scanned where the operation is, and seen where somebody decides."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, expect

from patients.documents.keeping import withdraw_document
from patients.models import Document, Patient
from scheduling.models import Operation, OperationConsent
from tests.browser.conftest import Hospital, OpenPage
from tests.factories import ChecklistItemFactory, OperationConsentFactory, UserFactory
from tests.patients.papers import bytes_of, keep_document, pdf, photographed

pytestmark = pytest.mark.browser
DROP = """([place, content]) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(content)], "scan.pdf", { type: "application/pdf" }));
    for (const name of ["dragover", "drop"]) {
        document.querySelector(place).dispatchEvent(
            new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true }));
    }
}"""


@pytest.fixture
def form(tmp_path: Path) -> Path:
    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf())
    return path


def assert_accessible(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []


def test_from_a_scan_to_consent_given(hospital: Hospital, open_page: OpenPage, form: Path) -> None:
    ChecklistItemFactory(part="sign_in", text="Consent is signed and matches the list")
    nurse = open_page(f"/operations/{hospital.booked.pk}/", UserFactory(role="theatre_nurse"))
    expect(nurse.locator("#plan")).to_contain_text("No consent on record")
    card = nurse.locator("#consent")
    card.get_by_text("Record the patient’s answer").click()
    expect(card.get_by_label("Given")).to_be_checked()
    card.get_by_label("New scan or photo").set_input_files(form)
    assert_accessible(nurse)
    card.get_by_role("button", name="Record it").click()

    expect(nurse.get_by_role("status")).to_contain_text("Consent: given.")
    expect(nurse.locator("#plan")).not_to_contain_text("No consent on record")
    expect(card).to_contain_text("Given")
    assert_accessible(nurse)
    with nurse.expect_response("**/documents/*/") as answer:
        card.get_by_role("link", name="Open the signed form").click()
    assert (answer.value.status, answer.value.headers["content-type"]) == (200, "application/pdf")
    assert bytes_of(Document.objects.get()) == form.read_bytes()

    nurse.goto(f"/operations/{hospital.booked.pk}/checklist/sign_in/")
    expect(nurse.locator(".consent-line")).to_contain_text("Given for Hernia repair")
    OperationConsent.objects.update(side="left")
    Operation.objects.filter(pk=hospital.booked.pk).update(side="right")
    nurse.reload()
    expect(nurse.locator(".consent-line")).to_contain_text("Consent is for another side: left")
    assert_accessible(nurse)


def test_a_file_is_dropped_on_the_list_of_documents(hospital: Hospital, open_page: OpenPage, form: Path) -> None:
    patient = hospital.booked.patient
    page = open_page(f"/patients/{patient.pk}/documents/", UserFactory(role="theatre_nurse"))
    page.get_by_label("ECG").check()
    page.evaluate(DROP, [".drop", list(form.read_bytes())])
    page.get_by_label("Title").fill("Before anaesthesia")
    page.get_by_role("button", name="Add it").click()
    expect(page.locator("#kept")).to_contain_text("ECG: Before anaesthesia")
    page.locator("#kept summary").click()
    page.get_by_label("Why it was entered in error").fill("Another patient’s")
    page.get_by_role("button", name="It does not belong here").click()
    expect(page.locator("#withdrawn")).to_contain_text("Another patient’s")
    assert_accessible(page)


def test_too_large_a_file_is_said_before_it_is_sent(hospital: Hospital, open_page: OpenPage, tmp_path: Path) -> None:
    large = tmp_path / "large.pdf"
    large.write_bytes(bytes(21 * 1024 * 1024))
    page = open_page(f"/patients/{hospital.booked.patient_id}/documents/", UserFactory(role="theatre_nurse"))
    page.get_by_label("ECG").check()
    page.get_by_label("File", exact=True).set_input_files(large)
    assert (
        page.get_by_label("File", exact=True)
        .evaluate("field => field.validationMessage")
        .startswith("This file has 21")
    )
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("heading", name="Documents")).to_be_visible()
    assert Document.objects.count() == 0


def test_a_photo_from_a_telephone_without_scripts(hospital: Hospital, open_page: OpenPage, tmp_path: Path) -> None:
    photo = tmp_path / "image.jpg"
    photo.write_bytes(photographed())
    page = open_page(
        f"/patients/{hospital.booked.patient_id}/documents/",
        UserFactory(role="theatre_nurse"),
        java_script_enabled=False,
        viewport=ViewportSize(width=390, height=844),
        has_touch=True,
        is_mobile=True,
    )
    page.get_by_role("link", name="Add a document").click()
    page.get_by_label("Consent form").check()
    camera = page.get_by_label("Or take a photo")
    assert camera.get_attribute("capture") == "environment"
    camera.set_input_files(photo)
    page.get_by_role("button", name="Add it").click()
    expect(page.locator("#kept")).to_contain_text("Consent form")
    assert Document.objects.get().content_type == "image/jpeg"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_the_pages_with_something_on_them(
    hospital: Hospital, open_page: OpenPage, scheme: str, size: tuple[int, int]
) -> None:
    patient: Patient = hospital.booked.patient
    kept = [keep_document(patient, kind=kind, title="Of the long and winding kind") for kind in ("consent", "ecg")]
    withdraw_document(actor=hospital.coordinator, document_id=kept[1].pk, reason="Another patient’s")
    OperationConsentFactory(operation=hospital.booked, document=kept[0], note="Signed by her mother")
    page = open_page(
        f"/patients/{patient.pk}/documents/",
        hospital.coordinator,
        color_scheme=scheme,
        viewport=ViewportSize(width=size[0], height=size[1]),
    )
    for path in (f"/patients/{patient.pk}/documents/", f"/operations/{hospital.booked.pk}/"):
        page.goto(path)
        for closed in page.locator("#kept details, #consent details").all():
            closed.evaluate("element => element.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert_accessible(page)
