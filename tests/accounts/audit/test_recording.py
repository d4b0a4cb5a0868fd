"""Reads: what is written of one, what is not written again, and that none goes unrecorded."""

from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import Client

from accounts.audit.models import Access, AccessKind
from accounts.audit.recording import note, record_access
from accounts.models import User
from scheduling.models import Operation
from tests.factories import OperationFactory, PatientFactory, UserFactory
from tests.scheduling.views.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def operation() -> Operation:
    return OperationFactory()


@pytest.fixture
def coordinator() -> User:
    return UserFactory(role="coordinator")


def rows(**wanted: Any) -> list[tuple[str, str]]:
    return list(Access.objects.filter(**wanted).order_by("id").values_list("view", "kind"))


def test_opening_a_record_says_who_what_and_from_where(operation: Operation, coordinator: User) -> None:
    response = client_of(coordinator).get(f"/operations/{operation.pk}/", headers={"x-forwarded-for": "10.1.2.3"})

    access = Access.objects.get()
    assert (access.patient_id, access.actor_id, access.kind) == (operation.patient_id, coordinator.pk, "view")
    assert (access.view, access.reason) == ("scheduling:operation-detail", "coordinator")
    assert (str(access.request_id), access.address) == (response["X-Request-ID"], "10.1.2.3")
    assert len(access.session) == 16


def test_each_opening_counts_and_a_list_once_in_a_while(operation: Operation, coordinator: User) -> None:
    client = client_of(coordinator)
    for _ in range(3):
        client.get("/waiting-list/")
        client.get(f"/operations/{operation.pk}/")
    assert rows(kind="view") == [("scheduling:operation-detail", "view")] * 3
    assert rows(kind="list") == [("scheduling:waiting-list", "list")]
    client_of(coordinator).get("/waiting-list/")  # another session
    assert len(rows(kind="list")) == 2


def test_a_list_is_recorded_again_after_a_while(operation: Operation, coordinator: User) -> None:
    client = client_of(coordinator)
    client.get("/waiting-list/")
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE audit_access SET at = at - interval '16 minutes'")
        cursor.execute("SET session_replication_role = origin")
    client.get("/waiting-list/")
    assert len(rows()) == 2


def test_searching_is_recorded_as_that_and_every_time(operation: Operation, coordinator: User) -> None:
    client = client_of(coordinator)
    for _ in range(2):
        client.post("/find/", {"text": operation.patient.family_name})
    assert rows() == [("scheduling:patient-find", "search")] * 2


def test_a_page_that_asks_by_itself_is_a_live_one(operation: Operation, coordinator: User) -> None:
    client_of(coordinator).get("/waiting-list/", headers={"x-background": "1"})
    assert rows() == [("scheduling:waiting-list", "live")]


def test_nobody_is_recorded_who_was_not_named(operation: Operation) -> None:
    client_of(UserFactory(role="manager")).get("/")
    Client().get("/")
    assert rows() == []


def test_a_refused_look_is_none(operation: Operation) -> None:
    surgeon = UserFactory(role="surgeon")
    assert client_of(surgeon).get(f"/operations/{operation.pk}/").status_code == 403
    assert rows() == []


def test_that_a_number_exists_is_a_finding(coordinator: User) -> None:
    patient = OperationFactory().patient
    surgeon = UserFactory(role="surgeon")
    assert b"not on the care team" in client_of(surgeon).post("/find/", {"text": patient.mrn}).content
    assert list(Access.objects.values_list("patient_id", "kind")) == [(patient.pk, "search")]


def test_what_can_not_be_recorded_is_not_shown(
    operation: Operation, coordinator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr("accounts.audit.recording._insert", fail)
    client = client_of(coordinator)
    client.raise_request_exception = False
    response = client.get(f"/operations/{operation.pk}/")
    assert response.status_code == 500
    assert operation.patient.family_name.upper() not in response.content.decode()


def test_many_patients_take_one_statement(coordinator: User, django_assert_num_queries: Any) -> None:
    numbers = [PatientFactory().pk for _ in range(3)]
    for some in (numbers[:1], numbers):
        with django_assert_num_queries(1):
            record_access(some, actor_id=coordinator.pk, view="x", kind=AccessKind.EXPORT, reason="asked for")
    assert list(Access.objects.values_list("kind", "reason").distinct()) == [("export", "asked for")]
    assert len(rows()) == 4


def test_outside_of_a_request_naming_records_nothing(operation: Operation) -> None:
    note(operation.patient_id)
    assert operation.patient.display_name
    assert rows() == []
