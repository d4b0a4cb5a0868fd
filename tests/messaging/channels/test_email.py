"""Letters as they arrive."""

from collections.abc import Callable

import pytest
from django.conf import LazySettings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from hospital.addresses import AddressError, mail
from messaging.dispatch import drain
from messaging.models import Delivery, KeptMessage
from messaging.outbox import Planned, plan
from tests.factories import TheatreFactory, UserFactory
from tests.messaging.mail_server import Letters

pytestmark = pytest.mark.django_db(transaction=True)
Make = Callable[..., Delivery]


def test_a_letter_is_plain_text_and_html(planned: Make, letters: Letters) -> None:
    planned()
    drain("email", seconds=5)
    (letter,) = letters.taken
    assert letter["To"] == "anna@example.org"
    assert letter["Subject"] == "Your date at The hospital"
    assert letter["Auto-Submitted"] == "auto-generated"
    plain, html = (part for part in letter.walk() if not part.is_multipart())
    assert plain.get_content_type() == "text/plain"
    assert plain.get_content().replace("\r\n", "\n").strip() == (
        "The hospital: your date is Monday 16 March 2099, 07:30, Main building.\nQuestions: +44 20 7946 0000"
    )
    assert 'lang="en" dir="ltr"' in html.get_content()
    assert "http" not in html.get_content(), "it loads nothing"


def test_arabic_runs_from_right_to_left(planned: Make, letters: Letters) -> None:
    planned(language="ar-EG")
    drain("email", seconds=5)
    html = letters.taken[0].get_body(("html",)).get_content()
    assert 'lang="ar" dir="rtl"' in html
    assert "الإثنين" in html or "الاثنين" in html
    assert "\u206607:30\u2069" in html


def test_staff_get_an_invitation_without_patients(letters: Letters) -> None:
    nurse: User = UserFactory()
    TheatreFactory(name="Theatre 3, north")
    fields = {"date": "2099-03-16", "time": "07:30", "theatre": "Theatre 3, north"}
    with transaction.atomic():
        plan(
            Planned(
                kind="team_added",
                to=nurse,
                addresses={"email": nurse.email},
                fields=fields,
                due_at=timezone.now(),
                dedupe_key="team:1",
            )
        )
    drain("email", seconds=5)
    (calendar,) = [part for part in letters.taken[0].walk() if part.get_content_type() == "text/calendar"]
    assert calendar.get_filename() == "invitation.ics"
    lines = calendar.get_content().replace("\r\n ", "").splitlines()
    assert "DTSTART:20990316T073000Z" in lines
    assert "LOCATION:Theatre 3\\, north" in lines


def test_lines_that_begin_with_a_dot_arrive_whole(letters: Letters, settings: LazySettings) -> None:
    from messaging.channels.base import Message
    from messaging.channels.email.smtp import Smtp

    message = Message(delivery=1, address="a@example.org", subject="Dots", text=".\n..\n. end", reference="ABC")
    smtp = Smtp()
    assert smtp.send(message).provider_id == "<1.abc@127.0.0.1>"
    smtp._drop_idle()
    assert letters.taken[0].get_body(("plain",)).get_content().replace("\r\n", "\n") == ".\n..\n. end\n"


def test_a_connection_that_went_stale_is_no_failure(planned: Make, letters: Letters) -> None:
    from messaging.channels.email import _smtp

    planned("first")
    drain("email", seconds=5)
    for connection in list(_smtp().idle.queue):
        connection.sock.shutdown(2)
    planned("second")
    drain("email", seconds=5)
    assert [row.status for row in Delivery.objects.all()] == ["sent", "sent"]
    assert Delivery.objects.get(dedupe_key="second").attempts == 1


def test_the_built_in_mailbox_keeps_each_letter_once(planned: Make) -> None:
    row = planned()
    drain("email", seconds=5)
    Delivery.objects.update(status="planned")
    drain("email", seconds=5)
    kept = KeptMessage.objects.get()
    assert (kept.address, kept.subject) == ("anna@example.org", "Your date at The hospital")
    assert kept.message_id == Delivery.objects.get(pk=row.pk).provider_id


@pytest.mark.parametrize(
    ("url", "port", "is_tls", "is_ssl"),
    [
        ("smtp://u:p%40w@mail.example", 587, True, False),
        ("smtp://mail.example:25?tls=0", 25, False, False),
        ("smtps://mail.example", 465, False, True),
    ],
)
def test_email_url(url: str, port: int, *, is_tls: bool, is_ssl: bool) -> None:
    found = mail(url)
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == ("mail.example", port)
    assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (is_tls, is_ssl)
    assert mail("") == {}


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtp://mail.example?x=1"])
def test_an_address_of_no_mail_server_is_refused(url: str) -> None:
    with pytest.raises(AddressError, match="EMAIL_URL"):
        mail(url)
