"""What is due goes out once, whatever happens in between."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.db import connection
from django.utils import timezone

from messaging import circuit
from messaging.channels import channel_named
from messaging.channels.base import Outcome, Result
from messaging.claiming import claim, release
from messaging.dispatch import drain
from messaging.models import ChannelState, Delivery, MessageTemplate, OptOut
from messaging.models.channels import address_index
from messaging.recording import MOST_ATTEMPTS, Tried, backoff_seconds, record
from messaging.settling import doubt_lost, expire, settle
from messaging.tasks import deliver, dispatch
from patients.models import ContactConsent, Patient
from tests.messaging.mail_server import Letters

pytestmark = pytest.mark.django_db(transaction=True)
Make = Callable[..., Delivery]


def fresh(row: Delivery) -> Delivery:
    return Delivery.objects.get(pk=row.pk)


def send(seconds: float = 10.0) -> int:
    return drain("email", seconds=seconds).tried


def test_what_is_due_goes_once_and_what_is_not_waits(planned: Make, letters: Letters) -> None:
    due = planned("due")
    later = planned("later", due_at=timezone.now() + timedelta(hours=1))

    assert (send(), send()) == (1, 0)

    assert len(letters.taken) == 1
    row = fresh(due)
    assert (row.status, row.attempts, row.lease, row.last_error) == ("sent", 1, None, "")
    assert row.provider_id == letters.taken[0]["Message-ID"]
    assert row.sent_at is not None
    assert fresh(later).status == "planned"


def test_many_go_and_each_once(planned: Make, letters: Letters) -> None:
    for number in range(30):
        planned(f"key:{number}")
    assert send() == 30
    ids = [letter["Message-ID"] for letter in letters.taken]
    assert len(ids) == len(set(ids)) == 30
    assert len(letters.sessions) <= channel_named("email").width(), "connections are used again"


def test_urgent_ones_go_first(planned: Make) -> None:
    ordinary = [planned(f"ordinary:{number}") for number in range(3)]
    urgent = planned("urgent", urgent=True, due_at=timezone.now())
    taken = claim(channel_named("email"), 2, uuid4())
    assert [row.pk for row in taken.rows] == [urgent.pk, ordinary[0].pk]


def test_two_workers_take_different_rows(planned: Make) -> None:
    for number in range(4):
        planned(f"key:{number}")
    channel = channel_named("email")
    first, second = claim(channel, 2, uuid4()), claim(channel, 4, uuid4())
    assert (len(first.rows), len(second.rows)) == (2, 2)
    assert not {row.pk for row in first.rows} & {row.pk for row in second.rows}


def test_a_killed_worker_leaves_doubt_and_nothing_is_sent_again(planned: Make, letters: Letters) -> None:
    row = planned()
    claim(channel_named("email"), 1, uuid4())  # killed here
    assert (doubt_lost(), send()) == (0, 0)
    Delivery.objects.update(leased_until=timezone.now() - timedelta(seconds=1))

    assert doubt_lost() == 1

    assert (fresh(row).status, fresh(row).last_error) == ("uncertain", "worker_lost")
    Delivery.objects.update(attempted_at=timezone.now() - timedelta(hours=1))
    assert settle() == 0, "a mail server can't be asked"
    assert (send(), letters.taken) == (0, [])
    assert list(Delivery.objects.needing_hands()) == [row]


def test_a_worker_that_comes_back_late_writes_nothing(planned: Make, letters: Letters) -> None:
    row, lease = planned(), uuid4()
    (taken,) = claim(channel_named("email"), 1, lease).rows
    Delivery.objects.update(lease=uuid4())  # in other hands by now
    record(lease, [Tried(row=taken, outcome=Outcome(result=Result.LATER))])
    assert fresh(row).status == "sending"


def test_what_was_taken_and_not_sent_can_be_given_back(planned: Make) -> None:
    row, lease = planned(), uuid4()
    claim(channel_named("email"), 1, lease)
    release(lease)
    assert (fresh(row).status, fresh(row).attempts) == ("planned", 0)


def test_a_bad_address_stops_at_once(planned: Make, letters: Letters) -> None:
    row = planned(addresses={"email": "refused@example.org"})
    assert (send(), send()) == (1, 0)
    assert (fresh(row).status, fresh(row).last_error) == ("failed", "bad_address")


def test_a_busy_server_is_tried_again_later(planned: Make, letters: Letters) -> None:
    row = planned(addresses={"email": "later@example.org"})
    send()
    found = fresh(row)
    assert (found.status, found.last_error, found.attempts) == ("planned", "smtp_451", 1)
    assert found.next_attempt_at > timezone.now() + timedelta(seconds=5)
    Delivery.objects.update(next_attempt_at=timezone.now())
    send()
    assert (fresh(row).status, fresh(row).attempts, len(letters.taken)) == ("sent", 2, 1)


def test_a_letter_without_an_answer_is_in_doubt(planned: Make, letters: Letters) -> None:
    row = planned(addresses={"email": "silent@example.org"})
    send()
    assert (fresh(row).status, fresh(row).last_error, len(letters.taken)) == ("uncertain", "no_answer", 1)


def test_a_connection_that_ends_before_the_letter_leaves_no_doubt(planned: Make, letters: Letters) -> None:
    row = planned(addresses={"email": "cut@example.org"})
    send()
    assert (fresh(row).status, fresh(row).last_error, letters.taken) == ("planned", "connection_lost", [])


def test_nobody_tries_for_ever(planned: Make, letters: Letters) -> None:
    row = planned(addresses={"email": "cut@example.org"})
    Delivery.objects.update(attempts=MOST_ATTEMPTS - 1)
    send()
    assert (fresh(row).status, fresh(row).last_error) == ("failed", "gave_up")


def test_pauses_grow_and_differ(settings: LazySettings) -> None:
    settings.MESSAGE_BACKOFF_SECONDS = 10
    assert 5 <= backoff_seconds(1) <= 10
    assert 20 <= backoff_seconds(3) <= 40
    assert backoff_seconds(40) <= 900
    assert len({backoff_seconds(3) for _ in range(5)}) > 1
    assert backoff_seconds(1, asked=60) == 60


def test_what_is_too_late_is_not_sent(planned: Make, letters: Letters) -> None:
    row = planned(due_at=timezone.now() - timedelta(hours=2), expires_at=timezone.now() - timedelta(hours=1))
    send()
    assert (fresh(row).status, letters.taken) == ("expired", [])
    waits = planned("waits", due_at=timezone.now() - timedelta(hours=2), expires_at=timezone.now() - timedelta(hours=1))
    assert (expire(), fresh(waits).status) == (1, "expired")


def test_without_consent_nothing_is_sent(planned: Make, letters: Letters, patient: Patient) -> None:
    row = planned()
    ContactConsent.objects.filter(patient=patient, channel="email").update(given=False)
    send()
    assert (fresh(row).status, fresh(row).last_error, letters.taken) == ("failed", "no_consent", [])


def test_the_dead_are_not_written_to(planned: Make, letters: Letters, patient: Patient) -> None:
    row = planned()
    Patient.objects.filter(pk=patient.pk).update(died=True)
    send()
    assert (fresh(row).last_error, letters.taken) == ("no_consent", [])


def test_without_consent_to_one_channel_the_next_is_taken(planned: Make, letters: Letters, patient: Patient) -> None:
    row = planned(addresses={"email": "anna@example.org", "inapp": "1"})
    ContactConsent.objects.filter(patient=patient, channel="email").delete()
    send()
    assert (fresh(row).status, fresh(row).channel) == ("planned", "inapp")


def test_who_opted_out_is_not_written_to(planned: Make, letters: Letters) -> None:
    row = planned()
    OptOut.objects.create(channel="email", address_index=address_index("email", "ANNA@example.org"))
    send()
    assert (fresh(row).last_error, letters.taken) == ("opted_out", [])


def test_quiet_hours_wait_for_the_morning_but_not_what_is_urgent(
    planned: Make, letters: Letters, settings: LazySettings
) -> None:
    row, urgent = planned(), planned("urgent", urgent=True)
    local = timezone.localtime()
    start, end = local - timedelta(hours=1), local + timedelta(hours=1)
    settings.MESSAGE_QUIET_HOURS = f"{start:%H:%M}-{end:%H:%M}"
    send()
    assert (fresh(row).status, fresh(urgent).status, len(letters.taken)) == ("planned", "sent", 1)
    waits = fresh(row).next_attempt_at - timezone.now()
    assert timedelta(minutes=55) < waits <= timedelta(minutes=60)
    assert fresh(row).attempts == 0


def test_a_dead_server_is_left_alone_and_tried_again(planned: Make, letters: Letters, settings: LazySettings) -> None:
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    for number in range(8):
        planned(f"key:{number}")
    while not circuit.is_dead(circuit.state_of("email"), timezone.now()):
        send()
        Delivery.objects.update(next_attempt_at=timezone.now())
    assert send() == 0
    assert set(Delivery.objects.values_list("status", "last_error")) == {
        ("planned", "no_connection"),
        *Delivery.objects.filter(last_error="").values_list("status", "last_error"),
    }
    settings.EMAIL_PORT = port
    ChannelState.objects.update(dead_until=timezone.now() - timedelta(seconds=1))
    assert send() == 8
    assert len(letters.taken) == 8
    state = circuit.state_of("email")
    assert (state.failures, state.dead_until) == (0, None)


def test_a_dead_channel_hands_over_to_the_next_that_is_allowed(planned: Make, letters: Letters) -> None:
    moves = planned("moves", addresses={"email": "anna@example.org", "inapp": "1"})
    waits = planned("waits")
    circuit.state_of("email")
    ChannelState.objects.update(failures=9, dead_until=timezone.now() + timedelta(minutes=1))
    assert send() == 0
    assert (fresh(moves).channel, fresh(moves).status) == ("inapp", "planned")
    assert (fresh(waits).channel, fresh(waits).status) == ("email", "planned")


def test_the_rate_is_one_for_all_workers(planned: Make, letters: Letters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_PER_SECOND", "10")
    for number in range(40):
        planned(f"key:{number}")
    began = timezone.now()
    assert send() == 40
    assert timezone.now() - began >= timedelta(seconds=2.9), "ten at once, then ten a second"


def test_what_was_paid_and_not_used_comes_back() -> None:
    now = timezone.now()
    circuit.state_of("email")
    assert circuit.pay("email", 100, 10, now) == 10
    assert circuit.pay("email", 1, 10, now) == 0
    circuit.pay_back("email", 4, 10)
    assert circuit.pay("email", 100, 10, now) == 4


def test_words_that_nobody_wrote_fail_with_the_reason(planned: Make, letters: Letters) -> None:
    row = planned()
    MessageTemplate.objects.create(kind="booked", language="en", version=1, subject="{nonsense", body="{date}")
    Delivery.objects.update(kind="unknown")
    send()
    assert (fresh(row).status, fresh(row).last_error) == ("failed", "no_template")


def test_what_is_withdrawn_while_it_fails_is_not_tried_again(planned: Make, letters: Letters) -> None:
    row = planned(addresses={"email": "cut@example.org"})
    Delivery.objects.update(withdrawn_at=timezone.now())
    send()
    assert fresh(row).status == "withdrawn"


def test_with_an_empty_broker_beat_finds_everything(
    planned: Make, letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned()
    asked: list[Any] = []
    monkeypatch.setattr("messaging.tasks.ask_now", lambda *call: asked.append(call))
    dispatch()
    assert asked == [("messaging.tasks.deliver", "email")]
    assert deliver("email") == 1
    dispatch()
    assert len(asked) == 1


def test_an_answer_outlives_a_database_that_starts_again(planned: Make) -> None:
    row, lease = planned(), uuid4()
    (taken,) = claim(channel_named("email"), 1, lease).rows
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [connection.connection.get_backend_pid()])
    other.close()

    record(lease, [Tried(row=taken, outcome=Outcome(result=Result.SENT))], until=time.monotonic() + 10)

    assert fresh(row).status == "sent"
