"""What is done with accounts, and who may not do it."""

import pytest
from auditlog.models import LogEntry
from django.test import Client

from accounts.models import User
from accounts.people import Person, PersonError, change_person, create_person, set_roles, switch_off, switch_on
from accounts.permissions import NotAllowedError
from tests.factories import SpecialtyFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/waiting-list/"
PHRASE = "seven clouds over the harbour"
INES = Person(email="ines@example.org", given_name="Ines", family_name="Carvalho", roles=frozenset({"surgeon"}))


@pytest.fixture
def administrator() -> User:
    return UserFactory(role="administrator")


@pytest.fixture
def clerk() -> User:
    return UserFactory(role="booking_clerk")


@pytest.fixture
def page(client: Client, clerk: User) -> Client:
    clerk.set_password(PHRASE)
    clerk.save()
    client.post("/accounts/login/", {"login": clerk.email, "password": PHRASE})
    assert client.get(PAGE).status_code == 200
    return client


def test_only_who_manages_accounts(clerk: User) -> None:
    other = UserFactory()
    for attempt in (
        lambda: create_person(actor=clerk, person=INES),
        lambda: change_person(actor=clerk, user=other, person=INES),
        lambda: set_roles(actor=clerk, user=other, roles=["surgeon"]),
        lambda: switch_off(actor=clerk, user=other),
        lambda: switch_on(actor=clerk, user=other),
    ):
        with pytest.raises(NotAllowedError):
            attempt()
    assert User.objects.count() == 2


def test_switching_off_ends_sessions_at_once(page: Client, administrator: User, clerk: User) -> None:
    assert switch_off(actor=administrator, user=clerk) is True
    assert page.get(PAGE).status_code == 302
    assert switch_off(actor=administrator, user=clerk) is False
    assert switch_on(actor=administrator, user=clerk) is True
    assert page.get(PAGE).status_code == 302


def test_new_roles_end_sessions_at_once_and_are_trailed(page: Client, administrator: User, clerk: User) -> None:
    assert set_roles(actor=administrator, user=clerk, roles=["surgeon", "manager"]) is True
    assert clerk.roles == {"surgeon", "manager"}
    assert page.get(PAGE).status_code == 302
    assert LogEntry.objects.filter(content_type__model="roleassignment", action=LogEntry.Action.DELETE).count() == 1
    assert set_roles(actor=administrator, user=clerk, roles=["surgeon", "manager"]) is False


def test_roles_outside_the_named_ones_stay(administrator: User, clerk: User) -> None:
    set_roles(actor=administrator, user=clerk, roles=["surgeon"], among=["surgeon", "manager"])
    assert clerk.roles == {"booking_clerk", "surgeon"}
    set_roles(actor=administrator, user=clerk, roles=["manager"], among=["surgeon", "manager"])
    assert clerk.roles == {"booking_clerk", "manager"}


def test_nobody_gives_or_takes_a_role_further_than_their_own_reaches(clerk: User) -> None:
    local = UserFactory(role="administrator", role__specialties=[SpecialtyFactory()])
    for roles in (["booking_clerk", "surgeon"], []):
        with pytest.raises(PersonError, match="Your own role is limited"):
            set_roles(actor=local, user=clerk, roles=roles)
    assert clerk.roles == {"booking_clerk"}


def test_the_same_roles_keep_sessions(page: Client, administrator: User, clerk: User) -> None:
    same = Person(email=clerk.email, given_name="Dee", family_name="Walters", roles=frozenset({"booking_clerk"}))
    assert change_person(actor=administrator, user=clerk, person=same) is True
    assert page.get(PAGE).status_code == 200


def test_nobody_shuts_themselves_out(administrator: User) -> None:
    with pytest.raises(PersonError, match="Nobody switches off themselves"):
        switch_off(actor=administrator, user=administrator)
    with pytest.raises(PersonError, match="their own administrator role"):
        set_roles(actor=administrator, user=administrator, roles=["manager"])
    administrator.refresh_from_db()
    assert (administrator.is_active, administrator.roles) == (True, {"administrator"})
