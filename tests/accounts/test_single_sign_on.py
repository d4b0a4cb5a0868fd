"""Signing in through an OpenID Connect provider that really runs, over HTTP."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from oidc_provider_mock import run_server_in_thread

from accounts.identity_provider import IdentityProvider
from accounts.models import User
from hospital.environment import ConfigurationError
from hospital.single_sign_on import identity_provider
from tests.factories import UserFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:get_jwt_config"),  # the provider's own
]
BEGIN = "/accounts/single-sign-on/hospital/login/"
PAGE = "/waiting-list/"
ROLES = (("theatre-doctors", "surgeon"), ("theatre-managers", "manager"), ("theatre-it", "administrator"))
INES: dict[str, Any] = {
    "email": "Ines@example.org",
    "email_verified": True,
    "given_name": "Ines",
    "family_name": "Carvalho",
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(autouse=True)
def provider(issuer: str, settings: Any) -> IdentityProvider:
    settings.IDENTITY_PROVIDER = IdentityProvider(
        issuer=issuer,
        client_id="theatres",
        client_secret="secret",
        name="Hospital ID",
        roles=ROLES,
        trusted_mfa=frozenset({"mfa"}),
    )
    return settings.IDENTITY_PROVIDER


@pytest.fixture
def ines() -> User:
    return UserFactory(email="ines@example.org", role="theatre_nurse")


def sign_in(client: Client, issuer: str, *, sub: str = "s1", begin: str = BEGIN, **claims: Any) -> Any:
    """Go the whole way with the provider saying ``claims``, and return the site's last answer."""
    return client.get(way_back(client, issuer, sub=sub, begin=begin, **claims))


def way_back(client: Client, issuer: str, *, sub: str = "s1", begin: str = BEGIN, **claims: Any) -> str:
    requests.put(f"{issuer}/users/{sub}", json={**INES, **claims}, timeout=5).raise_for_status()
    there = client.get(begin)
    assert (there.status_code, there.url.startswith(issuer)) == (302, True)
    back = requests.post(there.url, data={"sub": sub}, allow_redirects=False, timeout=5)
    return back.headers["Location"].removeprefix("http://testserver")


def is_inside(client: Client) -> bool:
    return client.get(PAGE).status_code == 200


def roles_of(user: User) -> set[str]:
    return set(user.role_assignments.values_list("role", flat=True))


def test_the_verified_address_finds_the_account(client: Client, issuer: str, ines: User) -> None:
    answer = sign_in(client, issuer, begin=f"{BEGIN}?next={PAGE}")
    assert (answer.status_code, answer.url) == (302, PAGE)
    assert client.session["_auth_user_id"] == str(ines.pk)
    assert is_inside(client)
    assert SocialAccount.objects.get().user == ines


def test_a_password_stays_as_it_was(client: Client, issuer: str, ines: User) -> None:
    ines.set_password("seven clouds over the harbour")
    ines.save()
    sign_in(client, issuer)
    ines.refresh_from_db()
    assert ines.check_password("seven clouds over the harbour")


def test_later_the_providers_number_for_the_person_counts(client: Client, issuer: str, ines: User) -> None:
    sign_in(client, issuer)
    UserFactory(email="new.name@example.org")
    other = Client()
    sign_in(other, issuer, email="new.name@example.org")
    assert other.session["_auth_user_id"] == str(ines.pk)


def test_another_address_given_by_an_administrator_breaks_the_link(client: Client, issuer: str, ines: User) -> None:
    sign_in(client, issuer)
    administrator = Client()
    administrator.force_login(UserFactory(role="administrator", is_staff=True))
    rows = {"role_assignments-TOTAL_FORMS": 0, "role_assignments-INITIAL_FORMS": 0}
    administrator.post(
        f"/admin/accounts/user/{ines.pk}/change/", {"email": "someone.else@example.org", "is_active": "on", **rows}
    )
    assert SocialAccount.objects.count() == 0
    assert sign_in(Client(), issuer).status_code == 403


def test_groups_set_the_roles_that_they_decide_and_leave_others(client: Client, issuer: str, ines: User) -> None:
    sign_in(client, issuer, groups=["theatre-doctors", "canteen"])
    assert roles_of(ines) == {"theatre_nurse", "surgeon"}
    assert is_inside(client)

    again = Client()
    sign_in(again, issuer, groups="theatre-managers")
    assert roles_of(ines) == {"theatre_nurse", "manager"}
    assert is_inside(again)
    assert not is_inside(client)

    sign_in(Client(), issuer)
    assert roles_of(ines) == {"theatre_nurse"}


def test_the_same_groups_leave_other_sessions_alone(client: Client, issuer: str, ines: User) -> None:
    sign_in(client, issuer, groups=["theatre-doctors"])
    sign_in(Client(), issuer, groups=["theatre-doctors"])
    assert is_inside(client)


@pytest.mark.parametrize("groups", [None, 7, {"theatre-it": True}, [["theatre-it"]], ["THEATRE-IT"]])
def test_groups_that_say_nothing(client: Client, issuer: str, ines: User, groups: Any) -> None:
    sign_in(client, issuer, groups=groups)
    assert roles_of(ines) == {"theatre_nurse"}


def test_without_a_map_roles_are_given_by_hand(
    client: Client, issuer: str, ines: User, settings: Any, provider: IdentityProvider
) -> None:
    settings.IDENTITY_PROVIDER = replace(provider, roles=())
    sign_in(client, issuer, groups=["theatre-it"])
    assert roles_of(ines) == {"theatre_nurse"}


def test_somebody_unknown_stays_out(client: Client, issuer: str, caplog: pytest.LogCaptureFixture) -> None:
    answer = sign_in(client, issuer)
    assert answer.status_code == 403
    assert "There is no account for you here yet." in answer.content.decode()
    assert (User.objects.count(), SocialAccount.objects.count(), is_inside(client)) == (0, 0, False)
    assert "Single sign-on refused: no account" in caplog.text
    assert "ines" not in caplog.text.lower()


def test_or_gets_an_account_where_the_hospital_wants_it(
    client: Client, issuer: str, settings: Any, provider: IdentityProvider
) -> None:
    settings.IDENTITY_PROVIDER = replace(provider, makes_accounts=True)
    sign_in(client, issuer, groups=["theatre-doctors"])
    user = User.objects.get()
    assert (user.email, str(user), roles_of(user)) == ("ines@example.org", "Ines Carvalho", {"surgeon"})
    assert not user.has_usable_password()
    assert is_inside(client)


def test_a_switched_off_account_stays_out_and_keeps_its_roles(client: Client, issuer: str, ines: User) -> None:
    sign_in(client, issuer)
    User.objects.filter(pk=ines.pk).update(is_active=False)
    for known in (True, False):
        answer = sign_in(Client(), issuer, groups=["theatre-it"])
        assert answer.url == "/accounts/inactive/"
        assert roles_of(ines) == {"theatre_nurse"}
        assert SocialAccount.objects.count() == known
        SocialAccount.objects.all().delete()


@pytest.mark.parametrize("claims", [{"email_verified": False}, {"email_verified": "true"}, {"email": ""}])
def test_an_address_that_nobody_verified_finds_nobody(
    client: Client, issuer: str, ines: User, claims: dict[str, Any], settings: Any, provider: IdentityProvider
) -> None:
    settings.IDENTITY_PROVIDER = replace(provider, makes_accounts=True)
    answer = sign_in(client, issuer, **claims)
    assert answer.status_code == 403
    assert "no verified e-mail address" in answer.content.decode()
    assert (User.objects.count(), is_inside(client)) == (1, False)


def test_a_forged_way_back(client: Client, issuer: str, ines: User) -> None:
    back = way_back(client, issuer)
    query = parse_qs(urlsplit(back).query)
    forged = f"{BEGIN}callback/?code={query['code'][0]}&state=forged"
    victim = Client()
    for browser, url in ((victim, back), (client, forged), (client, f"{BEGIN}callback/?code=1")):
        answer = browser.get(url)
        assert answer.status_code == 403
        assert "Signing in did not work." in answer.content.decode()
    assert not is_inside(victim)
    assert not is_inside(client)
    assert client.get(back).status_code == 302
    assert client.get(back).status_code == 403


def test_an_answer_that_is_an_error(client: Client, issuer: str) -> None:
    there = client.get(BEGIN)
    state = parse_qs(urlsplit(there.url).query)["state"][0]
    for error in ("access_denied", "server_error"):
        assert client.get(f"{BEGIN}callback/?error={error}&state={state}").status_code == 403


def test_the_way_there_is_protected_by_pkce(client: Client, issuer: str) -> None:
    asked = parse_qs(urlsplit(client.get(BEGIN).url).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert set(asked["scope"][0].split()) == {"openid", "profile", "email"}


def test_nobody_adds_an_identity_to_an_account(client: Client, issuer: str, ines: User) -> None:
    client.force_login(ines, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = sign_in(client, issuer, begin=f"{BEGIN}?process=connect", email="other@example.org")
    assert (answer.status_code, SocialAccount.objects.count()) == (403, 0)


@pytest.mark.parametrize(
    ("claims", "is_enough"),
    [({"amr": ["pwd", "mfa"]}, True), ({"acr": "mfa"}, True), ({"amr": ["pwd"], "acr": "1"}, False), ({}, False)],
)
def test_the_providers_second_factor_counts(
    client: Client, issuer: str, ines: User, settings: Any, claims: dict[str, Any], is_enough: Any
) -> None:
    settings.SECOND_FACTOR_ROLES = ["theatre_nurse"]
    sign_in(client, issuer, **claims)
    assert is_inside(client) is is_enough


def test_who_has_a_factor_here_gives_it_all_the_same(client: Client, issuer: str, ines: User) -> None:
    Authenticator.objects.create(user=ines, type=Authenticator.Type.TOTP, data={"secret": "x"})
    answer = sign_in(client, issuer, amr=["mfa"])
    assert answer.url.startswith("/accounts/second-factor/")
    assert not is_inside(client)


def test_the_button_shows_where_a_provider_is_set(client: Client, settings: Any) -> None:
    page = client.get(f"/accounts/login/?next={PAGE}").content.decode()
    assert f'href="{BEGIN}?next=%2Fwaiting-list%2F"' in page
    assert "Sign in with Hospital ID" in page

    settings.IDENTITY_PROVIDER = None
    assert "single-sign-on" not in client.get("/accounts/login/").content.decode()
    assert client.get(BEGIN).status_code == 404
    assert client.get(f"{BEGIN}callback/").status_code == 404


def test_a_provider_that_is_away(client: Client, settings: Any, provider: IdentityProvider) -> None:
    settings.IDENTITY_PROVIDER = replace(provider, issuer="http://localhost:1")
    assert client.get(BEGIN).status_code == 403


# --- the environment ------------------------------------------------------------------------------
GIVEN = {"OIDC_ISSUER": "https://id.example.org/", "OIDC_CLIENT_ID": "theatres", "OIDC_CLIENT_SECRET": "secret"}


def test_nothing_set_means_none() -> None:
    assert identity_provider({}) is None


def test_what_the_environment_says() -> None:
    more = {
        "OIDC_ROLES": "cn=doctors:surgeon, urn:group:it:administrator",
        "OIDC_TRUSTED_MFA": "mfa,phr",
        "OIDC_CREATE": "1",
    }
    assert identity_provider(GIVEN | more) == IdentityProvider(
        issuer="https://id.example.org",
        client_id="theatres",
        client_secret="secret",
        roles=(("cn=doctors", "surgeon"), ("urn:group:it", "administrator")),
        trusted_mfa=frozenset({"mfa", "phr"}),
        makes_accounts=True,
    )


def test_the_secret_is_not_shown_with_the_settings() -> None:
    assert "OIDC_CLIENT_SECRET" not in repr(identity_provider(GIVEN | {"OIDC_CLIENT_SECRET": "OIDC_CLIENT_SECRET"}))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"OIDC_ISSUER": "http://id.example.org"}, "must begin with https://"),
        ({"OIDC_CLIENT_ID": ""}, "Set OIDC_CLIENT_ID"),
        ({"OIDC_CLIENT_SECRET": ""}, "Set OIDC_CLIENT_SECRET"),
        ({"OIDC_ROLES": "doctors:wizard"}, "'doctors:wizard' is not group:role"),
        ({"OIDC_ROLES": "surgeon"}, "'surgeon' is not group:role"),
    ],
)
def test_what_stops_the_start(wrong: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        identity_provider(GIVEN | wrong)
