"""Messages over HTTP to the stand-in for Twilio, and what it calls back."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging import circuit, replies
from messaging.channels.sms import _twilio
from messaging.channels.sms.numbers import clean
from messaging.channels.sms.segments import segments
from messaging.channels.sms.stand_in import StandIn, Troubles
from messaging.dispatch import drain
from messaging.models import Delivery, InboundMessage, OptOut, ProviderReport
from messaging.models.channels import address_index
from messaging.settling import doubt_lost, settle
from messaging.wording.rendering import reference_of

pytestmark = pytest.mark.django_db(transaction=True)
Make = Callable[..., Delivery]
NUMBER = "+442079460123"


@pytest.fixture
def stand_in(settings: LazySettings) -> Iterator[StandIn]:
    stand_in = StandIn(reports=False, troubles=Troubles(hang_seconds=2))
    settings.TWILIO_URL = stand_in.start()
    settings.TWILIO_ACCOUNT_SID = "AC" + "1" * 32
    settings.TWILIO_AUTH_TOKEN = stand_in.token
    settings.TWILIO_MESSAGING_SERVICE_SID = "MG" + "1" * 32
    settings.SMS_TIMEOUT = "0.5"
    settings.MESSAGE_SETTLE_SECONDS = 0.0
    _twilio.cache_clear()
    yield stand_in
    stand_in.stop()
    _twilio.cache_clear()


@pytest.fixture
def text(planned: Make) -> Make:
    def make(key: str = "reminder:1", number: str = NUMBER, **changed: Any) -> Delivery:
        return planned(key, **{"kind": "reminder_7_days", "addresses": {"sms": number}} | changed)

    return make


def fresh(row: Delivery) -> Delivery:
    return Delivery.objects.get(pk=row.pk)


def send() -> int:
    return drain("sms", seconds=5).tried


def told(stand_in: StandIn, row: Delivery, status: str, sid: str = "SM1", **more: str) -> int:
    """Report as Twilio does; returns the status of the answer."""
    address = f"{reverse('messaging:sms-status')}?delivery={row.pk}"
    form = {"MessageSid": sid, "MessageStatus": status, **more}
    sign = stand_in.sign(f"http://127.0.0.1:8000{address}", form)
    return Client(enforce_csrf_checks=True).post(address, form, headers={"X-Twilio-Signature": sign}).status_code


def answered(stand_in: StandIn, text: str, sid: str = "SM9", number: str = NUMBER) -> int:
    address = reverse("messaging:sms-reply")
    form = {"MessageSid": sid, "From": number, "To": "+15005550006", "Body": text}
    sign = stand_in.sign(f"http://127.0.0.1:8000{address}", form)
    return Client(enforce_csrf_checks=True).post(address, form, headers={"X-Twilio-Signature": sign}).status_code


def test_a_message_goes_by_the_service_with_its_reference(text: Make, stand_in: StandIn) -> None:
    row = text()
    assert (send(), send()) == (1, 0)
    (taken,) = stand_in.taken
    assert taken["body"] == (
        "The hospital: we expect you on Monday 16 March 2099, 07:30, Main building.\n"
        "If you cannot come: +44 20 7946 0000\n"
        "Reply 1 = I will come, 2 = I cannot. STOP ends these messages.\n"
        f"Ref {reference_of(row.pk)}"
    )
    assert taken["messaging_service_sid"] == "MG" + "1" * 32
    row = fresh(row)
    assert (row.status, row.provider_id, row.segments) == ("sent", taken["sid"], 2)


@pytest.mark.parametrize(
    ("number", "error"), [("+15005550001", "bad_number"), ("+15005550009", "bad_number"), ("+15005550004", "opted_out")]
)
def test_a_number_that_is_refused_stops_at_once(text: Make, stand_in: StandIn, number: str, error: str) -> None:
    row = text(number=number)
    assert (send(), send()) == (1, 0)
    assert (fresh(row).status, fresh(row).last_error) == ("failed", error)
    assert OptOut.objects.exists() == (error == "opted_out")


@pytest.mark.parametrize(
    ("trouble", "status", "error"),
    [
        ("too_fast", "planned", "too_fast"),
        ("unavailable", "planned", "unavailable"),
        ("error", "uncertain", "http_500"),
        ("silent", "uncertain", "no_answer"),
        ("taken_error", "uncertain", "http_500"),
        ("taken_silent", "uncertain", "no_answer"),
        ("cut", "uncertain", "connection_lost"),
    ],
)
def test_what_each_trouble_leaves_and_that_it_arrives_once(
    text: Make, stand_in: StandIn, trouble: str, status: str, error: str
) -> None:
    row = text()
    setattr(stand_in.troubles, trouble, 1.0)
    send()
    assert (fresh(row).status, fresh(row).last_error) == (status, error)

    setattr(stand_in.troubles, trouble, 0.0)
    settle()
    Delivery.objects.filter(status="planned").update(next_attempt_at=timezone.now())
    send()

    assert fresh(row).status == "sent"
    assert [one["sid"] for one in stand_in.taken] == [fresh(row).provider_id]


def test_what_a_killed_worker_left_is_asked_for(text: Make, stand_in: StandIn) -> None:
    gone, never = text("gone"), text("never")
    stand_in.take({"To": NUMBER, "Body": f"Come.\nRef {reference_of(gone.pk)}"})
    past = timezone.now() - timedelta(minutes=1)
    Delivery.objects.update(status="sending", attempts=1, attempted_at=past, leased_until=past)
    assert doubt_lost() == 2
    settle()
    assert (fresh(gone).status, fresh(gone).provider_id) == ("sent", stand_in.taken[0]["sid"])
    assert (fresh(never).status, fresh(never).last_error) == ("planned", "not_found")


def test_nobody_is_asked_before_the_provider_can_know(text: Make, stand_in: StandIn, settings: LazySettings) -> None:
    row = text()
    settings.MESSAGE_SETTLE_SECONDS = 60.0
    Delivery.objects.update(status="uncertain", attempted_at=timezone.now())
    assert settle() == 0
    assert fresh(row).status == "uncertain"


def test_an_account_that_keeps_no_texts_can_not_answer(text: Make, stand_in: StandIn) -> None:
    row = text()
    stand_in.take({"To": NUMBER, "Body": ""})
    Delivery.objects.update(status="uncertain", attempted_at=timezone.now())
    settle()
    assert fresh(row).status == "uncertain", "a person decides"


def test_without_an_answer_the_doubt_stays(text: Make, stand_in: StandIn) -> None:
    row = text()
    Delivery.objects.update(status="uncertain", attempted_at=timezone.now())
    stand_in.stop()
    settle()
    assert fresh(row).status == "uncertain"


def test_what_was_withdrawn_in_doubt_is_not_sent_after_all(text: Make, stand_in: StandIn) -> None:
    row = text()
    Delivery.objects.update(status="uncertain", attempted_at=timezone.now(), withdrawn_at=timezone.now())
    settle()
    assert fresh(row).status == "withdrawn"


def test_nobody_listens_and_nothing_is_in_doubt(text: Make, stand_in: StandIn) -> None:
    row = text()
    stand_in.stop()
    send()
    assert (fresh(row).status, fresh(row).last_error) == ("planned", "no_connection")


def test_without_an_account_the_next_channel_is_taken(text: Make, stand_in: StandIn, settings: LazySettings) -> None:
    settings.TWILIO_ACCOUNT_SID, settings.MAILBOX = "", False
    row = text(addresses={"sms": NUMBER, "email": "anna@example.org"})
    for _ in range(circuit.FAILURES):
        send()
        Delivery.objects.update(next_attempt_at=timezone.now())
    send()
    assert (fresh(row).status, fresh(row).channel) == ("planned", "email")


def test_a_text_that_is_too_long_is_not_sent(text: Make, stand_in: StandIn, settings: LazySettings) -> None:
    settings.HOSPITAL_NAME = "H" * 1600
    row = text()
    send()
    assert (fresh(row).status, fresh(row).last_error, stand_in.taken) == ("failed", "too_long", [])


def test_reports_move_a_message_on_and_never_back(text: Make, stand_in: StandIn) -> None:
    row = text()
    send()
    sid = stand_in.taken[0]["sid"]
    for status in ("delivered", "sent", "delivered", "queued"):
        assert told(stand_in, row, status, sid) == 204
    row = fresh(row)
    assert (row.status, row.provider_status) == ("delivered", "delivered")
    assert row.delivered_at is not None
    assert ProviderReport.objects.count() == 3


def test_a_report_settles_a_doubt(text: Make, stand_in: StandIn) -> None:
    row = text()
    Delivery.objects.update(status="uncertain")
    told(stand_in, row, "sent")
    assert (fresh(row).status, fresh(row).provider_id) == ("sent", "SM1")


def test_a_report_of_failure_is_on_the_list(text: Make, stand_in: StandIn) -> None:
    row = text()
    send()
    told(stand_in, row, "undelivered", stand_in.taken[0]["sid"], ErrorCode="30003")
    assert (fresh(row).status, fresh(row).last_error) == ("failed", "sms_30003")
    assert list(Delivery.objects.needing_hands()) == [row]


def test_two_messages_for_one_are_said_aloud(text: Make, stand_in: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    row = text()
    send()
    told(stand_in, row, "sent", "SM-another")
    assert "went out twice" in caplog.text
    assert fresh(row).last_error == "sent_twice"


@pytest.mark.parametrize("address", ["messaging:sms-status", "messaging:sms-reply"])
def test_without_the_signature_nothing_is_let_in(stand_in: StandIn, address: str, settings: LazySettings) -> None:
    url, form = reverse(address), {"MessageSid": "SM1", "From": NUMBER, "Body": "STOP", "MessageStatus": "sent"}
    right = stand_in.sign(f"http://127.0.0.1:8000{url}", form)
    client = Client(enforce_csrf_checks=True)
    for sign in ("", "bm9uc2Vuc2U=", stand_in.sign(f"https://127.0.0.1:8000{url}", form)):
        assert client.post(url, form, headers={"X-Twilio-Signature": sign}).status_code == 403
    changed = {**form, "Body": "START"}
    assert client.post(url, changed, headers={"X-Twilio-Signature": right}).status_code == 403
    settings.TWILIO_AUTH_TOKEN = ""
    settings.MAILBOX = False
    assert client.post(url, form, headers={"X-Twilio-Signature": right}).status_code == 403
    assert client.get(url).status_code == 405
    assert not InboundMessage.objects.exists()


def test_answers_are_stored_once_with_what_they_answer(text: Make, stand_in: StandIn) -> None:
    row = text()
    send()
    heard: list[InboundMessage] = []
    replies.on_reply(heard.append)
    try:
        assert answered(stand_in, " 2. ") == 200
        assert answered(stand_in, " 2. ") == 200
    finally:
        replies._hooks.remove(heard.append)
    kept = InboundMessage.objects.get()
    assert (kept.meaning, kept.delivery, kept.recipient_id) == ("no", row, row.recipient_id)
    assert heard == [kept]
    assert fresh(row).status == "sent", "a reply frees nothing"


def test_stop_and_start_are_obeyed(text: Make, stand_in: StandIn) -> None:
    answered(stand_in, "Stop", sid="SM1")
    index = address_index("sms", NUMBER)
    assert list(OptOut.objects.values_list("channel", "address_index")) == [("sms", index)]
    row = text()
    send()
    assert (fresh(row).last_error, stand_in.taken) == ("opted_out", [])
    answered(stand_in, "START", sid="SM2")
    assert not OptOut.objects.exists()


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("1", "yes"),
        ("٢", "no"),
        ("3", "other"),
        ("HELP", "help"),
        ("1 or 2?", "other"),
        ("", "other"),
        ("²", "no"),
        ("x", "other"),
    ],
)
def test_what_answers_mean(said: str, meaning: str) -> None:
    assert replies.meaning_of(said) == meaning


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("020 7946 0123", NUMBER),
        ("+44 (0)20 7946 0123", NUMBER),
        ("0044 20 79460123", NUMBER),
        ("ward 3", ""),
        ("12", ""),
    ],
)
def test_numbers_are_kept_in_one_form(typed: str, kept: str) -> None:
    assert clean(typed) == kept


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("م" * 70, 1),
        ("م" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_segments(body: str, count: int) -> None:
    assert segments(body) == count
