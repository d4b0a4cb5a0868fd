"""What was done is said on the next page, and kept nowhere in clear until then."""

import json

import pytest
from django.contrib.sessions.models import Session

from accounts.encryption.cipher import is_current
from scheduling.models import Operation
from tests.factories import CancellationReasonFactory, OperationFactory, PatientFactory, UserFactory
from tests.scheduling.views.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def operation() -> Operation:
    return OperationFactory(patient=PatientFactory(family_name="Zebrowska"))


def test_a_notice_waits_encrypted_in_the_session_and_is_shown_once(operation: Operation) -> None:
    client = client_of(UserFactory(role="coordinator"))
    reason = CancellationReasonFactory()
    answer = client.post(f"/operations/{operation.pk}/cancel/", {"version": 1, "reason": reason.pk})

    assert answer.status_code == 302
    assert "messages" not in answer.cookies
    kept = Session.objects.get().get_decoded()
    assert "Zebrowska".lower() not in json.dumps(kept).lower()
    assert is_current(kept["_messages"])
    assert "ZEBROWSKA" in client.get("/").content.decode()
    assert "_messages" not in Session.objects.get().get_decoded()
    assert "ZEBROWSKA" not in client.get("/").content.decode()
