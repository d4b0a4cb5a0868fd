"""Signing in by e-mail address, and what keeps others out."""

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-password"
LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def _no_earlier_attempts() -> None:
    cache.clear()


@pytest.fixture
def jo() -> User:
    user = UserFactory(email="jo@example.org", role=Role.COORDINATOR)
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client: Client, email: str, password: str = PASSWORD, **more: str) -> int:
    return client.post(LOGIN, {"login": email, "password": password, **more}).status_code


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("typed", ["jo@example.org", "Jo@Example.ORG", " jo@example.org "])
def test_by_e_mail_however_it_is_typed(client: Client, jo: User, typed: str) -> None:
    assert sign_in(client, typed) == 302
    assert is_signed_in(client)


def test_behind_the_proxy_s_unix_socket(jo: User) -> None:
    client = Client(REMOTE_ADDR="", HTTP_X_FORWARDED_FOR="192.0.2.7")
    assert sign_in(client, "jo@example.org") == 302
    assert is_signed_in(client)


@pytest.mark.parametrize(("email", "password"), [("jo@example.org", "wrong"), ("nobody@example.org", PASSWORD)])
def test_wrong_password_and_unknown_address_look_the_same(client: Client, jo: User, email: str, password: str) -> None:
    answer = client.post(LOGIN, {"login": email, "password": password})

    assert answer.status_code == 200
    assert "not correct" in answer.content.decode()
    assert not is_signed_in(client)


def test_switched_off_account(client: Client, jo: User) -> None:
    jo.is_active = False
    jo.save()

    sign_in(client, "jo@example.org")

    assert not is_signed_in(client)


def test_switching_off_ends_the_session(client: Client, jo: User) -> None:
    sign_in(client, "jo@example.org")
    User.objects.filter(pk=jo.pk).update(is_active=False)

    assert client.get(reverse("scheduling:waiting-list")).status_code == 302


def test_guessing_one_account_is_stopped(client: Client, jo: User) -> None:
    for _ in range(10):
        sign_in(client, "jo@example.org", "wrong")

    answer = client.post(LOGIN, {"login": "jo@example.org", "password": PASSWORD})

    assert "Too many failed" in answer.content.decode()
    assert not is_signed_in(client)
    neighbour = UserFactory(role=Role.THEATRE_NURSE)
    neighbour.set_password(PASSWORD)
    neighbour.save(update_fields=["password"])
    assert sign_in(Client(), neighbour.email) == 302  # from the same address


def test_a_shift_change_from_one_address_passes() -> None:
    people = [UserFactory(role=Role.THEATRE_NURSE) for _ in range(200)]
    for person in people:
        person.set_password(PASSWORD)
    User.objects.bulk_update(people, ["password"])

    assert [sign_in(Client(), person.email) for person in people] == [302] * 200


def test_nobody_makes_an_account_alone(client: Client) -> None:
    client.post("/accounts/signup/", {"email": "eve@example.org", "password1": PASSWORD})

    assert not User.objects.filter(email="eve@example.org").exists()


@pytest.mark.parametrize("email", ["jo@example.org", "nobody@example.org"])
def test_password_reset_does_not_tell_who_has_an_account(client: Client, jo: User, email: str) -> None:
    answer = client.post("/accounts/password/reset/", {"email": email})

    assert (answer.status_code, answer.url) == (302, "/accounts/password/reset/done/")
    assert [message.to for message in mail.outbox] == [[email]]


def test_back_to_the_page_that_was_asked_for(client: Client, jo: User) -> None:
    asked = client.get(reverse("scheduling:waiting-list"))
    answer = client.post(asked.url, {"login": "jo@example.org", "password": PASSWORD})

    assert answer.url == reverse("scheduling:waiting-list")


def test_never_to_another_site(client: Client, jo: User) -> None:
    answer = client.post(f"{LOGIN}?next=https://evil.example/", {"login": "jo@example.org", "password": PASSWORD})

    assert answer.url == "/"


def test_two_accounts_never_share_an_address() -> None:
    UserFactory(email="jo@example.org")

    with pytest.raises(Exception, match="user_email_unique"):
        UserFactory(email="JO@example.org")


@pytest.mark.parametrize("page", ["email/", "confirm-email/", "login/code/", "login/code/confirm/", ""])
def test_nobody_gives_an_account_another_address(client: Client, jo: User, page: str) -> None:
    client.force_login(jo, backend="allauth.account.auth_backends.AuthenticationBackend")

    assert client.get(f"/accounts/{page}").status_code == 404
    assert client.post(f"/accounts/{page}", {"action_add": "", "email": "eve@example.org"}).status_code == 404


def test_the_first_administrator_may_open_the_site_too(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root@example.org", PASSWORD))

    assert client.get("/", follow=True).status_code == 200
