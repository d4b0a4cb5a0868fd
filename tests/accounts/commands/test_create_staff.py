"""``create_staff``: one account, and the letter that opens it."""

import re
from io import StringIO

import pytest
from auditlog.models import LogEntry
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
NAMES = ("--given", "Ines", "--family", "Carvalho")
PHRASE = "seven clouds over the harbour"


def create(*arguments: str) -> str:
    out = StringIO()
    call_command("create_staff", *arguments, stdout=out)
    return out.getvalue()


def roles_of(email: str) -> set[str]:
    return set(User.objects.get(email=email).role_assignments.values_list("role", flat=True))


def test_an_account_without_a_password(mailoutbox: list[mail.EmailMessage]) -> None:
    said = create("Ines@Example.org", *NAMES, "--role", "theatre_nurse", "--role", "surgeon")
    ines = User.objects.get(email="ines@example.org")

    assert said == "Made an account for ines@example.org: Surgeon, Theatre nurse.\n"
    assert (str(ines), ines.is_staff, ines.is_superuser) == ("Ines Carvalho", False, False)
    assert not ines.has_usable_password()
    assert roles_of("ines@example.org") == {"surgeon", "theatre_nurse"}
    assert mailoutbox == []
    assert LogEntry.objects.get_for_object(ines).count() == 1
    assert LogEntry.objects.get_for_objects(ines.role_assignments.all()).count() == 2


def test_a_system_administrator_opens_the_admin() -> None:
    create("ines@example.org", *NAMES, "--admin")
    assert User.objects.get().is_staff is True
    assert roles_of("ines@example.org") == {"administrator"}


def test_the_invited_set_a_password_once(mailoutbox: list[mail.EmailMessage], settings: object) -> None:
    settings.SITE_URL = "https://theatres.example.org"
    create("ines@example.org", *NAMES, "--role", "surgeon", "--invite")
    (letter,) = mailoutbox
    link = re.search(r"https://theatres\.example\.org(/accounts/password/reset/key/\S+)", letter.body)[1]

    client = Client()
    form = client.get(link, follow=True)
    answer = client.post(form.redirect_chain[-1][0], {"password1": PHRASE, "password2": PHRASE})

    assert letter.to == ["ines@example.org"]
    assert letter.subject == "Your account for Theatres"
    assert answer.status_code == 302
    assert User.objects.get().check_password(PHRASE)
    again = Client().get(link, follow=True)
    assert again.redirect_chain == []
    assert 'type="password"' not in again.content.decode()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("taken@example.org", *NAMES, "--role", "surgeon"), "User with this E-mail address already exists."),
        (("no address", *NAMES, "--role", "surgeon"), "Enter a valid email address."),
        (("ines@example.org", *NAMES), "Give at least one --role"),
        (("ines@example.org", *NAMES, "--role", "wizard"), "invalid choice: 'wizard'"),
        (("ines@example.org", "--role", "surgeon"), "required: --given, --family"),
    ],
)
def test_what_is_refused(arguments: tuple[str, ...], message: str) -> None:
    UserFactory(email="taken@example.org")
    with pytest.raises(CommandError) as refused:
        create(*arguments)
    assert message in str(refused.value)
    assert User.objects.count() == 1


def test_a_letter_that_does_not_go_out(settings: object) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 1, 1
    with pytest.raises(CommandError, match="The account is there, but not invited: The mail server did not take"):
        create("ines@example.org", *NAMES, "--role", "surgeon", "--invite")
    assert User.objects.count() == 1
