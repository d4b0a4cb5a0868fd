"""What is to be said is written down with what it is about, and once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from messaging.models import Delivery, Status
from messaging.outbox import About, OutboxError, Outside, Planned, plan, replan, withdraw
from messaging.wording.fields import FieldError
from patients.models import Patient
from tests.factories import UserFactory
from tests.messaging.conftest import FIELDS

pytestmark = pytest.mark.django_db
ABOUT = About(label="operation", number=1)
Make = Callable[..., Delivery]


def wanted(patient: Patient, key: str, **changed: object) -> Planned:
    values = {
        "kind": "booked",
        "to": Outside(label="patient", number=patient.pk),
        "addresses": {"email": "anna@example.org"},
        "about": ABOUT,
        "fields": FIELDS,
        "due_at": timezone.now() + timedelta(days=1),
        "dedupe_key": key,
    }
    return Planned(**values | changed)


def test_the_same_key_is_planned_once(planned: Make, patient: Patient) -> None:
    planned()
    assert plan(wanted(patient, "booked:1"), wanted(patient, "booked:2")) == 1
    assert Delivery.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_nothing_is_said_about_what_was_rolled_back(patient: Patient) -> None:
    with pytest.raises(OutboxError, match="in the transaction"):
        plan(wanted(patient, "booked:1"))
    with transaction.atomic():
        plan(wanted(patient, "booked:1"))
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()


def test_a_worker_is_asked_once_after_commit_and_only_for_what_is_due(
    patient: Patient, django_capture_on_commit_callbacks
) -> None:
    now = timezone.now()
    with django_capture_on_commit_callbacks() as asked:
        plan(wanted(patient, "a"))
    assert asked == []
    with django_capture_on_commit_callbacks() as asked:
        plan(wanted(patient, "b", due_at=now), wanted(patient, "c", due_at=now))
        plan(wanted(patient, "d", due_at=now))
    assert len(asked) == 1


def test_a_broker_that_is_away_fails_nothing(patient: Patient, settings, django_capture_on_commit_callbacks) -> None:
    from celery import current_app

    kept = current_app.conf.broker_url
    current_app.conf.broker_url = "redis+socket:///nowhere/redis.sock"
    try:
        with django_capture_on_commit_callbacks(execute=True):
            assert plan(wanted(patient, "a", due_at=timezone.now())) == 1
    finally:
        current_app.conf.broker_url = kept


def test_withdrawing_takes_back_what_has_not_begun_and_marks_what_has(planned: Make) -> None:
    waits, goes, doubted, sent = (planned(key) for key in "abcd")
    Delivery.objects.filter(pk=goes.pk).update(status=Status.SENDING)
    Delivery.objects.filter(pk=doubted.pk).update(status=Status.UNCERTAIN)
    Delivery.objects.filter(pk=sent.pk).update(status=Status.SENT)

    assert withdraw(ABOUT) == 1

    states = dict(Delivery.objects.values_list("pk", "status"))
    assert [states[row.pk] for row in (waits, goes, doubted, sent)] == ["withdrawn", "sending", "uncertain", "sent"]
    marked = set(Delivery.objects.exclude(withdrawn_at=None).values_list("pk", flat=True))
    assert marked == {waits.pk, goes.pk, doubted.pk}


def test_withdrawing_some_kinds_or_about_another_thing_leaves_the_rest(planned: Make) -> None:
    planned()
    assert withdraw(ABOUT, kinds=["moved"]) == 0
    assert withdraw(About(label="operation", number=2)) == 0
    assert withdraw(ABOUT, kinds=["booked"]) == 1


def test_replanning_withdraws_renews_and_adds(planned: Make, patient: Patient) -> None:
    planned("goes")
    stays = planned("stays")
    later = timezone.now() + timedelta(days=3)

    assert replan(ABOUT, [wanted(patient, "stays", due_at=later), wanted(patient, "new")]) == 1

    assert dict(Delivery.objects.values_list("dedupe_key", "status")) == {
        "goes": "withdrawn",
        "stays": "planned",
        "new": "planned",
    }
    stays.refresh_from_db()
    assert (stays.due_at, stays.next_attempt_at) == (later, later)
    replan(ABOUT, [wanted(patient, "goes")])
    assert Delivery.objects.get(dedupe_key="goes").status == "planned"


def test_what_was_sent_is_not_planned_again(planned: Make, patient: Patient) -> None:
    row = planned()
    Delivery.objects.filter(pk=row.pk).update(status=Status.SENT)
    assert replan(ABOUT, [wanted(patient, "booked:1")]) == 0
    assert Delivery.objects.get().status == "sent"


@pytest.mark.parametrize(
    "changed",
    [
        {"fields": {**FIELDS, "procedure": "Hernia"}},
        {"fields": {"date": "2099-03-16"}},
        {"fields": {**FIELDS, "place": "Anna Kowalska"}},
        {"fields": {**FIELDS, "date": "soon"}},
        {"fields": {**FIELDS, "time": "half past"}},
        {"fields": {**FIELDS, "link": "https://elsewhere.example/to/AbCdEfGhIjKlMnOpQrStUv"}},
        {"fields": {**FIELDS, "link": "http://127.0.0.1:8000/patients/17/"}},
        {"fields": {**FIELDS, "phone": "4711"}},
        {"kind": "weather"},
    ],
)
def test_what_a_patient_may_not_be_told_is_refused(patient: Patient, changed: dict) -> None:
    with pytest.raises(FieldError) as refused:
        plan(wanted(patient, "a", **changed))
    assert "Kowalska" not in str(refused.value)


def test_nobody_without_an_address_is_planned_for(patient: Patient) -> None:
    with pytest.raises(OutboxError, match="no address"):
        plan(wanted(patient, "a", addresses={"email": "not an address"}))


def test_a_kind_has_its_recipients(patient: Patient) -> None:
    with pytest.raises(OutboxError, match="not for this recipient"):
        plan(wanted(patient, "a", to=UserFactory()))


def test_staff_are_told_what_theirs_may_say() -> None:
    nurse: User = UserFactory()
    plan(
        Planned(
            kind="list_published",
            to=nurse,
            addresses={"email": nurse.email},
            fields={"date": "2099-03-16", "link": "http://127.0.0.1:8000/day/2099-03-16/"},
            due_at=timezone.now(),
            dedupe_key="list:1",
        )
    )
    row = Delivery.objects.get()
    assert (row.audience, row.user, row.recipient_id, row.address) == ("staff", nurse, None, nurse.email)


def test_words_and_addresses_lie_encrypted(planned: Make) -> None:
    from django.db import connection

    row = planned()
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(d)::text FROM messaging_delivery d")
        text = cursor.fetchone()[0]
    assert "anna" not in text
    assert "Main building" not in text
    assert row.address == "anna@example.org"
