"""Time that is given up: what, to whom, back again, and by itself."""

from datetime import time, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from resources.models import (
    BlockRelease,
    ReleaseRule,
    SurgeonGroup,
    TheatreSession,
    TimeRequest,
)
from scheduling.conflicts import find_conflicts
from scheduling.opening import span
from scheduling.period import Period
from scheduling.plan import Plan
from scheduling.selectors.blocks.open_time import SHOWN, OpenTimeFilter, open_time
from scheduling.selectors.blocks.releases import about_to_be_released, releases
from scheduling.selectors.blocks.time_requests import time_requests
from scheduling.services import InvalidPlanError, NotPossibleError
from scheduling.services.releasing import release_time, release_unbooked, undo_release
from scheduling.services.sessions import change_session
from scheduling.services.time_requests import (
    agree,
    approve,
    claim_time,
    decline,
    expire_requests,
    offer_time,
    swap_time,
    want_time,
    withdraw,
)
from scheduling.slots import find_free_slots
from scheduling.tasks import keep_blocks
from tests.factories import SpecialtyFactory, StaffMemberFactory, TheatreSessionFactory, UserFactory
from tests.scheduling.conflicts.saying import soft
from tests.scheduling.world import World, plan_for

pytestmark = pytest.mark.django_db


def rules_of(plan: Plan) -> set[str]:
    """Return the names of the soft rules that speak against a plan."""
    return {rule for rule, _ in soft(plan)}


def surgeon_of(specialty: Any) -> Any:
    """Return a surgeon of a specialty who may sign in."""
    person = StaffMemberFactory(profession="surgeon", user=UserFactory(role="surgeon"))
    person.specialties.add(specialty)
    return person


def grant_specialties(user: Any) -> frozenset[int]:
    """Return the numbers of the specialties to which somebody's roles are limited."""
    return frozenset().union(*(grant.specialties for grant in user.grants))


@pytest.fixture
def session(world: World) -> TheatreSession:
    """A surgeon's own session of the first theatre, 8 to 18."""
    world.surgeon.specialties.add(world.specialty)
    world.surgeon.user = UserFactory(role="surgeon")
    world.surgeon.save()
    return TheatreSessionFactory(theatre=world.one, day=world.day, specialty=world.specialty, surgeon=world.surgeon)


def give_up(world: World, session: TheatreSession, **more: Any) -> list[BlockRelease]:
    return release_time(actor=world.surgeon.user, session_id=session.pk, version=session.version, **more)


def spans(world: World) -> list[tuple[str, str]]:
    rows = TheatreSession.objects.filter(theatre=world.one).order_by("period")
    return [(str(Period.of(row.period)), row.owner_kind) for row in rows]


def test_the_whole_goes_to_the_specialty_and_then_to_everybody(world: World, session: TheatreSession) -> None:
    (release,) = give_up(world, session, reason="Conference")
    session.refresh_from_db()
    assert (session.owner_kind, session.specialty, session.surgeon) == ("specialty", world.specialty, None)
    assert session.open_from == pytest.approx(timezone.now() + timedelta(days=2), abs=timedelta(minutes=1))
    assert (release.owner_kind, release.surgeon, release.by, release.reason) == (
        "surgeon",
        world.surgeon,
        world.surgeon.user,
        "Conference",
    )
    assert release.lead_days == (world.day - timezone.localdate()).days
    own, eyes = world.waiting(), world.waiting(specialty=SpecialtyFactory())
    assert "outside_block" not in rules_of(plan_for(own, world.one, world.at(9)))
    assert "outside_block" in rules_of(plan_for(eyes, world.one, world.at(9)))
    TheatreSession.objects.update(open_from=timezone.now() - timedelta(seconds=1))
    assert "outside_block" not in rules_of(plan_for(eyes, world.one, world.at(9)))


def test_a_specialtys_time_goes_to_everybody_at_once(world: World, session: TheatreSession) -> None:
    TheatreSession.objects.update(owner_kind="specialty", surgeon=None)
    give_up(world, session)
    assert spans(world) == [("08:00–18:00", "open")]


def test_what_is_booked_stays_with_the_owner(world: World, session: TheatreSession) -> None:
    booked = world.booked(world.at(10), lead=world.surgeon)
    held = Period.of(booked.period).widened(before=booked.set_up_minutes, after=booked.clean_up_minutes)
    found = give_up(world, session)
    after = spans(world)
    assert [kind for _, kind in after] == ["specialty", "surgeon", "specialty"]
    assert len(found) == 2
    mine = TheatreSession.objects.get(owner_kind="surgeon")
    assert Period.of(mine.period) == held
    plan = plan_for(booked, world.one, world.at(10), (world.surgeon, "lead_surgeon"))
    assert rules_of(plan) & {"outside_block", "over_session"} == set()


def test_a_part(world: World, session: TheatreSession) -> None:
    give_up(world, session, part=span(world.day, time(13), time(18)))
    assert spans(world) == [("08:00–13:00", "surgeon"), ("13:00–18:00", "specialty")]


def test_a_part_outside_is_refused(world: World, session: TheatreSession) -> None:
    with pytest.raises(InvalidPlanError, match="outside the session"):
        give_up(world, session, part=span(world.day, time(17), time(19)))


def test_nothing_long_enough_is_left(world: World, session: TheatreSession) -> None:
    ReleaseRule.objects.create(days_ahead=7, shortest_minutes=601)
    with pytest.raises(InvalidPlanError, match="Nothing is left"):
        give_up(world, session)
    assert spans(world) == [("08:00–18:00", "surgeon")]


def test_twice_is_refused(world: World, session: TheatreSession) -> None:
    give_up(world, session)
    session.refresh_from_db()
    with pytest.raises(NotPossibleError):
        give_up(world, session)
    assert BlockRelease.objects.count() == 1


def test_only_its_owner_and_who_runs_the_schedule(world: World, session: TheatreSession) -> None:
    stranger = surgeon_of(SpecialtyFactory()).user
    with pytest.raises(PermissionDenied):
        release_time(actor=stranger, session_id=session.pk, version=1)
    colleague = surgeon_of(world.specialty).user
    with pytest.raises(PermissionDenied):  # it is one surgeon's own
        release_time(actor=colleague, session_id=session.pk, version=1)
    with pytest.raises(PermissionDenied):
        release_time(actor=UserFactory(role="ward_nurse"), session_id=session.pk, version=1)
    assert release_time(actor=world.coordinator, session_id=session.pk, version=1)


def test_one_of_a_group_may(world: World) -> None:
    group = SurgeonGroup.objects.create(name="Firm")
    member = surgeon_of(SpecialtyFactory())
    group.members.add(member)
    session = TheatreSessionFactory(theatre=world.one, day=world.day, owner_kind="group", specialty=None, group=group)
    operation = world.waiting(lead_surgeon=member)
    assert "outside_block" not in rules_of(plan_for(operation, world.one, world.at(9), (member, "lead_surgeon")))
    assert "outside_block" in rules_of(plan_for(world.waiting(), world.one, world.at(9)))
    assert release_time(actor=member.user, session_id=session.pk, version=1)


class TestTakingBack:
    """While nobody has filled it."""

    def test_the_owner_has_it_whole_again(self, world: World, session: TheatreSession) -> None:
        (release,) = give_up(world, session, part=span(world.day, time(13), time(18)))
        undo_release(actor=world.surgeon.user, release_id=release.pk)
        assert spans(world) == [("08:00–18:00", "surgeon")]
        release.refresh_from_db()
        assert release.undone_by == world.surgeon.user
        with pytest.raises(NotPossibleError, match="already"):
            undo_release(actor=world.surgeon.user, release_id=release.pk)

    def test_others_have_filled_it(self, world: World, session: TheatreSession) -> None:
        (release,) = give_up(world, session)
        TheatreSession.objects.update(open_from=timezone.now())
        world.booked(world.at(10), specialty=SpecialtyFactory())
        with pytest.raises(NotPossibleError, match="1 operation of others"):
            undo_release(actor=world.surgeon.user, release_id=release.pk)

    def test_the_owners_own_operation_does_not_count(self, world: World, session: TheatreSession) -> None:
        (release,) = give_up(world, session)
        world.booked(world.at(10), lead=world.surgeon)
        undo_release(actor=world.surgeon.user, release_id=release.pk)
        assert spans(world) == [("08:00–18:00", "surgeon")]

    def test_somebody_has_claimed_it(self, world: World, session: TheatreSession) -> None:
        (release,) = give_up(world, session)
        claim_time(actor=world.coordinator, session_id=session.pk, specialty_id=world.specialty.pk)
        with pytest.raises(NotPossibleError, match="given to somebody else"):
            undo_release(actor=world.surgeon.user, release_id=release.pk)

    def test_what_was_released_by_itself_is_kept_then(self, world: World, session: TheatreSession) -> None:
        ReleaseRule.objects.create(days_ahead=90)
        assert release_unbooked() == 1
        undo_release(actor=world.surgeon.user, release_id=BlockRelease.objects.get().pk)
        assert release_unbooked() == 0
        assert spans(world) == [("08:00–18:00", "surgeon")]

    def test_what_was_asked_about_a_part_expires_when_it_is_joined(self, world: World, session: TheatreSession) -> None:
        (release,) = give_up(world, session, part=span(world.day, time(12), time(13)))
        before, given_up, after = TheatreSession.objects.order_by("period")
        TheatreSession.objects.filter(pk=after.pk).update(version=3)  # as many changes as the joined one will have
        colleague = surgeon_of(world.specialty)
        asked = [
            offer_time(actor=world.surgeon.user, session_id=part.pk, version=version, surgeon_id=colleague.pk)
            for part, version in ((before, 2), (after, 3))
        ]
        theirs = TheatreSessionFactory(theatre=world.two, day=world.day, specialty=world.specialty, surgeon=colleague)
        asked.append(swap_time(actor=colleague.user, session_id=theirs.pk, version=1, other_id=after.pk))
        asked.append(claim_time(actor=colleague.user, session_id=given_up.pk, specialty_id=world.specialty.pk))
        for request in asked[:2]:
            agree(actor=colleague.user, request_id=request.pk)
        whole = undo_release(actor=world.surgeon.user, release_id=release.pk)
        assert spans(world) == [("08:00–18:00", "surgeon")]
        for request in asked:
            request.refresh_from_db()
            assert (request.state, request.decided_by) == ("expired", None)
            assert "part of a longer session" in request.answer
            assert whole.pk in (request.session_id, request.other_id)  # it stays in the history of the session
            with pytest.raises(NotPossibleError, match="expired already"):
                approve(actor=world.coordinator, request_id=request.pk)

    def test_a_session_with_a_note_of_its_own_is_not_joined(self, world: World, session: TheatreSession) -> None:
        """Two sessions that were added by hand, not parts of one."""
        fields = {"theatre": world.one, "day": world.day, "specialty": world.specialty, "surgeon": world.surgeon}
        TheatreSessionFactory(**fields, starts=time(18), ends=time(20), note="Without a robot")
        (release,) = give_up(world, session)
        undo_release(actor=world.surgeon.user, release_id=release.pk)
        assert spans(world) == [("08:00–18:00", "surgeon"), ("18:00–20:00", "surgeon")]

    @pytest.mark.parametrize("by_hand_last", [True, False])
    def test_what_is_kept_stays_so_when_parts_are_joined(
        self,
        world: World,
        session: TheatreSession,
        by_hand_last: bool,  # noqa: FBT001
    ) -> None:
        (by_hand,) = give_up(world, session, part=span(world.day, time(13), time(18)))
        ReleaseRule.objects.create(days_ahead=90)
        assert release_unbooked() == 1
        by_itself = BlockRelease.objects.get(by=None)
        for release in (by_itself, by_hand) if by_hand_last else (by_hand, by_itself):
            undo_release(actor=world.surgeon.user, release_id=release.pk)
        assert spans(world) == [("08:00–18:00", "surgeon")]
        assert release_unbooked() == 0

    @pytest.mark.parametrize("way", ["changed", "offered"])
    def test_what_one_owner_keeps_is_not_kept_for_the_next(
        self, world: World, session: TheatreSession, way: str
    ) -> None:
        ReleaseRule.objects.create(days_ahead=90)
        TheatreSession.objects.update(kept=True)
        colleague = surgeon_of(world.specialty)
        if way == "offered":
            request = offer_time(actor=world.surgeon.user, session_id=session.pk, version=1, surgeon_id=colleague.pk)
            agree(actor=colleague.user, request_id=request.pk)
            approve(actor=world.coordinator, request_id=request.pk)
        else:
            change_to(world, session, {**session.owner_fields, "surgeon_id": colleague.pk})
        assert release_unbooked() == 1

    def test_its_owner_keeps_it_at_other_hours(self, world: World, session: TheatreSession) -> None:
        ReleaseRule.objects.create(days_ahead=90)
        TheatreSession.objects.update(kept=True)
        change_to(world, session, session.owner_fields)
        assert release_unbooked() == 0


def change_to(world: World, session: TheatreSession, owner: dict[str, Any]) -> None:
    """Give a session to somebody, from 9 to 17."""
    hours = {"starts": time(9), "ends": time(17)}
    change_session(actor=world.coordinator, session_id=session.pk, version=1, scope="one", owner=owner, **hours)


class TestByItself:
    """So many days before, what nobody booked."""

    def ahead(self, world: World) -> int:
        return (world.day - timezone.localdate()).days

    @pytest.mark.parametrize(("more", "count"), [(-1, 0), (0, 1), (1, 1)])
    def test_on_the_day_of_the_rule(self, world: World, session: TheatreSession, more: int, count: int) -> None:
        ReleaseRule.objects.create(days_ahead=self.ahead(world) + more)
        assert keep_blocks() == (count, 0)
        assert BlockRelease.objects.filter(by=None, timely=False).count() == count

    def test_a_rule_of_its_own_goes_first(self, world: World, session: TheatreSession) -> None:
        ReleaseRule.objects.create(days_ahead=90)
        ReleaseRule.objects.create(specialty=world.specialty, days_ahead=None)
        assert release_unbooked() == 0

    def test_without_a_rule_never(self, world: World, session: TheatreSession) -> None:
        assert release_unbooked() == 0

    def test_notice_comes_before(self, world: World, session: TheatreSession) -> None:
        ReleaseRule.objects.create(days_ahead=self.ahead(world) - 3, notice_days=3)
        (coming,) = about_to_be_released(world.surgeon.user)
        assert (coming.session, coming.on, coming.minutes) == (session, timezone.localdate() + timedelta(days=3), 600)
        assert about_to_be_released(surgeon_of(SpecialtyFactory()).user) == []
        assert about_to_be_released(world.surgeon.user, today=timezone.localdate() - timedelta(days=1)) == []

    def test_twice_a_night_does_it_once(self, world: World, session: TheatreSession) -> None:
        ReleaseRule.objects.create(days_ahead=90)
        assert (release_unbooked(), release_unbooked()) == (1, 0)


def test_lead_fill_and_credit(world: World, session: TheatreSession) -> None:
    give_up(world, session)
    TheatreSession.objects.update(open_from=timezone.now())
    filling = world.booked(world.at(10), specialty=SpecialtyFactory())
    (row,), (summed,) = releases(timezone.localdate(), world.day)
    assert (row.minutes, row.filled, row.cases) == (600, filling.in_room_minutes, 1)
    assert (summed.owner, summed.credit, summed.share) == (
        f"{world.specialty} · {world.surgeon}",
        600,
        round(100 * filling.in_room_minutes / 600),
    )
    assert releases(world.day + timedelta(days=1), world.day + timedelta(days=9)) == ([], [])


def test_free_slots_agree_with_the_rules_about_open_time(world: World, session: TheatreSession) -> None:
    eyes = world.waiting(specialty=SpecialtyFactory())
    look = {"start": world.at(8), "end": world.at(17), "theatre_ids": [world.one.pk]}
    assert find_free_slots(eyes, **look) == []
    for kind, found in (("open", 1), ("on_hold", 0), ("closed", 0), ("emergency", 0)):
        TheatreSession.objects.update(owner_kind=kind, specialty=None, surgeon=None, open_from=None)
        slots = find_free_slots(eyes, **look)
        assert len(slots) == found, kind
        plan = plan_for(eyes, world.one, world.at(8))
        assert ("outside_block" in rules_of(plan)) is (found == 0)
    assert all(conflict.rule != "outside_block" for conflict in find_conflicts(plan_for(eyes, world.two, world.at(8))))


class TestAsking:
    """Claim, offer, exchange and wanted time."""

    def test_a_claim_waits_for_the_approval(self, world: World, session: TheatreSession) -> None:
        give_up(world, session)
        colleague = surgeon_of(world.specialty)
        request = claim_time(
            actor=colleague.user, session_id=session.pk, specialty_id=world.specialty.pk, surgeon_id=colleague.pk
        )
        assert request.state == "asked"
        with pytest.raises(PermissionDenied):
            approve(actor=colleague.user, request_id=request.pk)
        assert [one.may_approve for one in time_requests(world.coordinator)] == [True]
        approve(actor=world.coordinator, request_id=request.pk)
        session.refresh_from_db()
        assert (session.owner_kind, session.surgeon, session.open_from) == ("surgeon", colleague, None)
        with pytest.raises(NotPossibleError, match="done already"):
            approve(actor=world.coordinator, request_id=request.pk)

    def test_another_specialty_waits_its_turn(self, world: World, session: TheatreSession) -> None:
        give_up(world, session)
        stranger = surgeon_of(SpecialtyFactory())
        claim = {"actor": stranger.user, "session_id": session.pk, "specialty_id": stranger.specialties.get().pk}
        with pytest.raises(NotPossibleError, match="not open"):
            claim_time(**claim)
        TheatreSession.objects.update(open_from=timezone.now())
        assert claim_time(**claim).state == "asked"
        with pytest.raises(NotPossibleError, match="asked for this already"):
            claim_time(**claim)

    def test_of_two_claims_one_gets_it(self, world: World, session: TheatreSession) -> None:
        give_up(world, session)
        asked = [
            claim_time(actor=surgeon_of(world.specialty).user, session_id=session.pk, specialty_id=world.specialty.pk)
            for _ in "12"
        ]
        approve(actor=world.coordinator, request_id=asked[0].pk)
        with pytest.raises(NotPossibleError, match="changed since"):
            approve(actor=world.coordinator, request_id=asked[1].pk)

    def test_who_runs_one_specialty_waits_for_the_approval_of_open_time(self, world: World) -> None:
        limited = UserFactory(role="coordinator", role__specialties=[world.specialty])
        open_session = TheatreSessionFactory(theatre=world.one, day=world.day, owner_kind="open", specialty=None)
        request = claim_time(actor=limited, session_id=open_session.pk, specialty_id=world.specialty.pk)
        assert request.state == "asked"
        with pytest.raises(PermissionDenied):
            approve(actor=limited, request_id=request.pk)
        assert [one.may_approve for one in time_requests(limited)] == [False]
        assert approve(actor=world.coordinator, request_id=request.pk).state == "done"

    def test_one_asks_for_ones_own_specialties(self, world: World, session: TheatreSession) -> None:
        give_up(world, session)
        stranger = surgeon_of(SpecialtyFactory())
        with pytest.raises(PermissionDenied):
            claim_time(actor=stranger.user, session_id=session.pk, specialty_id=world.specialty.pk)
        with pytest.raises(InvalidPlanError, match="does not work"):
            claim_time(
                actor=world.coordinator,
                session_id=session.pk,
                specialty_id=world.specialty.pk,
                surgeon_id=stranger.pk,
            )

    def test_an_offer_is_agreed_and_approved(self, world: World, session: TheatreSession) -> None:
        colleague = surgeon_of(world.specialty)
        request = offer_time(actor=world.surgeon.user, session_id=session.pk, version=1, surgeon_id=colleague.pk)
        with pytest.raises(NotPossibleError, match="not agreed yet"):
            approve(actor=world.coordinator, request_id=request.pk)
        with pytest.raises(PermissionDenied):
            agree(actor=world.surgeon.user, request_id=request.pk)
        agree(actor=colleague.user, request_id=request.pk)
        approve(actor=world.coordinator, request_id=request.pk)
        session.refresh_from_db()
        assert session.surgeon == colleague

    def test_an_exchange(self, world: World, session: TheatreSession) -> None:
        colleague = surgeon_of(SpecialtyFactory())
        theirs = TheatreSessionFactory(
            theatre=world.one,
            day=world.day,
            starts=time(18),
            ends=time(20),
            specialty=colleague.specialties.get(),
            surgeon=colleague,
        )
        request = swap_time(actor=world.surgeon.user, session_id=session.pk, version=1, other_id=theirs.pk)
        agree(actor=colleague.user, request_id=request.pk)
        approve(actor=world.coordinator, request_id=request.pk)
        session.refresh_from_db()
        theirs.refresh_from_db()
        assert (session.surgeon, theirs.surgeon) == (colleague, world.surgeon)

    def test_an_exchange_of_what_is_gone_is_refused(self, world: World, session: TheatreSession) -> None:
        colleague = surgeon_of(world.specialty)
        theirs = TheatreSessionFactory(theatre=world.two, day=world.day, specialty=world.specialty, surgeon=colleague)
        request = swap_time(actor=world.surgeon.user, session_id=session.pk, version=1, other_id=theirs.pk)
        agree(actor=colleague.user, request_id=request.pk)
        release_time(actor=world.surgeon.user, session_id=session.pk, version=1)
        with pytest.raises(NotPossibleError, match="not what it was"):
            approve(actor=world.coordinator, request_id=request.pk)

    def test_an_offer_of_what_was_given_away_since_is_refused(self, world: World, session: TheatreSession) -> None:
        first, second = surgeon_of(world.specialty), surgeon_of(world.specialty)
        requests = [
            offer_time(actor=actor, session_id=session.pk, version=1, surgeon_id=to.pk)
            for actor, to in ((world.surgeon.user, first), (world.coordinator, second))
        ]
        for request, to in zip(requests, (first, second), strict=True):
            agree(actor=to.user, request_id=request.pk)
        approve(actor=world.coordinator, request_id=requests[0].pk)
        with pytest.raises(NotPossibleError, match="not what it was"):
            approve(actor=world.coordinator, request_id=requests[1].pk)
        session.refresh_from_db()
        assert session.surgeon == first

    @pytest.mark.parametrize("what", ["left", "works elsewhere"])
    @pytest.mark.parametrize("kind", ["claim", "offer", "wanted"])
    def test_who_is_not_there_any_more_gets_nothing(
        self, world: World, session: TheatreSession, kind: str, what: str
    ) -> None:
        colleague = surgeon_of(world.specialty)
        whom = {"specialty_id": world.specialty.pk, "surgeon_id": colleague.pk}
        open_one = TheatreSessionFactory(theatre=world.two, day=world.day, owner_kind="open", specialty=None)
        days = {"minutes": 60, "first": world.day, "last": world.day}
        asked = {
            "claim": lambda: claim_time(actor=colleague.user, session_id=open_one.pk, **whom),
            "offer": lambda: offer_time(
                actor=world.surgeon.user, session_id=session.pk, version=1, surgeon_id=colleague.pk
            ),
            "wanted": lambda: want_time(actor=colleague.user, **whom, **days),
        }
        request = asked[kind]()
        if kind == "offer":
            agree(actor=colleague.user, request_id=request.pk)
        if what == "left":
            type(colleague).objects.filter(pk=colleague.pk).update(in_use=False)
        else:
            colleague.specialties.set([SpecialtyFactory()])
        with pytest.raises(NotPossibleError, match="Things have changed"):
            approve(actor=world.coordinator, request_id=request.pk, session_id=open_one.pk)

    def test_what_was_released_is_claimed_not_exchanged(self, world: World, session: TheatreSession) -> None:
        give_up(world, session)
        colleague = surgeon_of(SpecialtyFactory())
        mine = TheatreSessionFactory(
            theatre=world.two, day=world.day, specialty=colleague.specialties.get(), surgeon=colleague
        )
        with pytest.raises(InvalidPlanError, match="claim it instead"):
            swap_time(actor=colleague.user, session_id=mine.pk, version=1, other_id=session.pk)

    def test_a_session_that_is_over_is_not_approved(self, world: World, session: TheatreSession) -> None:
        give_up(world, session)
        request = claim_time(
            actor=surgeon_of(world.specialty).user, session_id=session.pk, specialty_id=world.specialty.pk
        )
        yesterday = timezone.localdate() - timedelta(days=1)
        TheatreSession.objects.update(day=yesterday, period=span(yesterday, time(8), time(18)).as_range())
        with pytest.raises(NotPossibleError, match="over"):
            approve(actor=world.coordinator, request_id=request.pk)

    def test_a_request_outlives_its_session(self, world: World, session: TheatreSession) -> None:
        colleague = surgeon_of(world.specialty)
        request = offer_time(actor=world.surgeon.user, session_id=session.pk, version=1, surgeon_id=colleague.pk)
        session.delete()
        assert [one.request for one in time_requests(world.surgeon.user)] == [request]
        agree(actor=colleague.user, request_id=request.pk)
        with pytest.raises(NotPossibleError, match="does not exist"):
            approve(actor=world.coordinator, request_id=request.pk)
        assert expire_requests() == 1

    def test_wanted_time_is_found_and_given(self, world: World, session: TheatreSession) -> None:
        today = timezone.localdate()
        request = want_time(
            actor=world.surgeon.user,
            specialty_id=world.specialty.pk,
            surgeon_id=world.surgeon.pk,
            minutes=300,
            first=today,
            last=world.day,
        )
        assert [one.found for one in time_requests(world.coordinator)] == [[]]
        open_one = TheatreSessionFactory(theatre=world.two, day=world.day, owner_kind="open", specialty=None)
        TheatreSessionFactory(
            theatre=world.two, day=world.day, owner_kind="open", specialty=None, starts=time(18), ends=time(20)
        )
        ((found,),) = [one.found for one in time_requests(world.coordinator)]
        assert found.session == open_one
        with pytest.raises(InvalidPlanError, match="Choose the session"):
            approve(actor=world.coordinator, request_id=request.pk)
        approve(actor=world.coordinator, request_id=request.pk, session_id=open_one.pk)
        open_one.refresh_from_db()
        assert open_one.surgeon == world.surgeon

    def test_wishes_are_for_those_who_run_the_specialtys_time(self, world: World, session: TheatreSession) -> None:
        limited = UserFactory(role="coordinator", role__specialties=[SpecialtyFactory()])
        want = {"minutes": 300, "first": world.day, "last": world.day, "surgeon_id": None}
        with pytest.raises(PermissionDenied):
            want_time(actor=limited, specialty_id=world.specialty.pk, **want)
        request = want_time(actor=world.surgeon.user, specialty_id=world.specialty.pk, **want)
        assert time_requests(limited) == []
        with pytest.raises(PermissionDenied):
            decline(actor=limited, request_id=request.pk, answer="No")
        theirs = TheatreSessionFactory(
            theatre=world.two, day=world.day, specialty_id=min(grant_specialties(limited)), open_from=timezone.now()
        )
        with pytest.raises(PermissionDenied):
            approve(actor=limited, request_id=request.pk, session_id=theirs.pk)
        running = UserFactory(role="coordinator", role__specialties=[world.specialty])
        assert want_time(actor=running, specialty_id=world.specialty.pk, **want).state == "asked"
        assert decline(actor=running, request_id=request.pk, answer="Full").state == "declined"

    def test_an_offer_without_its_session_is_not_everybodys_to_decline(
        self, world: World, session: TheatreSession
    ) -> None:
        request = offer_time(
            actor=world.surgeon.user, session_id=session.pk, version=1, surgeon_id=surgeon_of(world.specialty).pk
        )
        session.delete()
        limited = UserFactory(role="coordinator", role__specialties=[SpecialtyFactory()])
        with pytest.raises(PermissionDenied):
            decline(actor=limited, request_id=request.pk, answer="No")

    @pytest.mark.parametrize("what", ["shorter by now", "another day"])
    def test_wanted_time_is_long_enough_and_on_the_days(self, world: World, what: str) -> None:
        request = want_time(
            actor=world.coordinator,
            specialty_id=world.specialty.pk,
            surgeon_id=None,
            minutes=300,
            first=world.day - timedelta(days=1),
            last=world.day,
        )
        late = what == "another day"
        open_one = TheatreSessionFactory(
            theatre=world.two,
            day=world.day + timedelta(days=late),
            ends=time(18) if late else time(12),
            owner_kind="open",
            specialty=None,
        )
        with pytest.raises(NotPossibleError, match="wanted"):
            approve(actor=world.coordinator, request_id=request.pk, session_id=open_one.pk)
        open_one.refresh_from_db()
        assert open_one.owner_kind == "open"

    def test_the_many_requests_of_others_do_not_crowd_out_ones_own(self, world: World, session: TheatreSession) -> None:
        colleague = surgeon_of(world.specialty)
        theirs = TheatreSessionFactory(theatre=world.two, day=world.day, specialty=colleague.specialties.get())
        mine = [
            offer_time(actor=world.surgeon.user, session_id=session.pk, version=1, surgeon_id=colleague.pk),
            swap_time(actor=world.surgeon.user, session_id=session.pk, version=1, other_id=theirs.pk),
        ]
        TimeRequest.objects.bulk_create(
            TimeRequest(
                kind="wanted", specialty=world.specialty, asked_by=world.coordinator, asked_at=timezone.now(), minutes=n
            )
            for n in range(SHOWN)
        )
        for viewer in (world.surgeon.user, colleague.user):
            assert {one.request.pk for one in time_requests(viewer)} == {one.pk for one in mine}
            assert time_requests(viewer, closed=True) == []
        TimeRequest.objects.update(state="declined")
        for viewer in (world.surgeon.user, colleague.user):
            assert {one.request.pk for one in time_requests(viewer, closed=True)} == {one.pk for one in mine}

    @pytest.mark.parametrize(("first", "last"), [(-1, 5), (5, 4), (0, 500)])
    def test_days_that_make_no_sense(self, world: World, session: TheatreSession, first: int, last: int) -> None:
        today = timezone.localdate()
        with pytest.raises(InvalidPlanError):
            want_time(
                actor=world.coordinator,
                specialty_id=world.specialty.pk,
                surgeon_id=None,
                minutes=60,
                first=today + timedelta(days=first),
                last=today + timedelta(days=last),
            )

    def test_no_needs_a_reason_and_one_withdraws_ones_own(self, world: World, session: TheatreSession) -> None:
        colleague = surgeon_of(world.specialty)
        request = offer_time(actor=world.surgeon.user, session_id=session.pk, version=1, surgeon_id=colleague.pk)
        with pytest.raises(InvalidPlanError, match="Say why"):
            decline(actor=colleague.user, request_id=request.pk, answer=" ")
        with pytest.raises(PermissionDenied):
            withdraw(actor=colleague.user, request_id=request.pk)
        with pytest.raises(PermissionDenied):
            decline(actor=surgeon_of(world.specialty).user, request_id=request.pk, answer="No")
        assert decline(actor=colleague.user, request_id=request.pk, answer="On leave").answer == "On leave"
        with pytest.raises(NotPossibleError):
            withdraw(actor=world.surgeon.user, request_id=request.pk)

    def test_what_nobody_answers_expires(self, world: World, session: TheatreSession) -> None:
        request = offer_time(
            actor=world.surgeon.user, session_id=session.pk, version=1, surgeon_id=surgeon_of(world.specialty).pk
        )
        assert expire_requests() == 0
        TheatreSession.objects.update(day=timezone.localdate() - timedelta(days=1))
        assert expire_requests() == 1
        assert TimeRequest.objects.get(pk=request.pk).state == "expired"


def test_the_lists_take_as_many_queries_for_three_rows_as_for_one(
    world: World, session: TheatreSession, django_assert_num_queries: Any
) -> None:
    wanted = OpenTimeFilter(first=timezone.localdate(), last=world.day)
    colleague = surgeon_of(world.specialty)

    def three(n: int) -> None:
        for _ in range(n):
            day = world.day + timedelta(days=TheatreSession.objects.count())
            TheatreSessionFactory(theatre=world.two, day=day, owner_kind="open", specialty=None)
            mine = TheatreSessionFactory(theatre=world.one, day=day, specialty=world.specialty, surgeon=world.surgeon)
            offer_time(actor=world.surgeon.user, session_id=mine.pk, version=1, surgeon_id=colleague.pk)

    def counted() -> list[int]:

        found = []
        for viewer in (world.coordinator, colleague.user):
            viewer = type(viewer).objects.get(pk=viewer.pk)  # noqa: PLW2901  # what it knows is read again
            for ask in (
                lambda who: open_time(who, wanted),
                time_requests,
                about_to_be_released,
                lambda _: releases(timezone.localdate(), world.day + timedelta(days=60)),
            ):
                with CaptureQueriesContext(
                    connection,
                ) as queries:
                    ask(viewer)
                found.append(len(queries))
        return found

    ReleaseRule.objects.create(days_ahead=90)
    three(1)
    release_unbooked()
    one = counted()
    three(3)
    release_unbooked()
    assert counted() == one
