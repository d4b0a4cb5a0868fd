"""Accounts in the admin: invited, proved again, kept from shutting oneself out, signed out at once."""

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from auditlog.models import LogEntry
from django.core import mail
from django.test import Client

from accounts.models import User
from tests.factories import UserFactory
from tests.hospital.test_admin_edits import rows

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = "/admin/accounts/user/"
PHRASE = "seven clouds over the harbour"
PAGE = "/waiting-list/"


def signed_in(user: User) -> Client:
    user.set_password(PHRASE)
    user.save()
    client = Client()
    assert client.post("/accounts/login/", {"login": user.email, "password": PHRASE}).status_code == 302
    return client


@pytest.fixture
def robin() -> User:
    return UserFactory(
        email="robin@example.org", given_name="Robin", family_name="Lowe", role="administrator", is_staff=True
    )


@pytest.fixture
def administrator(robin: User) -> Client:
    return signed_in(robin)


@pytest.fixture
def clerk() -> User:
    return UserFactory(email="dee@example.org", role="booking_clerk")


def act(client: Client, action: str, *people: User, **more: str) -> list[str]:
    """Do an action of the list and return what the page then says."""
    chosen = {"action": action, "_selected_action": [person.pk for person in people]}
    answer = client.post(PEOPLE, chosen | more, follow=True)
    assert answer.status_code == 200
    return [str(message) for message in answer.context["messages"]]


def details(user: User, **more: Any) -> dict[str, Any]:
    return {"email": user.email, "given_name": user.given_name, "family_name": user.family_name, **more}


def is_inside(client: Client) -> bool:
    return client.get(PAGE).status_code == 200


def grow_stale(client: Client) -> None:
    session = client.session
    session["began_at"] -= 301
    for record in session["account_authentication_methods"]:
        record["at"] -= 301
    session.save()


# --- invitations ----------------------------------------------------------------------------------


def test_who_is_added_without_a_password_is_invited(administrator: Client, settings: Any) -> None:
    settings.SITE_URL = "https://theatres.example.org"
    new = {"email": "new@example.org", "usable_password": "false"}
    administrator.post(f"{PEOPLE}add/", new | rows("role_assignments", {"role": "surgeon"}))

    (letter,) = mail.outbox
    assert letter.to == ["new@example.org"]
    assert letter.body.startswith("Robin Lowe has made you an account")
    link = re.search(r"https://theatres\.example\.org(/\S+)", letter.body)[1]
    guest = Client()
    form = guest.get(link, follow=True)
    guest.post(form.redirect_chain[-1][0], {"password1": PHRASE, "password2": PHRASE})
    assert guest.post("/accounts/login/", {"login": "new@example.org", "password": PHRASE}).status_code == 302
    assert is_inside(guest)


def test_who_is_given_a_password_is_not_invited(administrator: Client) -> None:
    new = {"email": "new@example.org", "usable_password": "true", "password1": PHRASE, "password2": PHRASE}
    administrator.post(f"{PEOPLE}add/", new | rows("role_assignments"))
    assert User.objects.get(email="new@example.org").check_password(PHRASE)
    assert mail.outbox == []


def test_an_invitation_is_sent_again_to_who_never_came(administrator: Client, robin: User) -> None:
    new, off = (User.objects.create_user(f"{name}@example.org") for name in ("new", "off"))
    User.objects.filter(pk=off.pk).update(is_active=False)
    assert act(administrator, "send_invitations", new, off, robin) == [
        "1 invited. 2 got none: they have signed in before, have a password, or are switched off."
    ]
    assert [letter.to for letter in mail.outbox] == [["new@example.org"]]


def test_a_mail_server_that_is_away_is_told(administrator: Client, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 1, 1
    new = User.objects.create_user("new@example.org")
    said = act(administrator, "send_invitations", new)
    assert "The mail server did not take the letter. Send it again later." in said


# --- a fresh proof --------------------------------------------------------------------------------


def test_a_stale_sign_in_gives_the_password_and_goes_on_where_it_was(administrator: Client, clerk: User) -> None:
    grow_stale(administrator)
    url = f"{PEOPLE}{clerk.pk}/change/"
    asked = administrator.post(
        url, details(clerk, is_active="on", given_name="Dee") | rows("role_assignments", {"role": "surgeon"})
    )
    assert asked.url.startswith("/accounts/reauthenticate/?next=")
    assert clerk.role_assignments.count() == 1

    administrator.post(asked.url, {"password": "wrong"})
    assert clerk.role_assignments.count() == 1
    administrator.post(asked.url, {"password": PHRASE})
    clerk.refresh_from_db()
    assert clerk.given_name == "Dee"
    assert set(clerk.role_assignments.values_list("role", flat=True)) == {"booking_clerk", "surgeon"}
    assert administrator.get(url).status_code == 200


@pytest.mark.parametrize("path", ["add/", "{}/change/", "{}/password/"])
def test_every_page_that_changes_somebody_asks(administrator: Client, clerk: User, path: str) -> None:
    url = f"{PEOPLE}{path.format(clerk.pk)}"
    assert administrator.get(url).status_code == 200
    grow_stale(administrator)
    for answer in (administrator.get(url), administrator.post(url, {})):
        assert answer.url.startswith("/accounts/reauthenticate/")


def test_actions_ask_and_the_list_does_not(administrator: Client, clerk: User) -> None:
    grow_stale(administrator)
    assert administrator.get(PEOPLE).status_code == 200
    answer = administrator.post(PEOPLE, {"action": "switch_off", "_selected_action": [clerk.pk]})
    assert answer.url.startswith("/accounts/reauthenticate/")
    clerk.refresh_from_db()
    assert clerk.is_active is True


def test_a_password_that_was_typed_for_somebody_does_not_lie_in_the_session(administrator: Client) -> None:
    grow_stale(administrator)
    new = {
        "email": "new@example.org",
        "usable_password": "true",
        "password1": "secret words",
        "password2": "secret words",
    }
    administrator.post(f"{PEOPLE}add/", new | rows("role_assignments"))
    kept = str(dict(administrator.session))
    assert "new%40example.org" in kept
    assert "secret" not in kept


def test_who_has_neither_password_nor_factor_signs_in_anew(administrator: Client, robin: User, clerk: User) -> None:
    client = Client()
    client.force_login(robin)
    User.objects.filter(pk=robin.pk).update(password="!none")
    client.force_login(User.objects.get(pk=robin.pk))
    session = client.session
    session["began_at"] -= 301
    session.save()
    answer = client.get(f"{PEOPLE}{clerk.pk}/change/")
    assert answer.url == f"/accounts/login/?next=%2Fadmin%2Faccounts%2Fuser%2F{clerk.pk}%2Fchange%2F"
    assert "needs a sign-in of the last minutes" in client.get(answer.url).content.decode()


# --- what ends sessions ---------------------------------------------------------------------------


def test_switched_off_people_are_out_at_once(administrator: Client, clerk: User) -> None:
    page = signed_in(clerk)
    assert is_inside(page)
    assert act(administrator, "switch_off", clerk) == ["1 switched off."]
    assert not is_inside(page)
    assert act(administrator, "switch_on", clerk) == ["1 switched on."]
    assert not is_inside(page)


def test_unticking_may_sign_in_ends_sessions(administrator: Client, clerk: User) -> None:
    page = signed_in(clerk)
    role = {"id": clerk.role_assignments.get().pk, "user": clerk.pk, "role": "booking_clerk"}
    url = f"{PEOPLE}{clerk.pk}/change/"
    assert administrator.post(url, details(clerk) | rows("role_assignments", role, stored=1)).status_code == 302
    User.objects.filter(pk=clerk.pk).update(is_active=True)
    assert not is_inside(page)


def test_a_change_of_roles_ends_sessions_and_a_change_of_names_does_not(administrator: Client, clerk: User) -> None:
    page = signed_in(clerk)
    role = {"id": clerk.role_assignments.get().pk, "user": clerk.pk, "role": "booking_clerk"}
    url, named = f"{PEOPLE}{clerk.pk}/change/", details(clerk, is_active="on", family_name="Walters")
    administrator.post(url, named | rows("role_assignments", role, stored=1))
    assert is_inside(page)
    administrator.post(url, named | rows("role_assignments", role | {"role": "manager"}, stored=1))
    assert set(clerk.role_assignments.values_list("role", flat=True)) == {"manager"}
    assert not is_inside(page)


def test_nobody_shuts_themselves_out(administrator: Client, robin: User) -> None:
    role = {"id": robin.role_assignments.get().pk, "user": robin.pk, "role": "manager"}
    url = f"{PEOPLE}{robin.pk}/change/"
    administrator.post(url, details(robin) | rows("role_assignments", role, stored=1))
    administrator.post(url, details(robin) | rows("role_assignments", role | {"DELETE": "on"}, stored=1))
    said = act(administrator, "switch_off", robin)

    robin = User.objects.get(pk=robin.pk)
    assert (robin.is_active, robin.is_staff, robin.roles) == (True, True, {"administrator"})
    assert said[-2:] == ["Nobody switches off themselves. Ask another administrator.", "0 switched off."]


# --- second factors -------------------------------------------------------------------------------


def test_second_factors_are_taken_away_after_a_question(administrator: Client, clerk: User) -> None:
    page = signed_in(clerk)
    Authenticator.objects.create(user=clerk, type=Authenticator.Type.TOTP, data={})
    asked = administrator.post(PEOPLE, {"action": "forget_factors", "_selected_action": [clerk.pk]})
    assert "dee@example.org" in asked.content.decode()
    assert Authenticator.objects.count() == 1

    said = act(administrator, "forget_factors", clerk, confirmed="yes")
    assert said == ["1 have no second factor any more, and are signed out."]
    assert Authenticator.objects.count() == 0
    assert not is_inside(page)
    (letter,) = mail.outbox
    assert (letter.to, letter.subject) == (["dee@example.org"], "Your second factors were taken away")
    assert letter.body.startswith("Robin Lowe has taken away")
    trailed = LogEntry.objects.get_for_object(clerk).filter(changes__has_key="second factors").get()
    assert (trailed.changes_dict, trailed.actor.email) == ({"second factors": ["1", "0"]}, "robin@example.org")


def test_who_has_none_hears_nothing_and_one_s_own_stay(administrator: Client, robin: User, clerk: User) -> None:
    page = signed_in(clerk)
    Authenticator.objects.create(user=robin, type=Authenticator.Type.RECOVERY_CODES, data={})
    assert act(administrator, "forget_factors", clerk, robin, confirmed="yes") == [
        "Change your own second factors on the page “Second factor”.",
        "0 have no second factor any more, and are signed out.",
    ]
    assert is_inside(page)
    assert Authenticator.objects.count() == 1
    assert mail.outbox == []


def test_a_superuser_s_factors_are_out_of_an_administrator_s_reach(administrator: Client) -> None:
    root = UserFactory(is_superuser=True, is_staff=True)
    Authenticator.objects.create(user=root, type=Authenticator.Type.TOTP, data={})
    act(administrator, "forget_factors", root, confirmed="yes")
    assert Authenticator.objects.count() == 1
