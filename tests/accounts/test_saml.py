"""Signing in through a SAML provider that really runs and signs, over HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.urls import reverse

from accounts.identity_provider import IdentityProvider, Saml
from accounts.models import User
from hospital.environment import ConfigurationError
from hospital.single_sign_on import GROUPS, identity_provider
from tests.accounts.saml_provider import ENTITY, Provider, Says, key_pair, running_provider
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)
BEGIN = "/accounts/single-sign-on/saml/hospital/login/"
ACS = "/accounts/single-sign-on/saml/hospital/acs/"
PAGE = "/waiting-list/"
MAIL = "urn:oid:0.9.2342.19200300.100.1.3"
MFA = "http://schemas.microsoft.com/claims/authnmethodsreferences"
INES = Says(attributes={MAIL: ["Ines@example.org"], "urn:oid:2.5.4.42": ["Ines"], "urn:oid:2.5.4.4": ["Carvalho"]})


@pytest.fixture(scope="module")
def server() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture(autouse=True)
def provider(server: Provider, settings: Any) -> Provider:
    settings.IDENTITY_PROVIDER = IdentityProvider(
        issuer=ENTITY,
        saml=Saml(sso_url=server.url, certificate=server.certificate),
        name="Hospital ID",
        groups_claim=GROUPS,
        roles=(("theatre-doctors", "surgeon"), ("theatre-it", "administrator")),
        trusted_mfa=frozenset({"multipleauthn"}),
    )
    server.says = INES
    return server


class Browser(Client):
    """A client that names the host, as browsers do."""

    def __init__(self) -> None:
        super().__init__(HTTP_HOST="testserver")


@pytest.fixture
def client() -> Client:
    return Browser()


@pytest.fixture
def ines() -> User:
    return UserFactory(email="ines@example.org", role="theatre_nurse")


def response_for(client: Client, begin: str = BEGIN) -> str:
    """Ask to sign in, follow to the provider, and return what it has the browser post."""
    there = client.get(begin)
    assert there.status_code == 302
    return requests.get(there.url, timeout=5).text


def post(client: Client, response: str) -> Any:
    """Post the provider's answer as the browser does, and go on to where it is read."""
    received = client.post(ACS, {"SAMLResponse": response, "RelayState": ""})
    assert received.status_code == 302
    return client.get(received.url)


def sign_in(client: Client, begin: str = BEGIN) -> Any:
    return post(client, response_for(client, begin))


def is_inside(client: Client) -> bool:
    return client.get(PAGE).status_code == 200


def test_the_signed_address_finds_the_account(client: Client, ines: User) -> None:
    answer = sign_in(client, f"{BEGIN}?next={PAGE}")
    assert (answer.status_code, answer.url) == (302, PAGE)
    assert client.session["_auth_user_id"] == str(ines.pk)
    assert is_inside(client)
    assert SocialAccount.objects.get().uid == "s1"


def test_later_the_providers_name_for_the_person_counts(client: Client, provider: Provider, ines: User) -> None:
    sign_in(client)
    provider.says = replace(INES, attributes={MAIL: ["new.name@example.org"]})
    other = Browser()
    sign_in(other)
    assert other.session["_auth_user_id"] == str(ines.pk)


def test_groups_set_the_roles_that_are_mapped(client: Client, provider: Provider, ines: User) -> None:
    provider.says = replace(INES, attributes=INES.attributes | {GROUPS: ["theatre-doctors", "other"]})
    sign_in(client)
    assert set(ines.role_assignments.values_list("role", flat=True)) == {"theatre_nurse", "surgeon"}
    provider.says = INES
    sign_in(Browser())
    assert set(ines.role_assignments.values_list("role", flat=True)) == {"theatre_nurse"}


@pytest.mark.parametrize(("methods", "inside"), [(["multipleauthn"], True), (["password"], False)])
def test_a_second_factor_that_the_provider_asked_for(
    client: Client,
    provider: Provider,
    settings: Any,
    ines: User,
    methods: list[str],
    inside: bool,  # noqa: FBT001
) -> None:
    settings.SECOND_FACTOR_ROLES = ["theatre_nurse"]
    provider.says = replace(INES, attributes=INES.attributes | {MFA: methods})
    sign_in(client)
    assert is_inside(client) == inside


def test_nobody_unknown_comes_in(client: Client) -> None:
    answer = sign_in(client)
    assert answer.status_code == 403
    assert "no account for you" in answer.content.decode()
    assert (is_inside(client), User.objects.count()) == (False, 0)


def test_an_account_is_made_where_the_hospital_wants_it(client: Client, settings: Any) -> None:
    settings.IDENTITY_PROVIDER = replace(settings.IDENTITY_PROVIDER, makes_accounts=True)
    sign_in(client)
    made = User.objects.get()
    assert (made.email, made.given_name, made.family_name) == ("ines@example.org", "Ines", "Carvalho")


def test_a_switched_off_account_stays_out(client: Client, ines: User) -> None:
    User.objects.update(is_active=False)
    assert sign_in(client).url == reverse("account_inactive")
    assert not is_inside(client)


WRONG = {
    "unsigned": Says(signed=False),
    "for another site": Says(audience="https://other.example/"),
    "for another address": Says(recipient="https://other.example/acs/"),
    "by somebody else": Says(issuer="https://evil.example/"),
    "too old": Says(age=timedelta(minutes=30)),
    "from the future": Says(age=timedelta(minutes=-30)),
    "not asked for, in a fresh wrapper": Says(names_the_request=False),
    "for another request, in a fresh wrapper": Says(signed_for="_of_somebody_else"),
    "an answer to nothing": Says(in_response_to="_never_asked"),
    "without an address": Says(attributes={"x": ["y"]}),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_opens_nothing(client: Client, provider: Provider, ines: User, kind: str) -> None:
    wrong = WRONG[kind]
    provider.says = wrong if wrong.attributes else replace(wrong, attributes=INES.attributes)
    answer = sign_in(client)
    assert answer.status_code == 403
    assert not is_inside(client)
    assert SocialAccount.objects.count() == 0


def test_another_key_opens_nothing(client: Client, provider: Provider, ines: User) -> None:
    kept = provider.key, provider.certificate
    provider.key, provider.certificate = key_pair()
    try:
        assert sign_in(client).status_code == 403
    finally:
        provider.key, provider.certificate = kept
    assert not is_inside(client)


def test_a_changed_assertion_opens_nothing(client: Client, provider: Provider, ines: User) -> None:
    import base64

    UserFactory(email="boss@example.org", role="administrator")
    xml = base64.b64decode(response_for(client)).replace(b"Ines@example.org", b"boss@example.org")
    assert post(client, base64.b64encode(xml).decode()).status_code == 403
    assert not is_inside(client)


def test_an_answer_counts_once_and_in_one_browser(client: Client, ines: User) -> None:
    response = response_for(client)
    assert post(Browser(), response).status_code == 403  # stolen on the way
    assert post(client, response).status_code == 302
    client.post(reverse("account_logout"))
    assert post(client, response).status_code == 403
    assert not is_inside(client)


@pytest.mark.parametrize("response", ["", "x", "PHg+", "AAAA" * 5000])
def test_nonsense_is_refused_in_words(client: Client, response: str) -> None:
    received = client.post(ACS, {"SAMLResponse": response})
    assert received.status_code == 302
    assert client.get(received.url).status_code == 403


def test_without_a_provider_there_is_nothing(client: Client, settings: Any) -> None:
    settings.IDENTITY_PROVIDER = None
    assert client.get(BEGIN).status_code == 404
    assert client.get("/accounts/single-sign-on/saml/hospital/metadata/").status_code == 404


def test_the_metadata_to_register_and_no_single_logout(client: Client) -> None:
    metadata = client.get("/accounts/single-sign-on/saml/hospital/metadata/")
    assert metadata.status_code == 200
    assert b"/accounts/single-sign-on/saml/hospital/acs/" in metadata.content
    assert client.get("/accounts/single-sign-on/saml/hospital/sls/").status_code == 404


def test_the_button_leads_to_it(client: Client) -> None:
    page = client.get("/accounts/login/").content.decode()
    assert "Sign in with Hospital ID" in page
    assert BEGIN in page


SET = {"SAML_ENTITY_ID": ENTITY, "SAML_SSO_URL": "https://id.example/sso", "SAML_CERTIFICATE": "MII"}


def test_settings_come_from_the_environment() -> None:
    found = identity_provider(SET | {"SAML_ROLES": "a:b:surgeon", "SAML_EMAIL_ATTRIBUTE": "mail2,mail3"})
    assert found is not None
    assert found.saml is not None
    assert (found.issuer, found.roles, found.groups_claim) == (ENTITY, (("a:b", "surgeon"),), GROUPS)
    assert found.saml.email == ("mail2", "mail3")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"SAML_SSO_URL": ""}, "Set SAML_SSO_URL"),
        ({"SAML_CERTIFICATE": ""}, "Set SAML_CERTIFICATE"),
        ({"SAML_SSO_URL": "http://id.example/"}, "SAML_SSO_URL must begin with https"),
        ({"SAML_ROLES": "x:king"}, "SAML_ROLES"),
        ({"OIDC_ISSUER": "https://id.example"}, "not both"),
    ],
)
def test_what_is_wrong_stops_the_start(wrong: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        identity_provider(SET | wrong)


def test_not_installed_it_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hospital.single_sign_on.saml_is_installed", lambda: False)
    with pytest.raises(ConfigurationError, match=r"requirements-saml\.txt"):
        identity_provider(SET)
