"""Set up a screen on a wall, open its link, give it another, take it off."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.audit.models import Event
from accounts.models import RoleAssignment, User
from accounts.permissions import NotAllowedError
from accounts.roles import Role
from scheduling.displays import display_of, hash_of
from scheduling.models import Display
from scheduling.services.displays import create_display, open_display, renew_display, revoke_display
from scheduling.services.errors import InvalidPlanError, NotPossibleError
from tests.factories import SiteFactory, SpecialtyFactory, TheatreFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)
MAY = {Role.MANAGER, Role.ADMINISTRATOR}


@pytest.fixture
def manager(transactional_db: None) -> User:
    return UserFactory(role="manager")


def make(actor: User, **more: object) -> tuple[Display, str]:
    return create_display(actor=actor, **{"name": "Corridor east", "board": "theatres", **more})


def test_a_link_opens_once_and_only_hashes_are_kept(manager: User) -> None:
    display, secret = make(manager)
    key = open_display(secret=secret)
    found = display_of(key)
    assert found == display
    assert (found.key_hash, found.link_hash) == (hash_of(key), None)
    row = " ".join(str(value) for value in Display.objects.values_list().get())
    assert secret not in row
    assert key not in row
    with pytest.raises(NotPossibleError, match="used before"):
        open_display(secret=secret)


@pytest.mark.parametrize("secret", ["", "x", "x" * 5000, "\ud800", "' OR 1=1"])
def test_what_is_no_secret_opens_nothing(manager: User, secret: str) -> None:
    make(manager)
    assert display_of(secret) is None
    with pytest.raises(NotPossibleError):
        open_display(secret=secret)


def test_the_key_is_not_the_link_and_the_link_no_key(manager: User) -> None:
    _, secret = make(manager)
    assert display_of(secret) is None
    key = open_display(secret=secret)
    with pytest.raises(NotPossibleError):
        open_display(secret=key)


def test_a_link_older_than_a_day(manager: User) -> None:
    display, secret = make(manager)
    Display.objects.filter(pk=display.pk).update(link_until=timezone.now() - timedelta(seconds=1))
    with pytest.raises(NotPossibleError):
        open_display(secret=secret)


def test_a_new_link_darkens_the_screen_before(manager: User) -> None:
    display, first = make(manager)
    old = open_display(secret=first)
    _, second = renew_display(actor=manager, display_id=display.pk)
    assert display_of(old) is None
    new = open_display(secret=second)
    assert display_of(new) == display


def test_taken_off_it_opens_nothing_and_stays_so(manager: User) -> None:
    display, secret = make(manager)
    _, unused = make(manager, name="Coffee room")
    key = open_display(secret=secret)
    for one in Display.objects.all():
        done = revoke_display(actor=manager, display_id=one.pk)
        assert (done.revoked_by, done.key_hash, done.link_hash) == (manager, None, None)
    assert display_of(key) is None
    with pytest.raises(NotPossibleError):
        open_display(secret=unused)
    for command in (renew_display, revoke_display):
        with pytest.raises(NotPossibleError, match="taken off already"):
            command(actor=manager, display_id=display.pk)
    with pytest.raises(NotPossibleError, match="does not exist"):
        revoke_display(actor=manager, display_id=10**9)


def test_after_its_last_day(manager: User) -> None:
    today = timezone.localdate()
    display, secret = make(manager, expires_on=today)
    key = open_display(secret=secret)
    assert display_of(key) == display
    Display.objects.update(expires_on=today - timedelta(days=1))
    assert display_of(key) is None
    with pytest.raises(NotPossibleError, match="last day is past"):
        renew_display(actor=manager, display_id=display.pk)


@pytest.mark.parametrize("days", [-1, 10_000])
def test_a_last_day_that_can_t_be_meant(manager: User, days: int) -> None:
    with pytest.raises(InvalidPlanError):
        make(manager, expires_on=timezone.localdate() + timedelta(days=days))
    assert Display.objects.count() == 0


def test_what_can_t_be_a_display(manager: User) -> None:
    site, elsewhere = SiteFactory(), TheatreFactory()
    for wrong in (
        {"name": "  "},
        {"board": "waiting"},
        {"theatre_ids": [10**9]},
        {"site_id": site.pk, "theatre_ids": [elsewhere.pk]},
    ):
        with pytest.raises(InvalidPlanError):
            make(manager, **wrong)
    assert Display.objects.count() == 0


@pytest.mark.parametrize("role", Role)
def test_who_may(role: str, manager: User) -> None:
    actor = UserFactory(role=role)
    display, _ = make(manager)
    if role in MAY:
        make(actor)
        renew_display(actor=actor, display_id=display.pk)
        revoke_display(actor=actor, display_id=display.pk)
        return
    for command in (lambda: make(actor), *_on(display, actor)):
        with pytest.raises(NotAllowedError):
            command()
    assert Display.objects.filter(revoked_at=None).count() == 1


def _on(display: Display, actor: User) -> tuple[object, ...]:
    return (
        lambda: renew_display(actor=actor, display_id=display.pk),
        lambda: revoke_display(actor=actor, display_id=display.pk),
    )


def test_a_role_of_one_site_sets_up_screens_there_only(manager: User) -> None:
    site, actor = SiteFactory(), UserFactory(role="manager")
    RoleAssignment.objects.get(user=actor).sites.add(site)
    make(actor, site_id=site.pk)
    display, _ = make(manager)
    for command in (lambda: make(actor), lambda: make(actor, site_id=SiteFactory().pk), *_on(display, actor)):
        with pytest.raises(PermissionDenied):
            command()


def test_a_role_of_one_specialty_sets_up_none(manager: User) -> None:
    actor = UserFactory(role="manager", role__specialties=[SpecialtyFactory()])
    with pytest.raises(PermissionDenied):
        make(actor)


def test_what_happens_is_on_record_and_no_secret_is(manager: User) -> None:
    display, secret = make(manager)
    key = open_display(secret=secret)
    events = list(Event.objects.filter(table_name="scheduling_display", row_id=str(display.pk)).order_by("id"))
    assert [event.action for event in events] == ["insert", "update"]
    assert (events[1].source, events[1].actor_id) == (f"display:{display.pk}", None)
    assert {events[1].changed[name] for name in ("link_hash", "key_hash")} == {"changed"}
    text = " ".join(str(event.changed) for event in events)
    assert not any(one in text for one in (secret, key, hash_of(secret), hash_of(key)))
