"""The team of a session."""

from datetime import time, timedelta
from threading import Thread

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.permissions import NotAllowedError
from resources.models import OwnerKind, SessionStaff, StaffMember, TeamNeed, TheatreSession, Unavailability
from scheduling.models import OperationStaff, ReservationRole
from scheduling.period import Period
from scheduling.selectors.session_team import session_team, week_minutes
from scheduling.services import NotPossibleError
from scheduling.services.session_teams import add_to_team, apply_team, remove_from_team
from tests.factories import (
    ShiftFactory,
    SiteFactory,
    SpecialtyFactory,
    StaffMemberFactory,
    TheatreSessionFactory,
    UserFactory,
)
from tests.scheduling.services.reading import held
from tests.scheduling.services.refusing import refused
from tests.scheduling.views.conftest import client_of
from tests.scheduling.views.test_affected import away
from tests.scheduling.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db: None) -> World:
    """Return the small hospital."""
    return World.make()


@pytest.fixture
def session(world: World) -> TheatreSession:
    """Return a session of the world's day that needs two scrub nurses."""
    TeamNeed.objects.create(profession="scrub_nurse", quantity=2)
    return TheatreSessionFactory(theatre=world.one, day=world.day, specialty=world.specialty)


def nurse(name: str, **fields: object) -> StaffMember:
    return StaffMemberFactory(name=name, profession="scrub_nurse", **fields)


def free(session: TheatreSession) -> list[tuple[str, int]]:
    (post,) = session_team(session)
    return [(one.person.name, one.minutes) for one in post.candidates]


def test_who_is_free_and_trained_the_one_with_the_fewest_minutes_first(world: World, session: TheatreSession) -> None:
    world.booked(world.at(10, days=1), members=[(world.nurse, ReservationRole.SCRUB_NURSE)])
    busy = nurse("A. Busy")
    world.booked(world.at(10), theatre=world.two, members=[(busy, ReservationRole.SCRUB_NURSE)])
    here = nurse("B. Here")
    world.booked(world.at(12), members=[(here, ReservationRole.SCRUB_NURSE)])
    away(world, nurse("C. Away"))
    nurse("D. Gone", in_use=False)
    nurse("E. Off duty", rostered=True)
    on_duty, on_call = nurse("F. On duty", rostered=True), nurse("G. On call", rostered=True)
    for person in (on_duty, on_call):
        ShiftFactory(staff_member=person, on=world.day, ends=time(20), on_call=person == on_call)
    other = TheatreSessionFactory(day=world.day, starts=time(17), ends=time(20))
    SessionStaff.objects.create(session=other, staff_member=nurse("H. Elsewhere"))
    assert free(session) == [("F. On duty", 0), ("B. Here", 80), ("I. Carvalho", 80)]
    TheatreSession.objects.update(owner_kind=OwnerKind.EMERGENCY, specialty=None)
    session.refresh_from_db()
    assert ("G. On call", 0) in free(session)


def test_minutes_of_a_week_count_nothing_twice(world: World, session: TheatreSession) -> None:
    SessionStaff.objects.create(session=session, staff_member=world.nurse)
    world.booked(world.at(10), members=[(world.nurse, ReservationRole.SCRUB_NURSE)])
    later = TheatreSessionFactory(day=world.day + timedelta(days=6))
    SessionStaff.objects.create(session=later, staff_member=world.nurse)
    assert week_minutes([world.nurse.pk], session) == {world.nurse.pk: 600}


def test_add_and_remove_with_one_click(world: World, session: TheatreSession) -> None:
    client, url = client_of(world.coordinator), f"/sessions/{session.pk}/team/"
    assert "2 missing" in client.get(url).content.decode()
    text = client.post(url, {"verb": "add", "person": world.nurse.pk}, follow=True).content.decode()
    assert "I. Carvalho is on the team." in text
    assert "1 missing" in text
    text = client.post(url, {"verb": "add", "person": world.nurse.pk}, follow=True).content.decode()
    assert "I. Carvalho is on this team already." in text
    client.post(url, {"verb": "remove", "person": world.nurse.pk})
    assert SessionStaff.objects.count() == 0
    text = client.post(url, {"verb": "remove", "person": world.nurse.pk}, follow=True).content.decode()
    assert "not on the team any more" in text
    for wrong in ({}, {"verb": "add"}, {"verb": "add", "person": "x"}, {"verb": "add", "person": "999999"}):
        assert client.post(url, wrong).status_code == 302
    assert client.get("/sessions/999999/team/").status_code == 404


def test_nobody_is_on_two_teams_at_once(world: World, session: TheatreSession) -> None:
    other = TheatreSessionFactory(theatre=world.two, day=world.day, starts=time(17), ends=time(20))
    add_to_team(actor=world.coordinator, session_id=other.pk, person_id=world.nurse.pk)
    with refused(NotPossibleError) as error:
        add_to_team(actor=world.coordinator, session_id=session.pk, person_id=world.nurse.pk)
    assert "I. Carvalho is on another team then: Theatre 2, 17:00–20:00." in str(error.value)
    after = TheatreSessionFactory(day=world.day, starts=time(20), ends=time(22))
    add_to_team(actor=world.coordinator, session_id=after.pk, person_id=world.nurse.pk)


def test_what_came_up_since_is_said(world: World, session: TheatreSession) -> None:
    other = TheatreSessionFactory(theatre=world.two, day=world.day, starts=time(18), ends=time(22))
    for one in (session, other):
        add_to_team(actor=world.coordinator, session_id=one.pk, person_id=world.nurse.pk)

    def trouble() -> list[str]:
        return [member.trouble for post in session_team(session) for member in post.members]

    assert trouble() == [""]
    other.period = Period(world.at(12), world.at(22)).as_range()
    other.save()
    assert trouble() == ["also on the team of Theatre 2, 12:00–22:00"]
    other.delete()
    Unavailability.objects.create(
        resource=world.nurse, period=Period(world.at(9), world.at(10)).as_range(), kind="sickness"
    )
    assert trouble() == ["away"]


def test_two_people_at_once_put_somebody_on_one_team(world: World, session: TheatreSession) -> None:
    other = TheatreSessionFactory(theatre=world.two, day=world.day)
    outcomes: list[str] = []

    def run(number: int) -> None:
        try:
            add_to_team(actor=world.coordinator, session_id=number, person_id=world.nurse.pk)
            outcomes.append("done")
        except NotPossibleError:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [Thread(target=run, args=(number,)) for number in (session.pk, other.pk)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "refused"]


def test_who_is_away_and_a_session_that_is_over(world: World, session: TheatreSession) -> None:
    away(world, world.nurse)
    with refused(NotPossibleError):
        add_to_team(actor=world.coordinator, session_id=session.pk, person_id=world.nurse.pk)
    over = TheatreSessionFactory(day=world.day - timedelta(days=60))
    with refused(NotPossibleError):
        add_to_team(actor=world.coordinator, session_id=over.pk, person_id=nurse_of_it(world).pk)


def nurse_of_it(world: World) -> StaffMember:
    return world.nurse


def test_the_team_goes_to_the_operations_that_lack_it(world: World, session: TheatreSession) -> None:
    operation, other = world.booked(world.at(10)), world.booked(world.at(12))
    outside = world.booked(world.at(19))
    for one in (operation, other, outside):
        OperationStaff.objects.create(operation=one, role=ReservationRole.SCRUB_NURSE, quantity=1)
    SessionStaff.objects.create(session=session, staff_member=world.nurse)
    world.booked(world.at(12), theatre=world.two, members=[(world.nurse, ReservationRole.SCRUB_NURSE)])
    applied = apply_team(actor=world.coordinator, session_id=session.pk)
    assert applied.posts == 1
    assert len(applied.refused) == 1
    assert applied.refused[0].startswith(f"Case {other.pk}, I. Carvalho: ")
    assert "scrub_nurse I. Carvalho" in held(operation)
    assert "scrub_nurse I. Carvalho" not in held(outside)
    assert apply_team(actor=world.coordinator, session_id=session.pk).posts == 0


def test_what_is_in_the_way_is_not_named_to_those_who_may_not_see_it(world: World, session: TheatreSession) -> None:
    world.one.site = SiteFactory()
    world.one.save()
    operation = world.booked(world.at(12))
    OperationStaff.objects.create(operation=operation, role=ReservationRole.SCRUB_NURSE, quantity=1)
    SessionStaff.objects.create(session=session, staff_member=world.nurse)
    world.booked(world.at(12), theatre=world.two, members=[(world.nurse, ReservationRole.SCRUB_NURSE)])
    limited = UserFactory(role="coordinator", role__sites=[world.one.site])
    (said,) = apply_team(actor=limited, session_id=session.pk).refused
    assert said.endswith(": another case.")


def test_the_page_tells_what_was_filled(world: World, session: TheatreSession) -> None:
    operation = world.booked(world.at(10))
    OperationStaff.objects.create(operation=operation, role=ReservationRole.SCRUB_NURSE, quantity=1)
    client, url = client_of(world.coordinator), f"/sessions/{session.pk}/team/"
    text = client.post(url, {"verb": "apply"}, follow=True).content.decode()
    assert "The operations lack nobody whom this team has." in text
    SessionStaff.objects.create(session=session, staff_member=world.nurse)
    assert "1 post of the operations filled." in client.post(url, {"verb": "apply"}, follow=True).content.decode()


def test_who_may(world: World, session: TheatreSession) -> None:
    limited = UserFactory(role="theatre_nurse", role__specialties=[SpecialtyFactory()])
    fields = {"session_id": session.pk, "person_id": world.nurse.pk}
    for verb in (add_to_team, remove_from_team):
        with refused(PermissionDenied):
            verb(actor=limited, **fields)
    surgeon = UserFactory(role="surgeon")
    for verb in (add_to_team, remove_from_team):
        with refused(NotAllowedError):
            verb(actor=surgeon, **fields)
    with refused(NotAllowedError):
        apply_team(actor=surgeon, session_id=session.pk)
    with refused(PermissionDenied):
        apply_team(actor=limited, session_id=session.pk)


def test_a_session_that_needs_nobody(world: World, session: TheatreSession) -> None:
    TheatreSession.objects.update(owner_kind="closed", specialty=None)
    session.refresh_from_db()
    assert session_team(session) == []


def test_three_people_take_the_queries_of_one(world: World, session: TheatreSession) -> None:
    client: Client = client_of(world.coordinator)

    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/sessions/{session.pk}/team/")
        return len(captured)

    SessionStaff.objects.create(session=session, staff_member=nurse("A"))
    count()
    one = count()
    for name in "BC":
        SessionStaff.objects.create(session=session, staff_member=nurse(name))
        nurse(name * 2)
    assert count() == one
