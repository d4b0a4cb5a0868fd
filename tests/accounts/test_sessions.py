"""Sessions end when nobody is there, and at the end of a shift."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import RoleAssignment, User
from accounts.roles import IDLE_MINUTES, Role
from accounts.sessions import idle_limit
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
PAGE = "/waiting-list/"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class Clock:
    """The clock of the sessions, which a test turns."""

    def __init__(self) -> None:
        self.now = timezone.now()

    def pass_minutes(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()

    class Turned:
        now = staticmethod(lambda: clock.now)

    monkeypatch.setattr("accounts.sessions.timezone", Turned)
    return clock


@pytest.fixture
def person() -> User:
    return UserFactory(role=Role.COORDINATOR)


@pytest.fixture
def page(client: Client, person: User, clock: Clock) -> Client:
    client.force_login(person, backend=BACKEND)
    assert client.get(PAGE).status_code == 200
    return client


def test_somebody_away_too_long_is_signed_out_and_told_why(page: Client, clock: Clock) -> None:
    clock.pass_minutes(31)
    answer = page.get(PAGE)
    assert (answer.status_code, answer.url) == (302, f"{reverse('account_login')}?next={PAGE}")
    assert Session.objects.filter(session_data__contains="_auth_user_id").count() == 0
    assert "nobody used this page" in page.get(answer.url).content.decode()


def test_using_the_site_keeps_one_signed_in(page: Client, clock: Clock) -> None:
    for _ in range(5):
        clock.pass_minutes(25)
        assert page.get(PAGE).status_code == 200


def test_what_a_page_fetches_by_itself_does_not_count(page: Client, clock: Clock) -> None:
    for _ in range(6):
        clock.pass_minutes(5)
        assert page.get(PAGE, headers={"X-Background": "1"}).status_code == 200
    clock.pass_minutes(1)
    assert page.get(PAGE, headers={"X-Background": "1"}).status_code == 302


def test_saying_that_one_is_there_counts(page: Client, person: User, clock: Clock) -> None:
    for _ in range(3):
        clock.pass_minutes(25)
        answer = page.post(reverse("account_stay")).json()
        assert (answer["ok"], answer["user"], len(answer["token"])) == (True, person.pk, 64)
    clock.pass_minutes(31)
    assert page.post(reverse("account_stay")).status_code == 302


def test_no_session_is_longer_than_a_shift(page: Client, clock: Clock) -> None:
    for _ in range(36):
        clock.pass_minutes(20)
        assert page.get(PAGE).status_code == 200
    clock.pass_minutes(1)
    answer = page.get(PAGE)
    assert answer.status_code == 302
    assert "longer than a shift" in page.get(answer.url).content.decode()


def test_signing_in_again_begins_anew(page: Client, person: User, clock: Clock) -> None:
    clock.pass_minutes(12 * 60 + 1)
    page.get(PAGE)
    page.force_login(person, backend=BACKEND)
    assert page.get(PAGE).status_code == 200
    clock.pass_minutes(20)
    assert page.get(PAGE).status_code == 200
    assert "nobody used" not in page.get(reverse("account_login"), follow=True).content.decode()


def test_activity_is_not_written_with_every_request(page: Client, clock: Clock) -> None:
    clock.pass_minutes(0.2)
    before = page.session["active_at"]
    page.get(PAGE)
    assert page.session["active_at"] == before


def test_the_admin_is_behind_the_same_door(client: Client, clock: Clock) -> None:
    client.force_login(UserFactory(role=Role.ADMINISTRATOR, is_staff=True), backend=BACKEND)
    assert client.get("/admin/").status_code == 200
    clock.pass_minutes(16)
    assert client.get("/admin/").status_code == 302


def test_a_change_of_roles_ends_the_session_however_it_was_made(page: Client, person: User) -> None:
    RoleAssignment.objects.filter(user=person).update(role=Role.WARD_NURSE)
    answer = page.get(PAGE)
    assert answer.status_code == 302
    assert "your roles have changed" in page.get(answer.url).content.decode()
    page.force_login(User.objects.get(pk=person.pk), backend=BACKEND)
    assert page.get(PAGE).status_code == 200


def test_a_session_from_before_this_rule_goes_on(page: Client) -> None:
    session = page.session
    del session["roles"]
    session.save()
    assert page.get(PAGE).status_code == 200
    assert page.session["roles"] == [Role.COORDINATOR]


def test_the_shortest_of_several_roles_counts() -> None:
    person = UserFactory(role=Role.COORDINATOR)
    assert idle_limit(person) == timedelta(minutes=IDLE_MINUTES[Role.COORDINATOR])
    RoleAssignment.objects.create(user=person, role=Role.ADMINISTRATOR)
    assert idle_limit(User.objects.get(pk=person.pk)) == timedelta(minutes=15)
    assert idle_limit(UserFactory()) == timedelta(minutes=15)
