"""A block that is changed or ended from one of its sessions, when block and session do not agree any more."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.models import User
from resources.models import BlockTemplate, Specialty, TheatreSession
from scheduling.services import InvalidPlanError, NotPossibleError
from scheduling.services.releasing import release_time
from scheduling.services.sessions import change_session, end_block, lay_out, preview_lay_out
from tests.factories import BlockTemplateFactory, SiteFactory, SpecialtyFactory, TheatreFactory, UserFactory

pytestmark = pytest.mark.django_db

SCOPES = pytest.mark.parametrize("scope", ["following", "all"])
WEEKS = 4


@pytest.fixture
def coordinator() -> User:
    return UserFactory(role="coordinator")


@pytest.fixture
def block(coordinator: User) -> BlockTemplate:
    """Mondays from 8 to 18, laid out for four weeks from next week on."""
    template = BlockTemplateFactory(theatre=TheatreFactory(site=SiteFactory()))
    lay_out_weeks(coordinator)
    return template


def monday() -> date:
    today = timezone.localdate()
    return today + timedelta(days=8 - today.isoweekday())


def lay_out_weeks(actor: User) -> None:
    first, last = monday(), monday() + timedelta(weeks=WEEKS) - timedelta(days=1)
    lay_out(actor=actor, first=first, last=last, digest=preview_lay_out(actor, first, last).digest)


def laid_out(block: BlockTemplate) -> list[TheatreSession]:
    return list(TheatreSession.objects.filter(template=block).order_by("day"))


def change(actor: User, session: TheatreSession, scope: str, specialty: Specialty, ends: time = time(18)) -> int:
    return change_session(
        actor=actor,
        session_id=session.pk,
        version=session.version,
        scope=scope,
        owner={"owner_kind": "specialty", "specialty_id": specialty.pk, "surgeon_id": None, "group_id": None},
        starts=time(8),
        ends=ends,
    )


def end(actor: User, session: TheatreSession) -> int:
    return end_block(actor=actor, session_id=session.pk, version=session.version)


def rows() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return all that is on record of blocks and sessions."""
    return list(BlockTemplate.objects.order_by("pk").values()), list(TheatreSession.objects.order_by("pk").values())


class TestOthersBlocks:
    """Whose a block is, not whose its session was when it was laid out, says who may change it."""

    @SCOPES
    def test_given_to_another_specialty_since(self, block: BlockTemplate, scope: str) -> None:
        before = Specialty.objects.get(pk=block.specialty_id)
        limited = UserFactory(role="coordinator", role__specialties=[before])
        BlockTemplate.objects.update(specialty=SpecialtyFactory())
        stored = rows()
        with pytest.raises(PermissionDenied):
            change(limited, laid_out(block)[1], scope, before)
        with pytest.raises(PermissionDenied):
            end(limited, laid_out(block)[1])
        assert rows() == stored
        assert change(limited, laid_out(block)[1], "one", before) == 1  # the day itself is theirs until then

    @SCOPES
    def test_given_to_another_site_since(self, block: BlockTemplate, scope: str) -> None:
        limited = UserFactory(role="coordinator", role__sites=[block.theatre.site])
        BlockTemplate.objects.update(theatre=TheatreFactory(site=SiteFactory()))
        stored = rows()
        with pytest.raises(PermissionDenied):
            change(limited, laid_out(block)[1], scope, block.specialty)
        with pytest.raises(PermissionDenied):
            end(limited, laid_out(block)[1])
        assert rows() == stored

    @SCOPES
    def test_its_later_sessions_are_still_at_another_site(self, block: BlockTemplate, scope: str) -> None:
        here = TheatreFactory(site=SiteFactory())
        BlockTemplate.objects.update(theatre=here)
        session = laid_out(block)[0]
        TheatreSession.objects.filter(pk=session.pk).update(theatre=here)
        limited = UserFactory(role="coordinator", role__sites=[here.site])
        stored = rows()
        with pytest.raises(PermissionDenied):
            change(limited, session, scope, block.specialty)
        with pytest.raises(PermissionDenied):
            end(limited, session)
        assert rows() == stored

    @SCOPES
    def test_who_runs_both_theatres_brings_the_sessions_into_line(
        self, coordinator: User, block: BlockTemplate, scope: str
    ) -> None:
        there, new = TheatreFactory(), SpecialtyFactory()
        BlockTemplate.objects.update(theatre=there)
        assert change(coordinator, laid_out(block)[0], scope, new) == WEEKS
        assert set(TheatreSession.objects.values_list("theatre", "specialty")) == {(there.pk, new.pk)}
        assert preview_lay_out(coordinator, monday(), monday() + timedelta(weeks=WEEKS, days=-1)).touches == 0

    def test_what_was_released_to_everybody_stands_in_nobodys_way(self, block: BlockTemplate) -> None:
        """It is left alone, so it need not be theirs."""
        limited = UserFactory(role="coordinator", role__specialties=[block.specialty])
        sessions = laid_out(block)
        release(sessions[2])
        assert end(limited, sessions[1]) == WEEKS - 2
        assert [one.pk for one in laid_out(block)] == [sessions[0].pk, sessions[2].pk]


class TestBeyondTheBlock:
    """A session stays until it is laid out again, though its block got a last day, or another weekday, before it."""

    @SCOPES
    @pytest.mark.parametrize("what", ["ended", "begins later", "another weekday"])
    def test_a_day_that_is_not_its_blocks_is_changed_alone(
        self, coordinator: User, block: BlockTemplate, scope: str, what: str
    ) -> None:
        session = laid_out(block)[2]
        changes = {
            "ended": {"valid_until": session.day - timedelta(days=1)},
            "begins later": {"valid_from": session.day + timedelta(days=1)},
            "another weekday": {"weekday": 2},
        }
        BlockTemplate.objects.update(**changes[what])
        stored = rows()
        with pytest.raises(NotPossibleError, match="does not fall on this day"):
            change(coordinator, session, scope, SpecialtyFactory())
        assert rows() == stored
        assert change(coordinator, session, "one", SpecialtyFactory()) == 1

    def test_ending_it_keeps_an_earlier_last_day(self, coordinator: User, block: BlockTemplate) -> None:
        sessions = laid_out(block)
        last = sessions[0].day + timedelta(days=1)
        BlockTemplate.objects.update(valid_until=last)
        assert end(coordinator, sessions[2]) == WEEKS - 2
        assert BlockTemplate.objects.get().valid_until == last
        assert laid_out(block) == sessions[:2]

    def test_changing_it_keeps_its_last_day(self, coordinator: User, block: BlockTemplate) -> None:
        sessions = laid_out(block)
        last, new = sessions[2].day, SpecialtyFactory()
        BlockTemplate.objects.update(valid_until=last)
        change(coordinator, sessions[1], "following", new)
        assert list(BlockTemplate.objects.order_by("pk").values_list("valid_until", "specialty")) == [
            (sessions[1].day - timedelta(days=1), block.specialty_id),
            (last, new.pk),
        ]


@SCOPES
def test_hours_that_meet_another_block_are_refused(coordinator: User, block: BlockTemplate, scope: str) -> None:
    """Though that is not laid out yet: the two would clash once it is."""
    BlockTemplateFactory(theatre=block.theatre, starts=time(19), ends=time(22), valid_from=monday())
    stored = rows()
    with pytest.raises(InvalidPlanError, match="overlaps another block") as refused:
        change(coordinator, laid_out(block)[1], scope, block.specialty, ends=time(20))
    assert refused.value.field == "starts"
    assert rows() == stored
    assert change(coordinator, laid_out(block)[1], scope, block.specialty, ends=time(19)) > 0


@SCOPES
def test_hours_of_a_block_that_has_ended_are_free(coordinator: User, block: BlockTemplate, scope: str) -> None:
    BlockTemplateFactory(theatre=block.theatre, starts=time(19), ends=time(22), valid_until=date(2020, 1, 6))
    assert change(coordinator, laid_out(block)[1], scope, block.specialty, ends=time(20)) > 0


def release(session: TheatreSession) -> None:
    release_time(actor=UserFactory(role="coordinator"), session_id=session.pk, version=session.version)
