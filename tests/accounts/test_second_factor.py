"""A second factor: who has to give one, how it is set up, and that nothing opens without it."""

import re
from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import RoleAssignment, User
from accounts.roles import Role
from accounts.second_factor import forget_factors, is_outside
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)  # a factor counts once it is committed
PASSWORD = "a-long-enough-password"
LOGIN = "/accounts/login/"
SET_UP = "/accounts/second-factor/"
TOTP = "/accounts/second-factor/totp/activate/"
GIVE = "/accounts/second-factor/authenticate/"


@pytest.fixture(autouse=True)
def _rules(settings: Any) -> Iterator[None]:
    cache.clear()
    settings.SECOND_FACTOR_ROLES = ["administrator", "privacy_officer"]
    yield
    cache.clear()


def person(role: str, **fields: Any) -> User:
    user: User = UserFactory(role=role, **fields)
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def officer() -> User:
    return person(Role.PRIVACY_OFFICER, email="po@example.org")


def sign_in(client: Client, user: User) -> Any:
    return client.post(LOGIN, {"login": user.email, "password": PASSWORD})


def set_up(client: Client) -> str:
    """Set up an authenticator app; return its secret."""
    page = client.get(TOTP).content.decode()
    (secret,) = re.findall(r"class=\"secret\">([A-Z2-7]{32})<", page)
    answer = client.post(TOTP, {"code": pyotp.TOTP(secret).now()})
    assert answer.status_code == 302, answer.content.decode()
    return str(secret)


@pytest.fixture
def secret(officer: User) -> str:
    """Give the secret of the officer's authenticator app, set up in an earlier session."""
    earlier = Client()
    sign_in(earlier, officer)
    secret = set_up(earlier)
    cache.clear()  # a code counts once; here some seconds stand for days
    return secret


def test_who_has_to_set_one_up_reaches_nothing_else(client: Client, officer: User) -> None:
    sign_in(client, officer)

    answer = client.get("/waiting-list/")

    assert (answer.status_code, answer.url) == (302, f"{SET_UP}?next=%2Fwaiting-list%2F")
    assert client.get("/schedule/").url.startswith(SET_UP)
    assert client.get("/accounts/sessions/").url.startswith(SET_UP)
    assert client.get("/accounts/password/change/").url.startswith(SET_UP)
    assert client.get("/nowhere/").url.startswith(SET_UP)
    assert client.post("/waiting-list/").url.startswith(SET_UP)
    assert "authenticator app" in client.get(SET_UP).content.decode()


@pytest.mark.parametrize("path", ["/admin/", "/admin/accounts/user/", "/admin/login/", "/admin/jsi18n/"])
def test_the_admin_is_behind_it_too(client: Client, path: str) -> None:
    sign_in(client, person(Role.ADMINISTRATOR, is_staff=True))

    assert client.get(path).url.startswith(SET_UP)


def test_a_superuser_without_roles_needs_one(client: Client) -> None:
    root = User.objects.create_superuser("root@example.org", PASSWORD)
    RoleAssignment.objects.filter(user=root).delete()
    sign_in(client, root)

    assert client.get("/admin/").url.startswith(SET_UP)


def test_what_a_page_fetches_by_itself_is_refused_without_a_detour(client: Client, officer: User) -> None:
    sign_in(client, officer)

    assert client.get("/waiting-list/", headers={"X-Background": "1"}).status_code == 403


def test_set_up_with_an_app_and_go_on(client: Client, officer: User) -> None:
    sign_in(client, officer)
    client.get("/schedule/2026-11-23/")

    set_up(client)

    assert client.get("/schedule/2026-11-23/").status_code == 200
    assert Authenticator.objects.filter(user=officer).count() == 2  # the app and the recovery codes
    assert [message.to for message in mail.outbox[-1:]] == [[officer.email]]


def test_a_wrong_code_sets_nothing_up(client: Client, officer: User) -> None:
    sign_in(client, officer)
    client.get(TOTP)

    answer = client.post(TOTP, {"code": "000000"})

    assert answer.status_code == 200
    assert not Authenticator.objects.filter(user=officer).exists()
    assert client.get("/waiting-list/").status_code == 302


def test_the_next_sign_in_asks_for_the_code(client: Client, officer: User, secret: str) -> None:
    answer = sign_in(client, officer)

    assert answer.url.startswith(GIVE)
    assert "_auth_user_id" not in client.session
    assert client.post(GIVE, {"code": "000000"}).status_code == 200
    assert "_auth_user_id" not in client.session
    assert client.post(GIVE, {"code": pyotp.TOTP(secret).now()}).status_code == 302
    assert client.get("/schedule/2026-11-23/").status_code == 200


def test_a_code_counts_once(client: Client, officer: User, secret: str) -> None:
    code = pyotp.TOTP(secret).now()
    sign_in(client, officer)
    assert client.post(GIVE, {"code": code}).status_code == 302
    again = Client()
    sign_in(again, officer)

    assert again.post(GIVE, {"code": code}).status_code == 200


def test_guessing_codes_is_stopped(client: Client, officer: User, secret: str) -> None:
    sign_in(client, officer)
    for _ in range(10):
        client.post(GIVE, {"code": "000000"})

    answer = client.post(GIVE, {"code": pyotp.TOTP(secret).now()})

    assert "_auth_user_id" not in client.session
    assert "Too many" in answer.content.decode()


def test_recovery_codes_open_once(client: Client, officer: User, secret: str) -> None:
    codes = Authenticator.objects.get(user=officer, type="recovery_codes").wrap().get_unused_codes()
    assert len(codes) == 10
    sign_in(client, officer)
    assert client.post(GIVE, {"code": codes[0]}).status_code == 302
    again = Client()
    sign_in(again, officer)
    assert again.post(GIVE, {"code": codes[0]}).status_code == 200
    assert again.post(GIVE, {"code": codes[1]}).status_code == 302


def test_the_database_holds_no_seed_in_clear(officer: User, secret: str) -> None:
    recovery = Authenticator.objects.get(user=officer, type="recovery_codes")
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(data::text, ' ') FROM mfa_authenticator")
        stored = cursor.fetchone()[0]

    assert secret not in stored
    assert recovery.wrap().instance.data["seed"].startswith("v1.")
    assert stored.count('"v1.') == 2


def test_somebody_whose_role_asks_for_nothing_may_still_have_one(client: Client) -> None:
    nurse = person(Role.WARD_NURSE)
    sign_in(client, nurse)
    assert client.get("/waiting-list/").status_code == 200
    set_up(client)
    again = Client()

    assert sign_in(again, nurse).url.startswith(GIVE)


def test_a_new_role_shuts_the_door(client: Client) -> None:
    nurse = person(Role.WARD_NURSE)
    sign_in(client, nurse)
    RoleAssignment.objects.create(user=nurse, role=Role.PRIVACY_OFFICER)
    client.get("/waiting-list/")  # the change ends the session
    sign_in(client, nurse)

    assert client.get("/waiting-list/").url.startswith(SET_UP)


def test_the_last_factor_of_who_needs_one_stays(client: Client, officer: User) -> None:
    sign_in(client, officer)
    set_up(client)

    client.post("/accounts/second-factor/totp/deactivate/")

    assert Authenticator.objects.filter(user=officer, type="totp").exists()


def test_who_needs_none_may_remove_it(client: Client) -> None:
    nurse = person(Role.WARD_NURSE)
    sign_in(client, nurse)
    set_up(client)

    client.post("/accounts/second-factor/totp/deactivate/")

    assert not Authenticator.objects.filter(user=nurse).exists()


def test_a_lost_telephone(client: Client, officer: User, secret: str) -> None:
    assert forget_factors(officer) == 2
    sign_in(client, officer)

    assert client.get("/waiting-list/").url.startswith(SET_UP)


@pytest.mark.parametrize(
    ("address", "outside"),
    [("10.1.2.3", False), ("10.2.0.1", True), ("2001:db8::1", False), ("", True), ("not an address", True)],
)
def test_who_is_outside(settings: Any, address: str, *, outside: bool) -> None:
    settings.HOSPITAL_NETWORKS = ["10.1.0.0/16", "2001:db8::/32"]
    assert is_outside(address) is outside


def test_without_named_networks_nobody_is_outside(settings: Any) -> None:
    settings.HOSPITAL_NETWORKS = []
    assert not is_outside("203.0.113.9")


def test_from_outside_everybody_needs_one_and_sets_none_up_there(settings: Any) -> None:
    settings.HOSPITAL_NETWORKS = ["10.0.0.0/8"]
    nurse = person(Role.WARD_NURSE)
    inside = Client(HTTP_X_FORWARDED_FOR="10.0.0.5", REMOTE_ADDR="")
    sign_in(inside, nurse)
    assert inside.get("/waiting-list/").status_code == 200
    # The same session, taken outside.
    inside.defaults["HTTP_X_FORWARDED_FOR"] = "203.0.113.9"
    assert inside.get("/waiting-list/").url.startswith(SET_UP)
    assert "from a computer in the hospital" in inside.get(SET_UP).content.decode()
    assert inside.get(TOTP).status_code == 302
    assert not Authenticator.objects.filter(user=nurse).exists()


def test_a_forged_address_is_not_believed(settings: Any) -> None:
    settings.HOSPITAL_NETWORKS = ["10.0.0.0/8"]
    client = Client(REMOTE_ADDR="", HTTP_X_FORWARDED_FOR="10.0.0.5, 203.0.113.9")  # the proxy wrote the last
    sign_in(client, person(Role.WARD_NURSE))

    assert client.get("/waiting-list/").url.startswith(SET_UP)


def test_the_owner_hears_of_a_lock_out_once(client: Client, officer: User) -> None:
    for _ in range(13):
        client.post(LOGIN, {"login": officer.email, "password": "wrong"})

    assert [(message.to, "wrong passwords" in message.body) for message in mail.outbox] == [([officer.email], True)]


def test_a_lock_out_of_nobody_writes_to_nobody(client: Client) -> None:
    for _ in range(13):
        client.post(LOGIN, {"login": "nobody@example.org", "password": "wrong"})

    assert mail.outbox == []


def test_own_sessions_are_listed_and_ended_elsewhere(client: Client) -> None:
    nurse = person(Role.WARD_NURSE)
    here, there = Client(), Client(HTTP_USER_AGENT="Mozilla/5.0 (Windows NT 10.0) Firefox/140.0")
    sign_in(here, nurse)
    sign_in(there, nurse)
    there.get("/waiting-list/")

    page = here.get(reverse("usersessions_list")).content.decode()
    assert "Firefox on Windows" in page
    here.post(reverse("usersessions_list"))

    assert there.get("/waiting-list/").status_code == 302
    assert here.get("/waiting-list/").status_code == 200


def test_one_session_of_several_is_ended(client: Client) -> None:
    nurse = person(Role.WARD_NURSE)
    here, first, second = Client(), Client(), Client()
    for one in (here, first, second):
        sign_in(one, nurse)
        one.get("/waiting-list/")
    ended = UserSession.objects.get(session_key=first.session.session_key)

    here.post(reverse("account_end_session", args=[ended.pk]))

    assert [one.get("/waiting-list/").status_code for one in (here, first, second)] == [200, 302, 200]


def test_nobody_ends_somebody_else_s_session(client: Client) -> None:
    mine, theirs = Client(), Client()
    sign_in(mine, person(Role.WARD_NURSE))
    sign_in(theirs, person(Role.WARD_NURSE))
    other = UserSession.objects.get(session_key=theirs.session.session_key)

    assert mine.post(reverse("account_end_session", args=[other.pk])).status_code == 404
    assert theirs.get("/waiting-list/").status_code == 200
