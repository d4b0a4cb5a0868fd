"""Notices on the site itself."""

from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from messaging.channels.base import Message, Result
from messaging.channels.inapp.bell import Bell
from messaging.dispatch import drain
from messaging.models import Delivery, Notice
from messaging.outbox import Planned, plan
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)
LINK = "http://127.0.0.1:8000/day/2099-03-16/"


def told(nurse: User, **changed: Any) -> Delivery:
    values: dict[str, Any] = {
        "kind": "list_changed",
        "to": nurse,
        "addresses": {"inapp": str(nurse.pk)},
        "fields": {"date": "2099-03-16", "link": LINK},
        "due_at": timezone.now(),
        "dedupe_key": "list:1",
    }
    with transaction.atomic():
        plan(Planned(**values | changed))
    return Delivery.objects.get()


def test_a_notice_is_there_once_and_can_be_asked_for() -> None:
    nurse = UserFactory()
    row = told(nurse)
    message = Message(delivery=row.pk, address="", subject="", text="", reference="")
    assert Bell().look_up(message).result == Result.LATER
    drain("inapp", seconds=5)
    Delivery.objects.update(status="planned")
    drain("inapp", seconds=5)
    notice = Notice.objects.get()
    assert (notice.user, notice.subject, notice.link) == (nurse, "List of Monday 16 March 2099 changed", LINK)
    assert notice.read_at is None
    assert Bell().look_up(message).provider_id == Delivery.objects.get().provider_id == f"notice-{notice.pk}"


def test_who_has_left_is_told_nothing() -> None:
    nurse = UserFactory()
    told(nurse)
    User.objects.update(is_active=False)
    drain("inapp", seconds=5)
    assert (Delivery.objects.get().status, Delivery.objects.get().last_error) == ("failed", "account_closed")
    assert not Notice.objects.exists()
