"""The page that says who may see a record, and what is changed there."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from guardian.shortcuts import assign_perm

from accounts.models import User
from patients.models import EmergencyAccess, Patient, PatientBlock, Restriction
from patients.permissions import CARE_TEAM
from scheduling.models import Operation
from tests.factories import OperationFactory, PatientFactory, SpecialtyFactory, StaffMemberFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def operation() -> Operation:
    return OperationFactory(patient=PatientFactory(family_name="Adams", given_name="Ann"))


@pytest.fixture
def patient(operation: Operation) -> Patient:
    return operation.patient


@pytest.fixture
def coordinator() -> User:
    return UserFactory(role="coordinator")


@pytest.fixture
def officer() -> User:
    return UserFactory(role="privacy_officer")


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def send(actor: User, patient: Patient, what: str, **data: Any) -> Any:
    return client_of(actor).post(reverse(f"scheduling:patient-{what}", args=[patient.pk]), data)


def text_of(user: User, patient: Patient) -> str:
    return client_of(user).get(reverse("scheduling:patient-access", args=[patient.pk])).content.decode()


def steps(patient: Patient) -> list[tuple[str, str]]:
    return [(step.verb, step.reason) for step in Restriction.objects.filter(patient=patient)]


def test_marking_confidential_and_back(coordinator: User, patient: Patient) -> None:
    assert send(coordinator, patient, "confidential", confidential="yes", reason="works here").status_code == 302
    patient.refresh_from_db()
    assert patient.confidential
    assert "works here" in text_of(coordinator, patient)
    send(coordinator, patient, "confidential", confidential="yes", reason="twice")
    send(coordinator, patient, "confidential", confidential="no", reason="left")
    patient.refresh_from_db()
    assert (patient.confidential, steps(patient)) == (
        False,
        [("not_confidential", "left"), ("confidential", "works here")],
    )


@pytest.mark.parametrize("what", ["confidential", "block", "unblock"])
def test_a_reason_is_needed(what: str, coordinator: User, patient: Patient) -> None:
    colleague = UserFactory(role="surgeon")
    if what == "unblock":
        PatientBlock.objects.create(patient=patient, user=colleague)
    data = {"user": colleague.pk, "requested_on": "2026-01-02", "confidential": "yes", "reason": " "}
    answer = send(coordinator, patient, what, **data)
    assert (answer.status_code, steps(patient)) == (422, [])


def test_the_privacy_officer_keeps_a_colleague_away_and_lifts_it(officer: User, patient: Patient) -> None:
    colleague = UserFactory(role="coordinator", given_name="Eve", family_name="Adams")
    asked = {"user": colleague.pk, "requested_on": "2026-01-02", "reason": "former husband"}
    assert send(officer, patient, "block", **asked).status_code == 302
    assert not Patient.objects.visible_to(User.objects.get(pk=colleague.pk)).exists()
    assert "Eve Adams" in text_of(officer, patient)
    with connection.cursor() as cursor:
        cursor.execute("SELECT reason FROM patients_restriction")
        assert "husband" not in cursor.fetchone()[0]

    assert send(officer, patient, "unblock", user=colleague.pk, reason="asked again").status_code == 302

    assert Patient.objects.visible_to(User.objects.get(pk=colleague.pk)).exists()
    assert steps(patient) == [("lifted", "asked again"), ("blocked", "former husband")]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"user": ""}, "This field is required"),
        ({"user": "0"}, "Select a valid choice"),
        ({"requested_on": "2999-01-01"}, "in the future"),
        ({"requested_on": "x"}, "Enter a valid date"),
    ],
)
def test_a_wrong_request_is_refused_beside_its_field(
    change: dict[str, str], says: str, coordinator: User, patient: Patient
) -> None:
    data = {"user": str(UserFactory().pk), "requested_on": "2026-01-02", "reason": "-"} | change
    answer = send(coordinator, patient, "block", **data)
    assert (answer.status_code, says in answer.content.decode(), PatientBlock.objects.count()) == (422, True, 0)


def test_nobody_blocks_or_lets_in_themselves(coordinator: User, patient: Patient) -> None:
    data = {"user": coordinator.pk, "requested_on": "2026-01-02", "reason": "-"}
    assert send(coordinator, patient, "block", **data).status_code == 422
    PatientBlock.objects.create(patient=patient, user=coordinator)
    assert send(coordinator, patient, "unblock", user=coordinator.pk, reason="-").status_code == 403
    assert PatientBlock.objects.count() == 1


def test_operations_of_a_colleague_who_is_kept_away_are_listed_and_left_alone(
    coordinator: User, officer: User, operation: Operation
) -> None:
    surgeon = UserFactory(role="surgeon")
    operation.lead_surgeon = StaffMemberFactory(user=surgeon)
    operation.save()
    other = OperationFactory(lead_surgeon=operation.lead_surgeon)
    PatientBlock.objects.create(patient=operation.patient, user=surgeon)
    seen = text_of(coordinator, operation.patient)
    assert f'href="/operations/{operation.pk}/">Case {operation.pk}' in seen
    assert f"Case {other.pk}" not in seen
    unlinked = text_of(officer, operation.patient)
    assert (f"Case {operation.pk}" in unlinked, f"/operations/{operation.pk}/" in unlinked) == (True, False)
    operation.refresh_from_db()
    assert (operation.version, operation.lead_surgeon.user) == (1, surgeon)


def test_the_page_names_the_care_team_and_emergencies_in_force(coordinator: User, patient: Patient) -> None:
    member, over, running = (UserFactory(family_name=name) for name in ("Member", "Over", "Running"))
    assign_perm(CARE_TEAM, member, patient)
    now = timezone.now()
    for user, ends in ((over, now - timedelta(minutes=1)), (running, now + timedelta(minutes=9))):
        EmergencyAccess.objects.create(
            actor=user, patient=patient, reason="cover", explanation="-", began=now - timedelta(hours=1), ends=ends
        )
    page = client_of(coordinator).get(reverse("scheduling:patient-access", args=[patient.pk])).context["page"]
    assert (page.care_team, [access.actor for access in page.emergencies]) == ([member], [running])


def test_the_privacy_officer_sees_no_allergies(officer: User, patient: Patient) -> None:
    text = text_of(officer, patient)
    assert ("ADAMS, Ann" in text, patient.mrn in text, "Allergies" in text) == (True, True, False)


def test_finding_by_number(officer: User, patient: Patient) -> None:
    url = reverse("scheduling:patient-access-find")
    client = client_of(officer)
    assert client.post(url, {"mrn": patient.mrn.lower()})["Location"] == f"/patients/{patient.pk}/access/"
    for wrong in ("Adams", "nobody", ""):
        assert client.post(url, {"mrn": wrong}).status_code == 422


def test_limits_count(patient: Patient) -> None:
    neighbour = UserFactory(role="coordinator", role__specialties=[SpecialtyFactory()])
    assert send(neighbour, patient, "confidential", confidential="yes", reason="-").status_code == 403
    url = reverse("scheduling:patient-access-find")
    assert client_of(neighbour).post(url, {"mrn": patient.mrn}).status_code == 422
    assert client_of(UserFactory(role="coordinator")).get("/patients/0/access/").status_code == 404


def test_the_same_queries_for_one_and_three(
    coordinator: User, patient: Patient, django_assert_num_queries: Any
) -> None:
    client, url = client_of(coordinator), reverse("scheduling:patient-access", args=[patient.pk])

    def add() -> None:
        user = UserFactory(role="surgeon")
        OperationFactory(patient=patient, lead_surgeon=StaffMemberFactory(user=user))
        PatientBlock.objects.create(patient=patient, user=user)
        Restriction.objects.create(patient=patient, user=user, actor=user, verb="blocked", reason="-")

    add()
    client.get(url)
    with CaptureQueriesContext(connection) as one:
        client.get(url)
    add()
    add()
    with django_assert_num_queries(len(one)):
        client.get(url)
