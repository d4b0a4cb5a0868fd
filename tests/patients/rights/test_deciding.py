"""Restriction, legal hold, wishes to correct, and the page on which the privacy officer decides."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from guardian.shortcuts import assign_perm

from accounts.models import User
from patients.models import Patient
from patients.permissions import CARE_TEAM
from patients.rights.amending import ask_amendment, decide_amendment
from patients.rights.models import Amendment, LegalHold, ProcessingRestriction, RetentionRule
from patients.rights.restricting import SENTENCE, hold_record, lift, restrict_processing
from patients.rights.retention import schedule, set_retention
from scheduling.models import Operation
from scheduling.services import NotPossibleError, book_operation, cancel_operation, record_event, request_operation
from scheduling.services.requesting import Request
from tests.factories import CancellationReasonFactory, PatientFactory, StaffMemberFactory, UserFactory
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def officer(db: None) -> User:
    return UserFactory(role="privacy_officer", given_name="Pia", family_name="Privy")


@pytest.fixture
def world(db: None) -> World:
    return World.make()


@pytest.fixture
def patient(db: None) -> Patient:
    return PatientFactory(family_name="Adams", given_name="Ann")


def restricted(officer: User, patient: Patient, **more: Any) -> ProcessingRestriction:
    return restrict_processing(actor=officer, patient_id=patient.pk, ground="accuracy", reason="Contested", **more)


def url(name: str, number: int) -> str:
    return reverse(f"patients:{name}", args=[number])


def test_plans_of_a_restricted_patient_stand_still(world: World, officer: User, patient: Patient) -> None:
    operation = world.waiting(patient=patient)
    restricted(officer, patient)
    book: Any = {"operation_id": operation.pk, "version": 1, "theatre_id": world.one.pk, "start": world.at(10)}
    with pytest.raises(NotPossibleError, match="restricted"):
        book_operation(actor=world.coordinator, **book)
    with pytest.raises(NotPossibleError, match="restricted"):
        request_operation(
            actor=world.coordinator,
            request=Request(patient=patient, procedure=world.procedure, priority=world.priority),
        )
    assign_perm(CARE_TEAM, world.coordinator, patient)
    assert book_operation(actor=world.coordinator, **book).status == "scheduled"


def test_whoever_is_on_the_operation_treats(world: World, officer: User, patient: Patient) -> None:
    clerk = UserFactory(role="booking_clerk")
    StaffMemberFactory(user=clerk)
    operation = world.waiting(patient=patient, lead_surgeon=StaffMemberFactory(user=UserFactory()))
    restricted(officer, patient)
    cancel: Any = {"operation_id": operation.pk, "version": 1, "reason": CancellationReasonFactory()}
    with pytest.raises(NotPossibleError, match="restricted"):
        cancel_operation(actor=clerk, **cancel)
    Operation.objects.update(lead_surgeon=clerk.staff_member)
    assert cancel_operation(actor=clerk, **cancel).status == "cancelled"


def test_the_theatre_still_sees_and_records(world: World, officer: User, patient: Patient) -> None:
    operation = world.booked(world.at(10), operation=world.waiting(patient=patient))
    restricted(officer, patient)
    nurse = UserFactory(role="theatre_nurse")
    text = client_of(nurse).get(f"/operations/{operation.pk}/").content.decode()
    assert "Restricted: for treatment only" in text
    record_event(actor=nurse, operation_id=operation.pk, kind="arrived", at=timezone.now())
    operation.refresh_from_db()
    assert operation.status == "arrived"


def test_the_record_is_read_only_in_the_admin(officer: User, patient: Patient) -> None:
    restricted(officer, patient)
    clerk = UserFactory(role="booking_clerk", is_staff=True)
    page = reverse("admin:patients_patient_change", args=[patient.pk])
    text = client_of(clerk).get(page).content.decode()
    assert ("restricted (GDPR" in text, 'name="_save"' in text) == (True, False)
    assert client_of(clerk).post(page, {"family_name": "Changed"}).status_code == 403


def test_a_restriction_ends_with_its_last_day_or_when_lifted(officer: User, patient: Patient) -> None:
    today = timezone.localdate()
    row = restricted(officer, patient, until=today)
    with pytest.raises(ValidationError, match="one already"):
        restricted(officer, patient)
    ProcessingRestriction.objects.update(until=today - timedelta(days=1))
    row.refresh_from_db()
    assert (row.is_in_force, ProcessingRestriction.objects.in_force().count()) == (False, 0)
    restricted(officer, patient)
    lift(actor=officer, patient_id=patient.pk, kind=ProcessingRestriction)
    assert ProcessingRestriction.objects.in_force().count() == 0
    assert set(ProcessingRestriction.objects.values_list("lifted_by", flat=True)) == {officer.pk}


@pytest.mark.parametrize("wrong", [{"reason": " "}, {"until": timezone.localdate() - timedelta(days=1)}])
def test_a_hold_needs_a_reason_and_a_day_to_come(wrong: Any, officer: User, patient: Patient) -> None:
    with pytest.raises(ValidationError):
        hold_record(**{"actor": officer, "patient_id": patient.pk, "reason": "Claim 7"} | wrong)
    assert LegalHold.objects.count() == 0


def test_a_wish_is_decided_once_with_a_reason(officer: User, patient: Patient) -> None:
    wish = ask_amendment(actor=officer, patient_id=patient.pk, wish="My name is Adamson.")
    with pytest.raises(ValidationError, match="right to know"):
        decide_amendment(actor=officer, amendment=wish, decision="denied")
    with pytest.raises(ValidationError, match="answers a denial"):
        decide_amendment(actor=officer, amendment=wish, decision="accepted", statement="I disagree.")
    decide_amendment(
        actor=officer, amendment=wish, decision="denied", reason="The passport says Adams.", statement="I disagree."
    )
    with pytest.raises(ValidationError, match="decided already"):
        decide_amendment(actor=officer, amendment=wish, decision="accepted")
    wish.refresh_from_db()
    assert (wish.decision, wish.decided_by, wish.statement) == ("denied", officer, "I disagree.")


@pytest.mark.parametrize("role", ["coordinator", "surgeon", "ward_nurse", "manager", "administrator"])
def test_other_roles_decide_nothing(role: str, patient: Patient) -> None:
    actor = UserFactory(role=role)
    for work in (
        lambda: restricted(actor, patient),
        lambda: hold_record(actor=actor, patient_id=patient.pk, reason="x"),
        lambda: ask_amendment(actor=actor, patient_id=patient.pk, wish="x"),
        lambda: set_retention(actor=actor, kind="record", years=1, source="x"),
        lambda: lift(actor=actor, patient_id=patient.pk, kind=LegalHold),
    ):
        with pytest.raises(PermissionDenied):
            work()


def test_the_page_shows_what_was_decided_and_not_the_record(officer: User, patient: Patient) -> None:
    patient.allergies.create(substance="Latexmark", reaction="Wheals")
    client = client_of(officer)
    sent = [
        client.post(url("rights-restrict", patient.pk), {"ground": "claims", "reason": "Claim 7"}),
        client.post(url("rights-hold", patient.pk), {"reason": "Claim 8"}),
        client.post(url("amendment-ask", patient.pk), {"wish": "Wrong", "asked_by": "patient", "asked_on": today()}),
        client.post(url("erasure-ask", patient.pk)),
    ]
    assert [answer.status_code for answer in sent] == [302, 302, 302, 302]
    denial = {"decision": "denied", "reason": "It is right."}
    assert client.post(url("amendment-decide", Amendment.objects.get().pk), denial).status_code == 302
    text = client.get(url("rights", patient.pk)).content.decode()
    for words in ("ADAMS, Ann", "Claim 7", "Claim 8", "It is right.", "A legal hold is on the record", "Refused"):
        assert words in text
    assert "Latexmark" not in text
    assert client.post(url("rights-unhold", patient.pk)).status_code == 302
    assert LegalHold.objects.get().lifted_by == officer


def today() -> str:
    return str(timezone.localdate())


def test_what_is_wrong_stands_beside_its_field(officer: User, patient: Patient) -> None:
    client: Client = client_of(officer)
    answer = client.post(url("rights-restrict", patient.pk), {"ground": "claims", "reason": "x", "until": "2001-01-01"})
    assert (answer.status_code, "This day is over." in answer.content.decode()) == (422, True)
    wish = ask_amendment(actor=officer, patient_id=patient.pk, wish="x")
    answer = client.post(url("amendment-decide", wish.pk), {"decision": "denied"})
    assert (answer.status_code, "right to know" in answer.content.decode()) == (422, True)


def test_the_schedule_is_the_hospitals(officer: User) -> None:
    client = client_of(officer)
    assert "As shipped" in client.get(reverse("patients:retention")).content.decode()
    data = {"kind": "record", "years": 30, "source": "Our law"}
    assert client.post(reverse("patients:retention"), data).status_code == 302
    assert (schedule()["record"].years, RetentionRule.objects.count()) == (30, 1)
    assert client.post(reverse("patients:retention"), data | {"years": 0}).status_code == 422
    assert client.post(reverse("patients:retention"), data | {"kind": "x"}).status_code == 422


def test_the_same_queries_for_one_and_three(officer: User, patient: Patient, django_assert_num_queries: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = client_of(officer)

    def more() -> None:
        ask_amendment(actor=officer, patient_id=patient.pk, wish="x")
        hold_record(actor=officer, patient_id=patient.pk, reason="x")
        lift(actor=officer, patient_id=patient.pk, kind=LegalHold)

    more()
    client.get(url("rights", patient.pk))
    with CaptureQueriesContext(connection) as one:
        client.get(url("rights", patient.pk))
    more()
    more()
    with django_assert_num_queries(len(one)):
        client.get(url("rights", patient.pk))


def test_the_sentence_says_whom_to_ask() -> None:
    assert SENTENCE.endswith("Ask the privacy officer.")
