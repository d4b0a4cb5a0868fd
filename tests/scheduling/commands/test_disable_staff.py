"""``disable_staff``: shows what somebody is booked for, switches off, frees nothing."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test import Client
from django.utils import timezone

from accounts.models import User
from resources.models import Shift, Unavailability
from scheduling.models import Reservation, ReservationRole
from tests.factories import UserFactory
from tests.scheduling.world import World

PAGE = "/waiting-list/"


@pytest.fixture
def leaver(world: World) -> User:
    """Return a nurse who leads nothing, with one operation, a shift, leave, and things that are over."""
    user = UserFactory(email="ines@example.org", given_name="Ines", family_name="Carvalho", role="theatre_nurse")
    world.nurse.user = user
    world.nurse.save()
    return user


def disable(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("disable_staff", *arguments, stdout=out)
    return out.getvalue().splitlines()


def days(first: int, last: int | None) -> DateTimeTZRange:
    now = timezone.now()
    return DateTimeTZRange(now + timedelta(days=first), None if last is None else now + timedelta(days=last))


def test_everything_ahead_is_shown_and_nothing_freed(world: World, leaver: User) -> None:
    operation = world.booked(world.at(9), members=[(world.nurse, ReservationRole.SCRUB_NURSE)])
    world.booked(world.at(12), members=[(world.anaesthetist, ReservationRole.ANAESTHETIST)])
    Shift.objects.create(staff_member=world.nurse, period=days(-3, -2))
    Shift.objects.create(staff_member=world.nurse, period=DateTimeTZRange(world.at(8), world.at(16)))
    Unavailability.objects.create(resource=world.nurse, kind="leave", period=days(-3, -2))
    Unavailability.objects.create(resource=world.nurse, kind="leave", period=days(60, None))
    held = Reservation.objects.filter(active=True).count()
    day = f"{world.day:%a %d %b %Y}"

    said = disable("INES@example.org", "--yes")

    assert said[:5] == [
        "Ines Carvalho (ines@example.org), on the schedule as I. Carvalho, from now on:",
        "operation: 1",
        f"  {day} 09:00, Theatre 1, operation {operation.pk}, as scrub nurse",
        "operation to lead that waits for a date: 0",
        "shift: 1",
    ]
    assert said[5:7] == [f"  {day} 08:00 to {day} 16:00", "absence: 1"]
    assert said[7].startswith("  Leave, ")
    assert said[7].endswith(" to …")
    assert said[8:] == ["Switched off, and signed out everywhere. Nothing was freed."]
    assert User.objects.get(pk=leaver.pk).is_active is False
    assert Reservation.objects.filter(active=True).count() == held


def test_a_surgeon_s_waiting_list(world: World, leaver: User) -> None:
    world.surgeon.user, world.nurse.user = leaver, None
    world.nurse.save()
    world.surgeon.save()
    waiting = world.waiting(lead_surgeon=world.surgeon)
    booked = world.booked(world.at(9), lead=world.surgeon)

    said = disable("ines@example.org", "--yes")
    assert said[1:5] == [
        "operation: 1",
        f"  {world.day:%a %d %b %Y} 09:00, Theatre 1, operation {booked.pk}, as lead surgeon",
        "operation to lead that waits for a date: 1",
        f"  operation {waiting.pk}, waiting",
    ]


def test_open_pages_end(leaver: User) -> None:
    client = Client()
    client.force_login(leaver, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(PAGE).status_code == 200
    disable("ines@example.org", "--yes")
    assert client.get(PAGE).status_code == 302


@pytest.mark.parametrize(("answer", "is_active"), [("no\n", True), ("\n", True), ("", True), ("yes\n", False)])
def test_it_asks(leaver: User, monkeypatch: pytest.MonkeyPatch, answer: str, is_active: bool) -> None:  # noqa: FBT001
    monkeypatch.setattr("sys.stdin", StringIO(answer))
    if is_active:
        with pytest.raises(CommandError, match=r"The account stays open\."):
            disable("ines@example.org")
    else:
        disable("ines@example.org")
    assert User.objects.get(pk=leaver.pk).is_active is is_active


def test_somebody_who_is_not_on_the_schedule(db: None) -> None:
    UserFactory(email="clerk@example.org", given_name="Dee", family_name="Walters")
    assert disable("clerk@example.org", "--yes")[0] == (
        "Dee Walters (clerk@example.org) is not linked with a member of staff, so nothing booked can be shown."
    )
    assert disable("clerk@example.org")[-1] == "The account is switched off already."


def test_nobody(db: None) -> None:
    with pytest.raises(CommandError, match=r"Nobody signs in as nobody@example\.org\. Check the address\."):
        disable("nobody@example.org", "--yes")
