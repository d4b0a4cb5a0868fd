"""What is on record of one person."""

from typing import Any

import pytest
from django.db import connection

from accounts.audit.words import PAGES, page_in_words, table_in_words
from accounts.models import SignInFailure, User
from hospital.permission_table import guards
from scheduling.models import Operation
from tests.factories import OperationFactory, UserFactory
from tests.scheduling.views.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def coordinator() -> User:
    return UserFactory(given_name="Cora", family_name="Lee", role="coordinator")


@pytest.fixture
def operation(coordinator: User) -> Operation:
    """Return an operation that the coordinator has opened."""
    operation = OperationFactory()
    client_of(coordinator).get(f"/operations/{operation.pk}/")
    return operation


def text_of(viewer: User, address: str) -> str:
    answer = client_of(viewer).get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_officer_sees_what_somebody_looked_at(coordinator: User, operation: Operation) -> None:
    text = text_of(UserFactory(role="privacy_officer"), f"/audit/people/{coordinator.pk}/")
    assert "Activity of Cora Lee" in text
    assert "Page of an operation" in text
    assert f"/patients/{operation.patient_id}/access-history/" in text
    assert operation.patient.family_name not in text


def test_people_see_their_own_by_numbers(coordinator: User, operation: Operation) -> None:
    text = text_of(coordinator, "/accounts/activity/")
    assert "What is on record of you" in text
    assert f"No. {operation.patient_id}" in text
    assert "access-history" not in text


def test_nobody_sees_another_ones(coordinator: User) -> None:
    assert client_of(UserFactory(role="administrator")).get(f"/audit/people/{coordinator.pk}/").status_code == 403
    assert client_of(coordinator).get(f"/audit/people/{coordinator.pk}/").status_code == 403


def test_writes_name_columns_and_no_values(coordinator: User, operation: Operation) -> None:
    client_of(coordinator).post(f"/operations/{operation.pk}/postpone/", {})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('audit.who', %s, true);"
            "UPDATE patients_patient SET family_name = 'Zebrowska' WHERE id = %s",
            [f"{coordinator.pk}|||web", operation.patient_id],
        )
    text = text_of(coordinator, "/accounts/activity/?show=writes")
    assert f"Patient {operation.patient_id} changed" in text
    assert "family name" in text
    assert "Zebrowska" not in text


def test_failed_sign_ins(coordinator: User) -> None:
    SignInFailure.objects.create(user=coordinator, address="10.0.0.7")
    assert "10.0.0.7" in text_of(coordinator, "/accounts/activity/?show=failures")


@pytest.mark.parametrize("query", ["?show=x", "?before=x", "?show=writes&before=99999999999999999999"])
def test_what_means_nothing_is_left_out(coordinator: User, query: str) -> None:
    assert "on record of you" in text_of(coordinator, f"/accounts/activity/{query}")


def test_three_rows_take_as_many_queries_as_one(coordinator: User, django_assert_num_queries: Any) -> None:
    client = client_of(coordinator)
    client.get(f"/operations/{OperationFactory().pk}/")
    client.get("/accounts/activity/")
    with django_assert_num_queries(5):
        client.get("/accounts/activity/")
    for _ in range(2):
        client.get(f"/operations/{OperationFactory().pk}/")
    with django_assert_num_queries(5):
        client.get("/accounts/activity/")


def test_every_page_about_a_patient_has_words() -> None:
    ours = {guard.name for guard in guards() if guard.name.startswith("scheduling:")}
    assert ours - PAGES.keys() == set()
    assert page_in_words("scheduling:gone-page") == "Gone page"
    assert (page_in_words("admin:x_y_change"), page_in_words("")) == ("The admin", "A page")
    assert (table_in_words("patients_patient"), table_in_words("gone")) == ("patient", "gone")
