"""The card about consent on the page of an operation, and what the checklist says of it."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from patients.models import Document
from scheduling.models import Operation, OperationConsent
from tests.factories import ChecklistItemFactory, OperationConsentFactory, StaffMemberFactory, UserFactory
from tests.patients.papers import keep_document, pdf, sent
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World


@pytest.fixture
def nurse(world: World) -> Client:
    return client_of(UserFactory(role="theatre_nurse"))


@pytest.fixture
def operation(world: World) -> Operation:
    return world.booked(world.at(10))


def fields(operation: Operation, **more: Any) -> dict[str, Any]:
    said = {
        "answer": "given",
        "procedure": operation.procedure_id,
        "side": operation.side,
        "signed_on": timezone.localdate(),
        "taken_by": operation.lead_surgeon_id or StaffMemberFactory().pk,
    }
    return {f"consent-{name}": value for name, value in (said | more).items()}


def page_of(operation: Operation) -> str:
    return f"/operations/{operation.pk}/"


def test_a_form_is_scanned_and_consent_stands(nurse: Client, operation: Operation) -> None:
    assert nurse.get(page_of(operation)).content.decode().count("No consent on record") == 2  # card, still missing

    answer = nurse.post(f"{page_of(operation)}consent/", fields(operation, file=sent(pdf())))

    assert (answer.status_code, answer["Location"]) == (302, f"{page_of(operation)}#consent")
    document = Document.objects.get()
    page = nurse.get(page_of(operation)).content.decode()
    assert "Consent: given." in page
    assert f"/documents/{document.pk}/" in page
    assert "No consent on record" not in page


@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        ({"answer": ""}, 422, "This field is required"),
        ({"taken_by": ""}, 422, "Say who explained the operation"),
        ({"signed_on": "2999-01-01"}, 422, "still to come"),
        ({"answer": "not_possible"}, 422, "Say why the patient can’t be asked"),
        ({"side": "left"}, 409, "changed meanwhile"),
        ({"document": 99}, 422, "Select a valid choice"),
        ({"file": sent(b"MZ")}, 422, "This is not a PDF"),
    ],
)
def test_what_is_refused_keeps_what_was_typed(
    nurse: Client, operation: Operation, more: dict[str, Any], status: int, words: str
) -> None:
    typed = {"note": "By her mother"} if "answer" not in more else {}
    answer = nurse.post(f"{page_of(operation)}consent/", fields(operation, **more, **typed))
    page = answer.content.decode()
    assert (answer.status_code, words in page) == (status, True)
    assert ('value="By her mother"' in page) == bool(typed)
    assert (OperationConsent.objects.count(), Document.objects.count()) == (0, 0)


def test_withdrawn_and_taken_back(nurse: Client, operation: Operation) -> None:
    OperationConsentFactory(operation=operation)
    nurse.post(f"{page_of(operation)}consent/withdraw/", {"withdraw-reason": "Wants to wait"})
    page = nurse.get(page_of(operation)).content.decode()
    assert page.count("The patient withdrew consent") == 2
    assert "Wants to wait" in page
    newest = OperationConsent.objects.latest("pk")
    url = f"{page_of(operation)}consent/{newest.pk}/take-back/"
    assert nurse.post(url, {"take-back-reason": ""}).status_code == 422
    nurse.post(url, {"take-back-reason": "Another patient"})
    page = nurse.get(page_of(operation)).content.decode()
    assert "The patient withdrew consent" not in page
    assert "entered in error" in page
    assert nurse.post(f"{page_of(operation)}consent/withdraw/", {}).status_code == 302


def test_an_answer_of_another_operation(nurse: Client, operation: Operation, world: World) -> None:
    other = OperationConsentFactory(operation=world.waiting())
    assert nurse.post(f"{page_of(operation)}consent/{other.pk}/take-back/", {}).status_code == 404


def test_consent_to_another_side_is_seen_where_one_decides(nurse: Client, operation: Operation) -> None:
    OperationConsentFactory(operation=operation, side="left")
    Operation.objects.filter(pk=operation.pk).update(side="right")
    ChecklistItemFactory(part="sign_in", text="Consent is signed")
    words = "Consent is for another side: left"
    assert nurse.get(page_of(operation)).content.decode().count(words) == 2
    assert words in nurse.get(f"{page_of(operation)}checklist/sign_in/").content.decode()
    ChecklistItemFactory(part="sign_out", text="Counts are correct")
    assert words not in nurse.get(f"{page_of(operation)}checklist/sign_out/").content.decode()


def test_a_clerk_sees_how_it_stands_and_records_nothing(clerk: Client, operation: Operation) -> None:
    OperationConsentFactory(operation=operation, document=keep_document(operation.patient))
    answer = clerk.get(page_of(operation))
    assert "Open the signed form" in answer.content.decode()
    card = answer.context["consent"]
    assert (card.record, card.withdraw, card.take_back) == (None, None, None)
    assert clerk.post(f"{page_of(operation)}consent/", fields(operation)).status_code == 403


def test_a_cancelled_operation_takes_none(nurse: Client, world: World) -> None:
    operation = world.waiting()
    Operation.objects.filter(pk=operation.pk).update(status="cancelled")
    assert nurse.get(page_of(operation)).context["consent"].record is None
    answer = nurse.post(f"{page_of(operation)}consent/", fields(operation, taken_by=world.surgeon.pk))
    assert (answer.status_code, OperationConsent.objects.count()) == (409, 0)


def test_the_page_takes_as_many_queries_for_three_answers_as_for_one(nurse: Client, operation: Operation) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert nurse.get(page_of(operation)).status_code == 200
        return len(queries)

    OperationConsentFactory(operation=operation, document=keep_document(operation.patient))
    count()
    one = count()
    for _ in range(2):
        OperationConsentFactory(operation=operation, document=keep_document(operation.patient))
    assert count() == one
