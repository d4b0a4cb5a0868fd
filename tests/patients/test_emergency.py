"""Access in an emergency: asked for, given for an hour, ended, told and reviewed."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from patients.emergency import begin_emergency_access, review_emergency_access
from patients.models import EmergencyAccess, PatientBlock
from scheduling.models import Operation
from tests.factories import OperationFactory, PatientFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)
WHY = {"reason": "emergency", "explanation": "Bleeding on the ward"}


def client_of(user: User, *, fresh: bool = True) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    if fresh:
        session = client.session
        session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
        session["account_authentication_methods_user"] = str(user.pk)
        session.save()
    return client


@pytest.fixture
def nurse() -> User:
    return UserFactory(role="ward_nurse")


@pytest.fixture
def case() -> Operation:
    return OperationFactory()


def page_of(case: Operation) -> str:
    return f"/operations/{case.pk}/"


def begin(case: Operation) -> str:
    return f"/patients/{case.patient_id}/emergency/"


def test_a_page_beyond_ones_reach_leads_to_the_way_in(nurse: User, case: Operation) -> None:
    answer = client_of(nurse).get(page_of(case))
    assert answer.status_code == 403
    assert f"{begin(case)}?next={page_of(case)}" in answer.content.decode()
    assert case.patient.family_name not in answer.content.decode()
    assert case.patient.mrn not in answer.content.decode()


def test_it_takes_a_recent_password(nurse: User, case: Operation) -> None:
    answer = client_of(nurse, fresh=False).post(begin(case), WHY)
    assert (answer.status_code, "/accounts/reauthenticate/" in answer["Location"]) == (302, True)
    assert EmergencyAccess.objects.count() == 0


@pytest.mark.parametrize("missing", ["reason", "explanation"])
def test_it_takes_a_reason(nurse: User, case: Operation, missing: str) -> None:
    assert client_of(nurse).post(begin(case), {**WHY, missing: " "}).status_code == 422
    assert EmergencyAccess.objects.count() == 0


def test_a_reason_opens_the_record_with_a_banner_until_it_is_ended(nurse: User, case: Operation) -> None:
    client, other = client_of(nurse), OperationFactory()
    answer = client.post(begin(case), {**WHY, "next": page_of(case)})
    assert answer["Location"] == page_of(case)
    shown = client.get(page_of(case)).content.decode()
    assert (case.patient.mrn in shown, "60 min left" in shown) == (True, True)
    assert "60 min left" in client.get("/waiting-list/").content.decode()
    assert client.get(page_of(other)).status_code == 403

    client.post(f"/emergency/{EmergencyAccess.objects.get().pk}/end/")

    assert client.get(page_of(case)).status_code == 403
    assert client.post(f"/operations/{case.pk}/preview/").status_code == 403


def test_it_ends_by_itself(nurse: User, case: Operation) -> None:
    client = client_of(nurse)
    client.post(begin(case), WHY)
    EmergencyAccess.objects.update(began=timezone.now() - timedelta(hours=1), ends=timezone.now())
    assert client.get(page_of(case)).status_code == 403
    assert "min left" not in client.get("/waiting-list/").content.decode()


def test_nobody_ends_that_of_somebody_else(nurse: User, case: Operation) -> None:
    access = begin_emergency_access(actor=nurse, patient_id=case.patient_id, **WHY)
    client_of(UserFactory(role="coordinator")).post(f"/emergency/{access.pk}/end/")
    access.refresh_from_db()
    assert access.ends > timezone.now()


def test_it_gives_no_capability(nurse: User, case: Operation) -> None:
    client = client_of(nurse)
    client.post(begin(case), WHY)
    assert client.get(f"/operations/{case.pk}/book/").status_code == 403


def test_somewhere_else_is_no_way_onward(nurse: User, case: Operation) -> None:
    assert client_of(nurse).post(begin(case), {**WHY, "next": "https://example.org/"})["Location"] == "/find/"


def test_the_privacy_officer_is_told_by_number(nurse: User, case: Operation) -> None:
    officer = UserFactory(role="privacy_officer")
    UserFactory(role="privacy_officer", is_active=False)
    access = begin_emergency_access(actor=nurse, patient_id=case.patient_id, **WHY)
    (message,) = mail.outbox
    assert message.to == [officer.email]
    assert f"patient {case.patient_id}" in message.body
    for secret in (case.patient.mrn, case.patient.family_name, access.explanation):
        assert secret not in message.subject + message.body


def test_a_double_click_makes_one(nurse: User, case: Operation) -> None:
    def click(_: int) -> int:
        try:
            return begin_emergency_access(actor=nurse, patient_id=case.patient_id, **WHY).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(click, range(4)))) == 1
    assert EmergencyAccess.objects.count() == 1
    assert mail.outbox == []


def test_against_the_patients_wish_is_marked(nurse: User, case: Operation) -> None:
    PatientBlock.objects.create(patient=case.patient, user=nurse)
    assert begin_emergency_access(actor=nurse, patient_id=case.patient_id, **WHY).against_block


class TestReview:
    def test_the_queue_counts_marks_and_records(self, nurse: User, case: Operation) -> None:
        officer = client_of(UserFactory(role="privacy_officer"))
        access = begin_emergency_access(actor=nurse, patient_id=case.patient_id, **WHY)
        late = timezone.now() - timedelta(hours=73)
        EmergencyAccess.objects.update(began=late, ends=late + timedelta(hours=1))
        shown = officer.get("/reviews/").content.decode()
        assert ("overdue" in shown, case.patient.mrn in shown, 'class="count">1' in shown) == (True, False, True)

        officer.post(f"/reviews/{access.pk}/", {"outcome": "justified", "note": "Cardiac arrest"})

        access.refresh_from_db()
        assert (access.outcome, access.note) == ("justified", "Cardiac arrest")
        again = officer.post(f"/reviews/{access.pk}/", {"outcome": "not_justified"})
        access.refresh_from_db()
        assert (again.status_code, access.outcome) == (409, "justified")

    def test_nobody_reviews_their_own(self, case: Operation) -> None:
        user = UserFactory(role="privacy_officer")
        user.role_assignments.create(role="ward_nurse")
        access = begin_emergency_access(actor=user, patient_id=case.patient_id, **WHY)
        with pytest.raises(PermissionDenied):
            review_emergency_access(actor=user, access_id=access.pk, outcome="justified")
        assert "Somebody else reviews this" in client_of(user).get("/reviews/").content.decode()

    def test_an_outcome_has_to_be_chosen(self, nurse: User, case: Operation) -> None:
        access = begin_emergency_access(actor=nurse, patient_id=case.patient_id, **WHY)
        with pytest.raises(ValidationError):
            review_emergency_access(actor=UserFactory(role="privacy_officer"), access_id=access.pk, outcome="")

    def test_the_page_takes_as_many_queries_with_3_rows_as_with_1(
        self, nurse: User, django_assert_num_queries: Any
    ) -> None:
        officer = client_of(UserFactory(role="privacy_officer"))
        for rows in (1, 2):
            for _ in range(rows):
                begin_emergency_access(actor=nurse, patient_id=PatientFactory().pk, **WHY)
            with django_assert_num_queries(6):
                officer.get("/reviews/")
