"""The pages about documents: who opens them, what they answer, and that it is on record."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.audit.models import Access
from accounts.models import User
from patients.models import Document, Patient, PatientBlock
from patients.models.documents import LARGEST
from tests.factories import OperationFactory, PatientFactory, SpecialtyFactory, UserFactory
from tests.patients.papers import keep_document, pdf, photographed, picture, sent
from tests.scheduling.views.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient() -> Patient:
    return PatientFactory(family_name="Zebrowska")


@pytest.fixture
def nurse() -> User:
    return UserFactory(role="theatre_nurse")


def page_of(patient: Patient) -> str:
    return f"/patients/{patient.pk}/documents/"


def add(client: Client, patient: Patient, content: bytes, **more: Any) -> Any:
    return client.post(page_of(patient), {"kind": "consent", "file": sent(content), **more})


def test_a_document_is_added_and_looked_at(nurse: User, patient: Patient) -> None:
    client, content = client_of(nurse), pdf()
    assert "No document yet" in client.get(page_of(patient)).content.decode()
    answer = add(client, patient, content, title="Knee", dated_on="2026-05-01")
    assert (answer.status_code, answer["Location"]) == (302, page_of(patient))
    document = Document.objects.get()
    page = client.get(page_of(patient)).content.decode()
    for words in ("Consent form: Knee", "of 1 May 2026", "added", f"/documents/{document.pk}/", "is in the record"):
        assert words in page

    answer = client.get(f"/documents/{document.pk}/")
    assert b"".join(answer.streaming_content) == content
    assert {name: answer[name] for name in ("Content-Type", "Content-Length", "Cache-Control", "Accept-Ranges")} == {
        "Content-Type": "application/pdf",
        "Content-Length": str(len(content)),
        "Cache-Control": "no-store",
        "Accept-Ranges": "none",
    }
    assert answer["Content-Disposition"] == f'inline; filename="document-{document.pk}.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    saved = client.get(f"/documents/{document.pk}/?save=1")
    assert saved["Content-Disposition"] == f'attachment; filename="document-{document.pk}.pdf"'


def test_a_part_is_never_given(nurse: User, patient: Patient) -> None:
    content = pdf()
    document = keep_document(patient, content=content)
    answer = client_of(nurse).get(f"/documents/{document.pk}/", headers={"range": "bytes=0-3"})
    assert (answer.status_code, b"".join(answer.streaming_content)) == (200, content)
    assert not answer.has_header("Content-Range")


@pytest.mark.parametrize("query", ["", "?save=1"])
def test_every_look_is_on_record(nurse: User, patient: Patient, query: str) -> None:
    document = keep_document(patient)
    client_of(nurse).get(f"/documents/{document.pk}/{query}")
    (seen,) = Access.objects.filter(patient_id=patient.pk, view="patients:document")
    assert (seen.actor_id, seen.kind) == (nurse.pk, "view")


def test_a_photo_is_taken_without_its_place(nurse: User, patient: Patient) -> None:
    taken = {"kind": "consent", "photo": sent(photographed(), "image.jpg", "image/jpeg")}
    assert client_of(nurse).post(page_of(patient), taken).status_code == 302
    document = Document.objects.get()
    assert document.content_type == "image/jpeg"
    answer = client_of(nurse).get(f"/documents/{document.pk}/")
    assert b"Telephone of Jo" not in b"".join(answer.streaming_content)


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "..\\..\\boot.ini",
        "a\x00b.pdf",
        "con.pdf",
        "x" * 5000,
        "<script>.pdf",
        "setup.exe",
        "Käse 12.pdf",
    ],
)
def test_a_file_s_name_plays_no_part(nurse: User, patient: Patient, name: str) -> None:
    answer = client_of(nurse).post(page_of(patient), {"kind": "ecg", "file": sent(pdf(), name)})
    assert answer.status_code in {302, 400, 422}
    for document in Document.objects.all():
        assert (document.title, document.name) == ("", "ECG")
        shown = client_of(nurse).get(f"/documents/{document.pk}/")
        assert shown["Content-Disposition"] == f'inline; filename="document-{document.pk}.pdf"'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "This file is empty"),
        (b"MZ" + bytes(100), "This is not a PDF, a JPEG or a PNG"),
        (pdf(action="/JavaScript"), "has programs or other files in it"),
        (bytes(LARGEST + 1), "larger than 20 MB"),
    ],
    ids=["empty", "renamed program", "with a script", "21 MB"],
)
def test_what_is_refused_is_said_beside_the_field(nurse: User, patient: Patient, content: bytes, words: str) -> None:
    answer = add(client_of(nurse), patient, content, title="Typed before")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert 'value="Typed before"' in page
    assert Document.objects.count() == 0


def test_what_is_missing_is_said(nurse: User, patient: Patient) -> None:
    client = client_of(nurse)
    assert "Choose a file, or take a photo" in client.post(page_of(patient), {"kind": "ecg"}).content.decode()
    answer = client.post(page_of(patient), {"file": sent(pdf())})
    assert (answer.status_code, answer.context["form"].errors.keys()) == (422, {"kind"})
    answer = add(client, patient, pdf(), dated_on="2999-01-01")
    assert "still to come" in answer.content.decode()


def test_the_same_file_again_is_said(nurse: User, patient: Patient) -> None:
    content = picture()
    keep_document(patient, content=content, title="Knee")
    answer = add(client_of(nurse), patient, content)
    assert answer.status_code == 422
    assert "in the record already, as “Knee”" in answer.content.decode()


def test_one_is_withdrawn(nurse: User, patient: Patient) -> None:
    document, client = keep_document(patient, title="Knee"), client_of(nurse)
    url = f"/documents/{document.pk}/withdraw/"
    assert client.post(url, {f"withdraw-{document.pk}-reason": ""}).status_code == 422
    answer = client.post(url, {f"withdraw-{document.pk}-reason": "Another patient’s"})
    assert (answer.status_code, answer["Location"]) == (302, page_of(patient))
    page = client.get(page_of(patient)).content.decode()
    assert "<s>Consent form: Knee</s>" in page
    assert "Another patient’s · Jo Marsh" in page
    assert client.get(f"/documents/{document.pk}/").status_code == 200

    clerk = client_of(UserFactory(role="booking_clerk"))
    page = clerk.get(page_of(patient)).content.decode()
    assert f'href="/documents/{document.pk}/"' not in page
    assert "Knee" not in page
    refused = clerk.get(f"/documents/{document.pk}/")
    assert (refused.status_code, "entered in error" in refused.content.decode()) == (403, True)


def test_a_clerk_is_offered_letters_of_referral(patient: Patient) -> None:
    clerk = client_of(UserFactory(role="booking_clerk"))
    kept, letter = keep_document(patient), keep_document(patient, kind="referral")
    answer = clerk.get(page_of(patient))
    assert [value for value, _ in answer.context["form"].fields["kind"].choices] == ["referral"]
    offered = {row.pk for row, form in answer.context["lines"] if form}
    assert (offered, kept.pk in offered) == ({letter.pk}, False)
    assert add(clerk, patient, pdf()).status_code == 422
    assert clerk.post(f"/documents/{kept.pk}/withdraw/", {f"withdraw-{kept.pk}-reason": "-"}).status_code == 403
    assert clerk.post(page_of(patient), {"kind": "referral", "file": sent(pdf())}).status_code == 302


def test_closed_records_stay_closed(patient: Patient) -> None:
    document = keep_document(patient)
    OperationFactory(patient=patient)
    limited = UserFactory(role="theatre_nurse", role__specialties=[SpecialtyFactory()])
    blocked, stranger = UserFactory(role="theatre_nurse"), UserFactory(role="theatre_nurse")
    PatientBlock.objects.create(patient=patient, user=blocked)
    Patient.objects.update(confidential=True)
    for user in (limited, blocked, stranger):
        client = client_of(user)
        assert client.get(page_of(patient)).status_code == 403
        assert add(client, patient, pdf()).status_code == 403
        assert client.get(f"/documents/{document.pk}/").status_code == 403
        assert client.post(f"/documents/{document.pk}/withdraw/").status_code == 403
    assert Document.objects.count() == 1


def test_what_does_not_exist(nurse: User) -> None:
    client = client_of(nurse)
    for url in ("/documents/99/", "/patients/99/documents/"):
        assert client.get(url).status_code == 404
    assert client.post("/documents/99/withdraw/").status_code == 404


def test_the_list_takes_as_many_queries_for_three_as_for_one(nurse: User, patient: Patient) -> None:
    client = client_of(nurse)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page_of(patient)).status_code == 200
        return len(queries)

    keep_document(patient)
    count()
    one = count()
    for kind in ("ecg", "other"):
        keep_document(patient, kind=kind)
    assert count() == one
