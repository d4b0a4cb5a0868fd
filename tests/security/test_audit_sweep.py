"""Every address, method and role with a marked patient: who is named is on record, and nobody else is."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.audit.models import Access
from accounts.audit.words import PAGES
from accounts.models import User
from patients.models import Patient
from scheduling.models import Operation
from tests.accounts.access_table import ADMIN
from tests.accounts.test_access_table import GUARDED, MODELS, access_to, address, client_of, colleague, neighbour
from tests.factories import AllergyFactory, OperationFactory, PatientFactory
from tests.hospital.admin_rows import make
from tests.scheduling.world import World

pytestmark = pytest.mark.django_db
MARKS = ("qfamilyova", "qmrn4711")
TYPED = re.compile(rb'value="(?:Qfamilyova|QMRN4711)"|for \xe2\x80\x9cQfamilyova\xe2\x80\x9d')
"""The search gives back what was typed; that names nobody."""
EXISTS = b"There is a patient with this number"


@pytest.fixture
def patient() -> Patient:
    patient = PatientFactory(family_name="Qfamilyova", given_name="Qgivena", mrn="QMRN4711")
    AllergyFactory(patient=patient)
    return patient


@pytest.fixture
def placed(patient: Patient) -> Operation:
    """Return an operation of the patient on the board, beside one that waits."""
    world = World.make()
    OperationFactory(patient=patient)
    return world.booked(world.at(10), operation=world.waiting(patient=patient))


def is_named(response: HttpResponse) -> bool:
    content = response.getvalue()
    shown = TYPED.sub(b"", content).decode(errors="replace").lower()  # a document is no text
    return any(mark in shown for mark in MARKS) or EXISTS in content


def wrong(response: HttpResponse, patient: Patient, user: User) -> str:
    """Return what is wrong with the record of this answer, or nothing."""
    noted = Access.objects.filter(patient_id=patient.pk, request_id=response["X-Request-ID"])
    if noted.exclude(view__in=PAGES).exists():
        return "recorded under a name that accounts/audit/words.py does not know"
    if not is_named(response):
        return "recorded without being named" if noted.exists() and not is_told_otherwise(response) else ""
    view = response.resolver_match.view_name
    mine = Access.objects.filter(patient_id=patient.pk, actor_id=user.pk, view=view)
    return "" if noted.exists() or mine.filter(kind__in=("list", "live")).exists() else "named without a record"


def is_told_otherwise(response: HttpResponse) -> bool:
    """Say whether the next page says the name, or values of the record are shown without it."""
    view = response.resolver_match.view_name
    return response.status_code == 302 or view in {
        "admin:auditlog_logentry_change",
        "patients:access-history-csv",
        "patients:disclosures-csv",
        "patients:document",
        # A card is fetched by itself, under the banner of the page that it is in.
        *(f"patients:{name}" for name in ("record-card", "chart-add", "chart-change", "details-change")),
        *(f"patients:{name}" for name in ("person-add", "person-change")),
    }


def requests(client: Client, operation: Operation) -> Iterator[HttpResponse]:
    access = access_to(operation)
    day = operation.period.lower.date()
    typed = {"text": "Qfamilyova"}
    for guard in GUARDED.values():
        url = address(guard, operation, access).replace(str(date(2026, 11, 23)), str(day))
        yield client.get(url)
        yield client.get(url, headers={"hx-request": "true", "x-background": "1"})
        yield client.post(url, headers={"accept": "application/json"})
        yield client.post(url, typed | {"version": 1, "patient": operation.patient_id})
    yield client.post(reverse("scheduling:patient-find"), {"text": "QMRN4711"})


# Of roles that see the same pages, one: what is recorded depends on the page and on whether it names the patient.
@pytest.mark.parametrize(("who", "letter"), [*((colleague, role) for role in "CSWPMD"), (neighbour, "C")])
def test_pages(who: Any, letter: str, placed: Operation, patient: Patient) -> None:
    user = who(letter, placed) if who is colleague else who(letter)
    client = client_of(user)
    faults = {}
    named = 0
    for response in requests(client, placed):
        named += is_named(response)
        if fault := wrong(response, patient, user):
            faults[response.request["REQUEST_METHOD"], response.resolver_match.view_name] = fault
    assert faults == {}
    assert (named > 5) == (who is colleague and letter in "CBSATWP")


def some_of(model: type[Model]) -> list[Model]:
    """Return rows of the model, the newest among them: the change of the name is the last one in the trail."""
    rows = model._default_manager.order_by("-pk")
    return [*rows[:2], *model._default_manager.order_by("pk")[:1]] if rows.count() > 3 else list(rows)


@pytest.mark.parametrize("letter", "CDP")
def test_admin_pages(letter: str, placed: Operation, patient: Patient) -> None:
    user = colleague(letter, placed)
    client = client_of(user)
    patient.family_name = "Qfamilyova-Smith"
    patient.save(update_fields=["family_name"])  # auditlog's trail now holds the name
    faults, named = {}, set()
    for label in ADMIN:
        model = MODELS[label]
        name = label.replace(".", "_")
        rows = some_of(model) or make(model, [1])
        urls = [reverse(f"admin:{name}_changelist"), reverse(f"admin:{name}_add")]
        urls += [
            reverse(f"admin:{name}_{page}", args=(row.pk,)) for row in rows for page in ("change", "history", "delete")
        ]
        posted = [client.post(urls[0], {"q": "Qfamilyova"})] if model is Patient else []
        for response in [*posted, *(client.get(url) for url in urls)]:
            if is_named(response):
                named.add(response.resolver_match.view_name)
            if fault := wrong(response, patient, user):
                faults[response.resolver_match.view_name] = fault
    assert faults == {}
    expected = {
        "C": {"admin:patients_patient_changelist", "admin:patients_patient_change"},
        "P": {"admin:auditlog_logentry_change"},
    }
    assert named == expected.get(letter, set())


def test_the_sweep_would_see_a_view_that_forgets(
    placed: Operation, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patients.models.identity.note", lambda _: None)
    monkeypatch.setattr("hospital.templatetags.interface.note", lambda *_: None)
    user = colleague("C", placed)
    answers = requests(client_of(user), placed)
    assert "named without a record" in (wrong(response, patient, user) for response in answers)
