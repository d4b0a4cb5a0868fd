"""A copy of everything held: what is in it, who may make it, and that it is on record."""

import base64
import io
import json
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from accounts.audit.models import Access
from accounts.models import User
from patients.access import NotOnCareTeamError
from patients.models import Patient, PatientBlock
from patients.rights.exporting import export_record
from patients.rights.models import Disclosure, RecordExport
from patients.rights.writing import as_pdf
from tests.factories import SpecialtyFactory, UserFactory
from tests.patients.papers import bytes_of
from tests.patients.rights.whole_patient import MARK, whole_patient
from tests.scheduling.views.conftest import client_of

pytestmark = pytest.mark.django_db(transaction=True)
WHY = {"purpose": "patient", "recipient": "Ann Adams, 1 High Street", "form": "json"}


@pytest.fixture
def patient(db: None) -> Patient:
    return whole_patient()


@pytest.fixture
def coordinator(db: None) -> User:
    return UserFactory(role="coordinator", given_name="Jo", family_name="Marsh")


def signed_in(user: User) -> Client:
    """Return a client of somebody who has just given a password."""
    client = client_of(user)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client


def url(patient: Patient) -> str:
    return reverse("patients:record-export", args=[patient.pk])


def texts(content: Any) -> set[str]:
    """Return every text in it."""
    if isinstance(content, dict):
        return set().union(*(texts(value) for value in content.values()))
    if isinstance(content, list):
        return set().union(*(texts(value) for value in content))
    return {content} if isinstance(content, str) else set()


def test_the_copy_holds_every_text_but_those_about_colleagues(patient: Patient, coordinator: User) -> None:
    content = export_record(actor=coordinator, patient_id=patient.pk, **WHY)
    given = {text.lower() for text in texts(content) if MARK in text.lower()}
    names = "mrn family given national phone language substance reaction explanation block blocking restricted hold"
    names += (
        " court content purpose wish denial statement recipient notes external change override correction delay pause"
        " kit supplier reference kit-note"
        " gender address gp-name gp-practice gp-phone code condition medicine dose plan procedure place anaesthesia"
        " complications infection implants findings former former-given number kin relationship kin-phone kin-note"
        " dose-before dose-after"
        " paper wrong-paper withdrawal consent consent-error"
        " external-id key version said before after"
        " merged undone"
        " written-to spoken told writer answer"
    )
    assert given == {f"{MARK}-{name}" for name in names.split()} | {f"{MARK}@example.org"}
    sections = {one["name"]: one["rows"] for one in content["sections"]}
    cora = User.objects.get(given_name="Cora")
    assert sections["patients.careteammember"] == [{"user": {"number": cora.pk, "name": str(cora)}}]
    assert sections["scheduling.operation"][0]["status"] == "Completed"
    assert [one["form"] for one in sections["rights.recordexport"]] == ["PDF, to read", "JSON, for other programs"]
    assert {"what", "why"} == set(content["left_out"][0])


def test_documents_are_in_it_but_for_those_that_may_be_another_patient_s(patient: Patient, coordinator: User) -> None:
    content = export_record(actor=coordinator, patient_id=patient.pk, **WHY)
    wrong, right = next(one["rows"] for one in content["sections"] if one["name"] == "patients.document")[::-1]
    document = patient.documents.counting().get()
    assert base64.b64decode(right["file"]["base64"]) == bytes_of(document)
    assert (right["file"]["name"], right["file"]["type"]) == (f"document-{document.pk}.pdf", "application/pdf")
    assert (wrong["title"], "file" in wrong) == (f"{MARK}-wrong-paper", False)
    (inside,) = PdfReader(io.BytesIO(as_pdf(content))).attachment_list
    assert (inside.name, inside.content) == (f"document-{document.pk}.pdf", bytes_of(document))


def test_what_an_authority_wants_kept_from_the_patient_is_not_in_it(patient: Patient, coordinator: User) -> None:
    Disclosure.objects.filter(patient=patient).update(withheld_until=timezone.localdate())
    content = export_record(actor=coordinator, patient_id=patient.pk, **WHY)
    (own,) = next(one["rows"] for one in content["sections"] if one["name"] == "rights.disclosure")
    assert own["content"] == "A copy of the whole record"


def test_who_saw_the_record_is_in_it_and_the_copy_itself(patient: Patient, coordinator: User) -> None:
    content = export_record(actor=coordinator, patient_id=patient.pk, **WHY)
    sections = {one["name"]: one["rows"] for one in content["sections"]}
    (seen,) = sections["access"]
    assert (seen["who"], seen["page"], seen["how"], seen["as_or_why"]) == (
        "Jo Marsh",
        "Copy of the record",
        "Exported",
        "The patient asked for a copy",
    )
    export = RecordExport.objects.latest("pk")
    assert (export.actor, export.recipient, export.form) == (coordinator, WHY["recipient"], "json")


def test_a_reason_and_a_recipient_are_needed(patient: Patient, coordinator: User) -> None:
    for missing in ({"purpose": ""}, {"recipient": " "}):
        with pytest.raises(ValidationError):
            export_record(actor=coordinator, patient_id=patient.pk, **WHY | missing)
    assert RecordExport.objects.count() == 1


@pytest.mark.parametrize("role", ["booking_clerk", "surgeon", "manager", "privacy_officer", "administrator"])
def test_other_roles_make_none(role: str, patient: Patient) -> None:
    with pytest.raises(PermissionDenied):
        export_record(actor=UserFactory(role=role), patient_id=patient.pk, **WHY)


def test_a_role_with_limits_makes_none(patient: Patient) -> None:
    limited = UserFactory(role="coordinator", role__specialties=[SpecialtyFactory()])
    with pytest.raises(PermissionDenied, match="limited"):
        export_record(actor=limited, patient_id=patient.pk, **WHY)


def test_nobody_whom_the_patient_keeps_away(patient: Patient, coordinator: User) -> None:
    PatientBlock.objects.create(patient=patient, user=coordinator)
    with pytest.raises(NotOnCareTeamError):
        export_record(actor=coordinator, patient_id=patient.pk, **WHY)


def test_the_page_asks_for_the_password_first(patient: Patient, coordinator: User) -> None:
    answer = client_of(coordinator).get(url(patient))
    assert (answer.status_code, "reauthenticate" in answer["Location"]) == (302, True)


def test_the_page_gives_json_and_pdf(patient: Patient, coordinator: User) -> None:
    client = signed_in(coordinator)
    assert "Copies given out" in client.get(url(patient)).content.decode()
    answer = client.post(url(patient), WHY)
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/json", "no-store")
    assert json.loads(answer.content)["patient"] == patient.pk
    answer = client.post(url(patient), WHY | {"form": "pdf"})
    assert answer.content.startswith(b"%PDF")
    assert MARK not in answer["Content-Disposition"]
    assert Access.objects.filter(patient_id=patient.pk, kind="export", actor_id=coordinator.pk).count() == 2


def test_the_page_says_what_is_missing(patient: Patient, coordinator: User) -> None:
    answer = signed_in(coordinator).post(url(patient), {"form": "pdf"})
    assert answer.status_code == 422
    assert answer.content.decode().count("This field is required") == 2


def test_no_such_patient(coordinator: User) -> None:
    assert signed_in(coordinator).get("/patients/999999/export/").status_code == 404


def test_the_command_writes_a_file_for_its_owner_alone(patient: Patient, coordinator: User, tmp_path: Path) -> None:
    file = tmp_path / "copy.json"
    who = ("--actor", coordinator.email, "--purpose", "patient", "--recipient", "Ann Adams")
    call_command("export_patient", str(patient.pk), str(file), *who)
    assert file.stat().st_mode & 0o077 == 0
    assert json.loads(file.read_text())["recipient"] == "Ann Adams"
    with pytest.raises(CommandError, match="can't be written"):
        call_command("export_patient", str(patient.pk), str(file), *who)
    with pytest.raises(CommandError, match="Nobody signs in"):
        call_command("export_patient", str(patient.pk), str(tmp_path / "a.pdf"), *who[2:], "--actor", "no@example.org")
    assert [one.name for one in tmp_path.iterdir()] == ["copy.json"]
