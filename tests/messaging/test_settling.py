"""What a person decides about messages that did not arrive for certain."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.utils import timezone

from accounts.models import User
from accounts.permissions import NotAllowedError
from messaging.models import Delivery, Status
from messaging.settling import settle_by_hand
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)
Make = Callable[..., Delivery]


@pytest.fixture
def clerk() -> User:
    return UserFactory(role="booking_clerk")


@pytest.fixture
def doubted(planned: Make) -> Delivery:
    row = planned()
    Delivery.objects.update(status=Status.UNCERTAIN, attempts=1, attempted_at=timezone.now())
    return row


def test_what_arrived_is_sent_and_off_the_list(doubted: Delivery, clerk: User) -> None:
    row = settle_by_hand(actor=clerk, delivery_id=doubted.pk, arrived=True)
    assert (row.status, row.settled_by, row.sent_at) == ("sent", clerk, row.attempted_at)
    assert not Delivery.objects.needing_hands().exists()
    with pytest.raises(ValidationError, match="seen to it already"):
        settle_by_hand(actor=clerk, delivery_id=doubted.pk, arrived=False)


def test_what_did_not_is_planned_again(doubted: Delivery, clerk: User) -> None:
    row = settle_by_hand(actor=clerk, delivery_id=doubted.pk, arrived=False)
    assert (row.status, row.attempts) == ("planned", 0)
    assert row.next_attempt_at <= timezone.now()


def test_of_what_failed_the_recipient_was_told_in_another_way(doubted: Delivery, clerk: User) -> None:
    Delivery.objects.update(status=Status.FAILED, last_error="bad_address")
    row = settle_by_hand(actor=clerk, delivery_id=doubted.pk, arrived=True)
    assert (row.status, row.settled_by) == ("failed", clerk)


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"withdrawn_at": timezone.now()}, "withdrawn"), ({"due_at": timezone.now() - timedelta(days=9)}, "too late")],
)
def test_what_makes_no_sense_any_more_is_not_sent_again(
    doubted: Delivery, clerk: User, changed: dict, words: str
) -> None:
    if "due_at" in changed:
        changed |= {"expires_at": timezone.now() - timedelta(days=7)}
    Delivery.objects.update(**changed)
    with pytest.raises(ValidationError, match=words):
        settle_by_hand(actor=clerk, delivery_id=doubted.pk, arrived=False)
    assert Delivery.objects.needing_hands().exists()


def test_others_decide_nothing(doubted: Delivery) -> None:
    with pytest.raises(NotAllowedError):
        settle_by_hand(actor=UserFactory(role="ward_nurse"), delivery_id=doubted.pk, arrived=True)


def test_what_is_not_there_or_on_its_way_is_not_decided(doubted: Delivery, clerk: User) -> None:
    with pytest.raises(ObjectDoesNotExist):
        settle_by_hand(actor=clerk, delivery_id=doubted.pk + 1, arrived=True)
    Delivery.objects.update(status=Status.SENDING)
    with pytest.raises(ValidationError):
        settle_by_hand(actor=clerk, delivery_id=doubted.pk, arrived=True)
