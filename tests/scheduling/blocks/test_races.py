"""Two people at once in the block schedule: one of them gets it, nobody waits in a ring, nothing is lost."""

from collections.abc import Callable
from datetime import time, timedelta
from threading import Barrier, Thread
from time import monotonic, sleep
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from resources.models import BlockRelease, BlockTemplate, ReleaseRule, TheatreSession, TimeRequest
from scheduling.services import NotPossibleError
from scheduling.services.releasing import release_time, release_unbooked, undo_release
from scheduling.services.sessions import (
    change_session,
    end_block,
    lay_out,
    lock_session,
    lock_theatres,
    preview_lay_out,
)
from scheduling.services.templates import remove_template, save_template
from scheduling.services.time_requests import approve, claim_time, expire_requests, want_time, withdraw
from tests.factories import (
    BlockTemplateFactory,
    SpecialtyFactory,
    StaffMemberFactory,
    TheatreSessionFactory,
    UserFactory,
)
from tests.scheduling.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db: None) -> World:
    """Return the small hospital."""
    return World.make()


@pytest.fixture
def released(world: World) -> BlockRelease:
    """A surgeon's session that was given up, to everybody by now."""
    world.surgeon.specialties.add(world.specialty)
    world.surgeon.user = UserFactory(role="surgeon")
    world.surgeon.save()
    session = TheatreSessionFactory(theatre=world.one, day=world.day, specialty=world.specialty, surgeon=world.surgeon)
    (found,) = release_time(actor=world.surgeon.user, session_id=session.pk, version=session.version)
    TheatreSession.objects.update(open_from=timezone.now() - timedelta(hours=1))
    return found


def surgeon_of(world: World) -> Any:
    person = StaffMemberFactory(profession="surgeon", user=UserFactory(role="surgeon"))
    person.specialties.add(world.specialty)
    return person


def claim(world: World, release: BlockRelease, who: Any = None) -> TimeRequest:
    return claim_time(
        actor=who.user if who else world.coordinator,
        session_id=release.session_id,
        specialty_id=world.specialty.pk,
        surgeon_id=who.pk if who else None,
    )


def at_once(*commands: Callable[[], object]) -> list[str]:
    """Run the commands side by side, and return in their order whether each was done or refused."""
    gate = Barrier(len(commands))
    outcomes = [""] * len(commands)

    def run(number: int, command: Callable[[], object]) -> None:
        try:
            gate.wait()
            command()
            outcomes[number] = "done"
        except NotPossibleError:
            outcomes[number] = "refused"
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(commands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_of_two_claims_that_are_done_at_once_one_gets_the_time(world: World, released: BlockRelease) -> None:
    outcomes = at_once(lambda: claim(world, released), lambda: claim(world, released))
    assert sorted(outcomes) == ["done", "refused"]
    assert TimeRequest.objects.filter(state="done").count() == 1


def test_of_two_approvals_one_is_carried_out(world: World, released: BlockRelease) -> None:
    claims = [claim(world, released, surgeon_of(world)).pk for _ in range(2)]
    outcomes = at_once(*(lambda pk=pk: approve(actor=world.coordinator, request_id=pk) for pk in claims))
    assert sorted(outcomes) == ["done", "refused"]
    session = TheatreSession.objects.get(pk=released.session_id)
    winner = TimeRequest.objects.get(state="done")
    assert session.surgeon_id == winner.surgeon_id


def test_either_it_is_taken_back_or_it_is_claimed(world: World, released: BlockRelease) -> None:
    outcomes = at_once(
        lambda: undo_release(actor=world.surgeon.user, release_id=released.pk), lambda: claim(world, released)
    )
    assert sorted(outcomes) == ["done", "refused"]
    released.refresh_from_db()
    assert (released.undone_at is None) == (outcomes[0] == "refused")
    assert (released.taken_at is None) == (outcomes[1] == "refused")


def test_an_approval_waits_for_the_theatre_before_it_holds_the_request(world: World, released: BlockRelease) -> None:
    """Else it and the joining of sessions, which moves their requests, would wait for each other."""
    request = claim(world, released, surgeon_of(world))
    outcomes: list[str] = []

    def run() -> None:
        outcomes.extend(at_once(lambda: approve(actor=world.coordinator, request_id=request.pk)))

    thread = Thread(target=run)
    with transaction.atomic():
        session = lock_session(released.session_id)
        thread.start()
        wait_until_somebody_waits()
        session.time_requests.update(note="moved along")  # hangs, or is a deadlock, if the request is held
    thread.join()
    assert outcomes == ["done"]


_WAITING = """
SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()
"""
"""Other databases of the same server are other tests'."""


def wait_until_somebody_waits() -> None:
    deadline = monotonic() + 10
    with connection.cursor() as cursor:
        while monotonic() < deadline:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees who was there at first
            cursor.execute(_WAITING)
            if cursor.fetchone()[0]:
                return
            sleep(0.02)
    pytest.fail("nobody waits for the theatre")


def test_what_is_approved_at_its_last_moment_does_not_expire(world: World, released: BlockRelease) -> None:
    request = claim(world, released, surgeon_of(world))
    TheatreSession.objects.update(day=timezone.localdate() - timedelta(days=1))  # its hours are still to come
    outcomes = at_once(lambda: approve(actor=world.coordinator, request_id=request.pk), expire_requests)
    request.refresh_from_db()
    session = TheatreSession.objects.get(pk=released.session_id)
    assert request.state == ("done" if outcomes[0] == "done" else "expired")
    assert (session.surgeon_id == request.surgeon_id) == (request.state == "done")


def test_a_wish_that_is_sent_twice_is_one(world: World) -> None:
    wish = {"surgeon_id": None, "minutes": 120, "first": world.day, "last": world.day}

    def ask(note: str = "") -> object:
        return want_time(actor=world.coordinator, specialty_id=world.specialty.pk, note=note, **wish)

    assert at_once(ask, ask, ask) == ["done"] * 3
    first = TimeRequest.objects.get()
    assert ask() == first
    assert ask("One more") != first
    withdraw(actor=world.coordinator, request_id=first.pk)
    assert ask() != first


def sessions_of_a_week(world: World) -> list[TheatreSession]:
    """Return three sessions that a rule releases today, in the order in which the hourly task meets them."""
    ReleaseRule.objects.create(days_ahead=90)
    return [
        TheatreSessionFactory(theatre=theatre, day=world.day + timedelta(days=n), specialty=world.specialty)
        for n, theatre in enumerate((world.one, world.one, world.two))
    ]


def test_what_changes_meanwhile_does_not_hold_up_the_release_of_others(world: World) -> None:
    removed, moved, other = sessions_of_a_week(world)
    outcomes: list[str] = []
    thread = Thread(target=lambda: outcomes.extend(at_once(release_unbooked)))
    with transaction.atomic():
        lock_session(removed.pk)
        thread.start()
        wait_until_somebody_waits()
        removed.delete()
        TheatreSession.objects.filter(pk=moved.pk).update(theatre=world.two, version=2)
    thread.join()
    assert outcomes == ["done"]
    assert [release.session_id for release in BlockRelease.objects.all()] == [other.pk]
    assert release_unbooked() == 1  # the one that was moved, the next hour


def impatient(command: Callable[[], object]) -> Callable[[], object]:
    """Return the command with little patience for locks."""

    def run() -> object:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        return command()

    return run


def test_what_is_held_does_not_hold_up_the_release_of_others(world: World) -> None:
    held, _, other = sessions_of_a_week(world)
    with transaction.atomic():
        lock_session(held.pk)
        assert at_once(impatient(release_unbooked)) == ["done"]
    assert [release.session_id for release in BlockRelease.objects.all()] == [other.pk]


def test_a_request_that_is_held_does_not_hold_up_the_others(world: World, released: BlockRelease) -> None:
    requests = [claim(world, released, surgeon_of(world)) for _ in range(3)]
    TheatreSession.objects.update(day=timezone.localdate() - timedelta(days=1))
    with transaction.atomic():
        list(TimeRequest.objects.select_for_update().filter(pk=requests[1].pk))
        assert at_once(impatient(expire_requests)) == ["done"]
    states = [TimeRequest.objects.get(pk=request.pk).state for request in requests]
    assert states == ["expired", "asked", "expired"]


@pytest.mark.parametrize("verb", ["save", "remove"])
def test_a_block_that_is_removed_stays_so(world: World, verb: str) -> None:
    template = BlockTemplateFactory(theatre=world.one, specialty=world.specialty)
    late = BlockTemplate.objects.get(pk=template.pk)
    late.ends = time(17)
    commands = {
        "save": lambda: save_template(actor=world.coordinator, template=late),
        "remove": lambda: remove_template(actor=world.coordinator, template_id=late.pk),
    }
    outcomes: list[str] = []
    thread = Thread(target=lambda: outcomes.extend(at_once(commands[verb])))
    with transaction.atomic():
        lock_theatres([world.one.pk])
        thread.start()
        wait_until_somebody_waits()
        template.delete()
    thread.join()
    assert outcomes == ["refused"]
    assert not BlockTemplate.objects.exists()
    assert at_once(commands[verb]) == ["refused"]
    assert not BlockTemplate.objects.exists()


def test_a_block_that_changes_hands_meanwhile_is_not_taken_over(world: World) -> None:
    """What counts is whose it is once the theatre is held."""
    template = BlockTemplateFactory(theatre=world.one, specialty=world.specialty)
    limited = UserFactory(role="coordinator", role__specialties=[world.specialty])
    late = BlockTemplate.objects.get(pk=template.pk)
    refused: list[bool] = []

    def save() -> None:
        with pytest.raises(PermissionDenied):
            save_template(actor=limited, template=late)
        refused.append(True)

    thread = Thread(target=lambda: at_once(save))
    with transaction.atomic():
        lock_theatres([world.one.pk])
        thread.start()
        wait_until_somebody_waits()
        BlockTemplate.objects.update(specialty=SpecialtyFactory())
    thread.join()
    assert refused == [True]


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_what_the_database_refuses_is_told(world: World) -> None:
    """Who writes by SQL waits for no lock: the constraint has the last word, and it is no broken page."""
    client, answers = signed_in(world.coordinator), []
    fields = {"theatre": world.one.pk, "day": world.day, "starts": "08:00", "ends": "12:00", "owner_kind": "open"}
    address = reverse("scheduling:session-new")
    thread = Thread(target=lambda: at_once(lambda: answers.append(client.post(address, fields))))
    with transaction.atomic():
        TheatreSessionFactory(theatre=world.one, day=world.day)
        thread.start()
        wait_until_somebody_waits()
    thread.join()
    assert [answer.status_code for answer in answers] == [409]
    assert "a moment ago" in answers[0].content.decode()


@pytest.mark.parametrize("verb", ["end", "take back"])
def test_a_session_that_is_removed_meanwhile_leads_to_its_week(world: World, released: BlockRelease, verb: str) -> None:
    session = TheatreSession.objects.get(pk=released.session_id)
    client, answers = signed_in(world.coordinator), []
    address = {
        "end": reverse("scheduling:session-end-block", args=[session.pk]),
        "take back": reverse("scheduling:release-take-back", args=[session.pk, released.pk]),
    }[verb]
    command = lambda: answers.append(client.post(address, {"version": session.version}, follow=True))  # noqa: E731
    thread = Thread(target=lambda: at_once(command))
    with transaction.atomic():
        lock_theatres([world.one.pk])
        thread.start()
        wait_until_somebody_waits()
        session.delete()
    thread.join()
    assert [answer.status_code for answer in answers] == [200]
    assert "not exist any more" in answers[0].content.decode()


def test_the_same_days_are_laid_out_once(world: World) -> None:
    BlockTemplateFactory(theatre=world.one, specialty=world.specialty)
    first, last = world.day, world.day + timedelta(days=20)
    digest = preview_lay_out(world.coordinator, first, last).digest
    outcomes = at_once(
        *(lambda: lay_out(actor=world.coordinator, first=first, last=last, digest=digest) for _ in range(2))
    )
    assert sorted(outcomes) == ["done", "refused"]
    assert TheatreSession.objects.count() == 3


@pytest.mark.parametrize("verb", ["change", "end"])
def test_a_block_in_another_theatre_is_waited_for(world: World, verb: str) -> None:
    """Whoever holds that theatre may be about to change the very block."""
    template = BlockTemplateFactory(theatre=world.one, specialty=world.specialty, weekday=world.day.isoweekday())
    session = TheatreSessionFactory(
        theatre=world.one, day=world.day, specialty=world.specialty, template=template, by_hand=False
    )
    BlockTemplate.objects.update(theatre=world.two)
    outcomes: list[str] = []
    common = {"actor": world.coordinator, "session_id": session.pk, "version": session.version}
    fields = {"scope": "following", "owner": session.owner_fields, "starts": time(8), "ends": time(17)}
    commands = {"change": lambda: change_session(**common, **fields), "end": lambda: end_block(**common)}
    thread = Thread(target=lambda: outcomes.extend(at_once(commands[verb])))
    with transaction.atomic():
        lock_theatres([world.two.pk])
        thread.start()
        wait_until_somebody_waits()
        TheatreSession.objects.update(version=7)
    thread.join()
    assert outcomes == ["refused"]
