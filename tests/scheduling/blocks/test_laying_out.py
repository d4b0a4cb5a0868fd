"""From templates to sessions: cycles, holidays, what was changed by hand, and whether what was shown is done."""

from datetime import date, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from resources.cycle import week_of_cycle
from resources.models import (
    BlockTemplate,
    Holiday,
    LayOut,
    OpeningException,
    SurgeonGroup,
    Theatre,
    TheatreSession,
)
from scheduling.laying_out import Verb, planned_sessions
from scheduling.opening import open_hours
from scheduling.period import Period
from scheduling.services import InvalidPlanError, NotPossibleError
from scheduling.services.sessions import (
    Preview,
    add_session,
    change_session,
    end_block,
    lay_out,
    preview_lay_out,
)
from scheduling.services.templates import save_template
from tests.factories import (
    BlockTemplateFactory,
    SiteFactory,
    SpecialtyFactory,
    StaffMemberFactory,
    TheatreFactory,
    TheatreSessionFactory,
    UserFactory,
    open_all_week,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def coordinator() -> Any:
    return UserFactory(role="coordinator")


@pytest.fixture
def theatre() -> Theatre:
    theatre = TheatreFactory()
    open_all_week(theatre)
    return theatre


def next_weekday(weekday: int, weeks: int = 1) -> date:
    """Return a day in the coming weeks on that weekday, Monday is 1."""
    today = timezone.localdate()
    return today + timedelta(days=(weekday - today.isoweekday()) % 7 + 7 * weeks)


def quarter() -> tuple[date, date]:
    first = next_weekday(1)
    return first, first + timedelta(weeks=13) - timedelta(days=1)


def do(actor: Any, first: date, last: date) -> Preview:
    return lay_out(actor=actor, first=first, last=last, digest=preview_lay_out(actor, first, last).digest)


def owner(specialty: Any, surgeon: Any = None) -> dict[str, Any]:
    return {
        "owner_kind": "surgeon" if surgeon else "specialty",
        "specialty_id": specialty.pk,
        "surgeon_id": surgeon.pk if surgeon else None,
        "group_id": None,
    }


def test_a_quarter_has_thirteen_sessions_of_a_weekly_block(coordinator: Any, theatre: Theatre) -> None:
    template = BlockTemplateFactory(theatre=theatre, weekday=3, starts=time(8), ends=time(13))
    found = do(coordinator, *quarter())
    sessions = TheatreSession.objects.all()
    assert found.counts == {Verb.ADD: 13}
    assert len(sessions) == 13
    assert {(row.day.isoweekday(), row.template, row.specialty) for row in sessions} == {
        (3, template, template.specialty)
    }
    start = timezone.localtime(Period.of(sessions[0].period).start)
    assert (start.date(), start.time()) == (sessions[0].day, time(8))
    assert LayOut.objects.get().added == 13


def test_laying_out_again_changes_nothing(coordinator: Any, theatre: Theatre) -> None:
    BlockTemplateFactory(theatre=theatre)
    do(coordinator, *quarter())
    before = list(TheatreSession.objects.values())
    assert preview_lay_out(coordinator, *quarter()).touches == 0
    do(coordinator, *quarter())
    assert list(TheatreSession.objects.values()) == before


@pytest.mark.parametrize("weeks", [2, 3, 4])
def test_the_weeks_of_a_cycle_take_turns(coordinator: Any, theatre: Theatre, weeks: int) -> None:
    owners = SpecialtyFactory.create_batch(weeks)
    for week, specialty in enumerate(owners, start=1):
        BlockTemplateFactory(theatre=theatre, specialty=specialty, cycle_weeks=weeks, week_of_cycle=week)
    do(coordinator, *quarter())
    sessions = list(TheatreSession.objects.order_by("day"))
    assert len(sessions) == 13
    for session in sessions:
        assert session.specialty == owners[week_of_cycle(session.day, weeks) - 1]
    in_turn = [session.specialty_id for session in sessions]
    assert all(in_turn[at] == in_turn[at + weeks] for at in range(len(in_turn) - weeks))
    assert len(set(in_turn[:weeks])) == weeks


def test_a_cycle_goes_on_over_week_53() -> None:
    monday = date(2026, 12, 28)  # ISO week 53
    weeks = [week_of_cycle(monday + timedelta(weeks=n), 2) for n in range(-2, 3)]
    assert [one != other for one, other in pairwise(weeks)] == [True] * 4
    assert week_of_cycle(date(2027, 1, 3), 2) == week_of_cycle(monday, 2)


def test_validity_is_counted_to_its_last_day(theatre: Theatre) -> None:
    day = next_weekday(1)
    template = BlockTemplateFactory(theatre=theatre, valid_from=day, valid_until=day + timedelta(weeks=1))
    first, last = day - timedelta(weeks=2), day + timedelta(weeks=4)
    assert [one.day for one in planned_sessions([template], first, last)] == [day, day + timedelta(weeks=1)]


def test_a_holiday_has_no_session_but_where_the_theatre_opens(coordinator: Any, theatre: Theatre) -> None:
    day = next_weekday(1, 3)
    opens = TheatreFactory()
    open_all_week(opens)
    for room in (theatre, opens):
        BlockTemplateFactory(theatre=room)
    Holiday.objects.create(day=day, name="Founders' day")
    OpeningException.objects.create(theatre=opens, day=day, opens=time(9), closes=time(12))
    do(coordinator, *quarter())
    assert not TheatreSession.objects.filter(theatre=theatre, day=day).exists()
    assert TheatreSession.objects.filter(theatre=opens, day=day).exists()
    hours = open_hours(day, day)
    assert (theatre.pk, day) not in hours
    assert [str(period) for period in hours[opens.pk, day]] == ["09:00–12:00"]


def test_a_holiday_of_one_site_is_none_of_another(coordinator: Any) -> None:
    here, there = (TheatreFactory(site=SiteFactory()) for _ in "12")
    open_all_week(here, there)
    day = next_weekday(1)
    Holiday.objects.create(day=day, name="Town's day", site=here.site)
    hours = open_hours(day, day)
    assert ((here.pk, day) in hours, (there.pk, day) in hours) == (False, True)


def test_a_theatre_for_emergencies_is_open_on_holidays() -> None:
    theatre = TheatreFactory(kept_for_emergencies=True)
    open_all_week(theatre)
    day = next_weekday(1)
    Holiday.objects.create(day=day, name="Founders' day")
    assert (theatre.pk, day) in open_hours(day, day)


def test_what_was_changed_by_hand_stays(coordinator: Any, theatre: Theatre) -> None:
    template = BlockTemplateFactory(theatre=theatre)
    do(coordinator, *quarter())
    session = TheatreSession.objects.order_by("day")[2]
    other = SpecialtyFactory()
    change_session(
        actor=coordinator,
        session_id=session.pk,
        version=1,
        scope="one",
        owner=owner(other),
        starts=time(9),
        ends=time(12),
    )
    BlockTemplate.objects.filter(pk=template.pk).update(starts=time(7))
    found = preview_lay_out(coordinator, *quarter())
    assert found.counts == {Verb.CHANGE: 12, Verb.KEEP: 1}
    do(coordinator, *quarter())
    session.refresh_from_db()
    assert (session.specialty, str(Period.of(session.period))) == (other, "09:00–12:00")


def test_a_template_that_is_gone_takes_its_sessions_off(coordinator: Any, theatre: Theatre) -> None:
    BlockTemplateFactory(theatre=theatre).delete()
    template = BlockTemplateFactory(theatre=theatre)
    do(coordinator, *quarter())
    template.delete()
    assert do(coordinator, *quarter()).counts == {Verb.REMOVE: 13}
    assert not TheatreSession.objects.exists()


def test_two_templates_at_once_are_told_and_the_first_is_laid_out(coordinator: Any, theatre: Theatre) -> None:
    first, second = BlockTemplateFactory(theatre=theatre), BlockTemplateFactory(theatre=theatre)
    found = do(coordinator, *quarter())
    assert found.counts == {Verb.ADD: 13, Verb.CLASH: 13}
    assert set(TheatreSession.objects.values_list("template", flat=True)) == {first.pk}
    assert second.pk not in TheatreSession.objects.values_list("template", flat=True)


def test_two_that_change_hours_with_each_other_do_not_meet_on_the_way(coordinator: Any, theatre: Theatre) -> None:
    morning = BlockTemplateFactory(theatre=theatre, starts=time(8), ends=time(13))
    evening = BlockTemplateFactory(theatre=theatre, starts=time(13), ends=time(18))
    do(coordinator, *quarter())
    BlockTemplate.objects.filter(pk=morning.pk).update(starts=time(13), ends=time(18))
    BlockTemplate.objects.filter(pk=evening.pk).update(starts=time(8), ends=time(13))
    assert do(coordinator, *quarter()).counts == {Verb.CHANGE: 26}
    assert {timezone.localtime(row.period.lower).hour for row in TheatreSession.objects.filter(template=morning)} == {
        13
    }


def test_what_was_not_shown_is_not_done(coordinator: Any, theatre: Theatre) -> None:
    BlockTemplateFactory(theatre=theatre)
    digest = preview_lay_out(coordinator, *quarter()).digest
    BlockTemplateFactory(theatre=theatre, weekday=2)
    first, last = quarter()
    with pytest.raises(NotPossibleError, match="changed meanwhile"):
        lay_out(actor=coordinator, first=first, last=last, digest=digest)
    assert not TheatreSession.objects.exists()


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [(-1, 10, "first"), (5, 4, "last"), (0, 400, "last")],
    ids=["the past", "in the wrong order", "more than a year"],
)
def test_days_that_make_no_sense_are_refused(coordinator: Any, first: int, last: int, field: str) -> None:
    today = timezone.localdate()
    with pytest.raises(InvalidPlanError) as refused:
        preview_lay_out(coordinator, today + timedelta(days=first), today + timedelta(days=last))
    assert refused.value.field == field


def test_the_database_forbids_two_owners_at_once(theatre: Theatre) -> None:
    TheatreSessionFactory(theatre=theatre)
    with pytest.raises(IntegrityError, match="theatre_session_no_overlap"), transaction.atomic():
        TheatreSessionFactory(theatre=theatre, starts=time(12), ends=time(20))


@pytest.mark.parametrize("fields", [{"owner_kind": "surgeon"}, {"owner_kind": "open"}, {"owner_kind": "group"}])
def test_the_database_wants_an_owner_whole(theatre: Theatre, fields: dict[str, str]) -> None:
    with pytest.raises(IntegrityError, match="owner_whole"), transaction.atomic():
        TheatreSessionFactory(theatre=theatre, **fields)


class TestChangingASession:
    """This one, this and following, or all from today on."""

    def test_this_and_following(self, coordinator: Any, theatre: Theatre) -> None:
        template = BlockTemplateFactory(theatre=theatre)
        do(coordinator, *quarter())
        sessions = list(TheatreSession.objects.order_by("day"))
        new = SpecialtyFactory()
        count = self.change(coordinator, sessions[5], "following", owner(new))
        after = list(TheatreSession.objects.order_by("day"))
        assert count == 8
        assert [row.specialty_id for row in after] == [template.specialty_id] * 5 + [new.pk] * 8
        assert [row.pk for row in after] == [row.pk for row in sessions]  # the same rows, with their teams
        template.refresh_from_db()
        assert template.valid_until == sessions[5].day - timedelta(days=1)
        assert preview_lay_out(coordinator, *quarter()).touches == 0

    def test_all_from_today_on(self, coordinator: Any, theatre: Theatre) -> None:
        template = BlockTemplateFactory(theatre=theatre)
        past = timezone.localdate() - timedelta(days=timezone.localdate().weekday() + 7)
        old = TheatreSessionFactory(theatre=theatre, day=past, template=template, by_hand=False)
        do(coordinator, *quarter())
        surgeon = StaffMemberFactory(profession="surgeon")
        session = TheatreSession.objects.filter(day__gt=past).order_by("day")[3]
        assert self.change(coordinator, session, "all", owner(template.specialty, surgeon)) == 13
        old.refresh_from_db()
        assert old.owner_kind == "specialty"
        assert set(TheatreSession.objects.exclude(pk=old.pk).values_list("surgeon", flat=True)) == {surgeon.pk}

    def test_nothing_is_written_where_another_is_in_the_way(self, coordinator: Any, theatre: Theatre) -> None:
        BlockTemplateFactory(theatre=theatre, ends=time(13))
        do(coordinator, *quarter())
        sessions = list(TheatreSession.objects.order_by("day"))
        TheatreSessionFactory(theatre=theatre, day=sessions[4].day, starts=time(14), ends=time(16))
        with pytest.raises(InvalidPlanError, match="on 1 of these days"):
            self.change(coordinator, sessions[0], "all", owner(sessions[0].specialty), ends=time(18))
        assert {timezone.localtime(row.period.upper).hour for row in TheatreSession.objects.filter(by_hand=False)} == {
            13
        }
        assert BlockTemplate.objects.get().ends == time(13)

    def test_somebody_was_faster(self, coordinator: Any, theatre: Theatre) -> None:
        session = TheatreSessionFactory(theatre=theatre)
        self.change(coordinator, session, "one", owner(session.specialty))
        with pytest.raises(NotPossibleError, match="changed meanwhile"):
            self.change(coordinator, session, "one", owner(session.specialty))

    def test_the_past_stays(self, coordinator: Any, theatre: Theatre) -> None:
        session = TheatreSessionFactory(theatre=theatre, day=timezone.localdate() - timedelta(days=2))
        with pytest.raises(NotPossibleError, match="over"):
            self.change(coordinator, session, "one", owner(session.specialty))

    @pytest.mark.parametrize("field", ["specialty", "surgeon"])
    def test_an_owner_has_to_be_whole(self, coordinator: Any, theatre: Theatre, field: str) -> None:
        session = TheatreSessionFactory(theatre=theatre)
        whose = {**owner(session.specialty), "owner_kind": "surgeon" if field == "surgeon" else "open"}
        with pytest.raises(InvalidPlanError) as refused:
            self.change(coordinator, session, "one", whose)
        assert refused.value.field == field

    def test_a_role_of_another_site_may_not(self, theatre: Theatre) -> None:
        elsewhere = UserFactory(role="coordinator", role__sites=[SiteFactory()])
        session = TheatreSessionFactory(theatre=theatre)
        with pytest.raises(PermissionDenied):
            self.change(elsewhere, session, "one", owner(session.specialty))

    def test_a_role_of_another_specialty_may_not_take_it(self, theatre: Theatre) -> None:
        mine = SpecialtyFactory()
        limited = UserFactory(role="coordinator", role__specialties=[mine])
        session = TheatreSessionFactory(theatre=theatre)
        with pytest.raises(PermissionDenied):
            self.change(limited, session, "one", owner(mine))
        with pytest.raises(PermissionDenied):
            preview_lay_out(limited, *quarter())

    @pytest.mark.parametrize("kind", ["open", "on_hold", "closed", "emergency"])
    def test_nobodys_time_is_not_a_specialtys_to_take(self, theatre: Theatre, kind: str) -> None:
        mine = SpecialtyFactory()
        limited = UserFactory(role="coordinator", role__specialties=[mine])
        session = TheatreSessionFactory(theatre=theatre, owner_kind=kind, specialty=None)
        with pytest.raises(PermissionDenied):
            self.change(limited, session, "one", owner(mine))
        own = TheatreSessionFactory(theatre=theatre, specialty=mine, day=session.day + timedelta(days=1))
        with pytest.raises(PermissionDenied):
            self.change(limited, own, "one", {**owner(mine), "owner_kind": "open", "specialty_id": None})

    def change(self, actor: Any, session: TheatreSession, scope: str, whose: dict[str, Any], **more: time) -> int:
        hours = {
            "starts": time(8),
            "ends": time(13) if session.template and session.template.ends == time(13) else time(18),
        }
        return change_session(
            actor=actor,
            session_id=session.pk,
            version=session.version,
            scope=scope,
            owner=whose,
            **{**hours, **more},
        )


def test_a_block_ends_and_what_was_changed_by_hand_stays(coordinator: Any, theatre: Theatre) -> None:
    template = BlockTemplateFactory(theatre=theatre)
    do(coordinator, *quarter())
    sessions = list(TheatreSession.objects.order_by("day"))
    TheatreSession.objects.filter(pk=sessions[8].pk).update(by_hand=True)
    assert end_block(actor=coordinator, session_id=sessions[3].pk, version=1) == 9
    assert list(TheatreSession.objects.order_by("day")) == [*sessions[:3], sessions[8]]
    template.refresh_from_db()
    assert template.valid_until == sessions[3].day - timedelta(days=1)
    assert preview_lay_out(coordinator, *quarter()).touches == 0


def test_a_session_more_is_refused_where_another_is(coordinator: Any, theatre: Theatre) -> None:
    session = TheatreSessionFactory(theatre=theatre)
    hours = {"starts": time(17), "ends": time(20)}
    with pytest.raises(InvalidPlanError, match="Another session"):
        add_session(actor=coordinator, theatre_id=theatre.pk, day=session.day, owner=owner(session.specialty), **hours)
    past = timezone.localdate() - timedelta(days=1)
    with pytest.raises(InvalidPlanError, match="has passed"):
        add_session(actor=coordinator, theatre_id=theatre.pk, day=past, owner=owner(session.specialty), **hours)


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ({}, {}, True),
        ({"ends": time(13)}, {"starts": time(13)}, False),
        ({"ends": time(0)}, {"starts": time(22), "ends": time(23)}, True),
        ({"cycle_weeks": 2, "week_of_cycle": 1}, {"cycle_weeks": 2, "week_of_cycle": 2}, False),
        ({"cycle_weeks": 2, "week_of_cycle": 1}, {"cycle_weeks": 4, "week_of_cycle": 2}, False),
        ({"cycle_weeks": 2, "week_of_cycle": 1}, {"cycle_weeks": 3, "week_of_cycle": 2}, True),
        ({"valid_until": date(2099, 1, 3)}, {"valid_from": date(2099, 1, 4)}, False),
        ({"valid_until": date(2099, 1, 4)}, {"valid_from": date(2099, 1, 4)}, True),
        ({"valid_until": date(2020, 1, 5)}, {}, False),
    ],
)
def test_templates_that_meet_are_refused(
    coordinator: Any,
    theatre: Theatre,
    one: dict[str, Any],
    other: dict[str, Any],
    meet: bool,  # noqa: FBT001
) -> None:
    BlockTemplateFactory(theatre=theatre, **one)
    new = BlockTemplateFactory.build(theatre=theatre, specialty=SpecialtyFactory(), **other)
    if meet:
        with pytest.raises(InvalidPlanError, match="overlaps another block"):
            save_template(actor=coordinator, template=new)
    else:
        assert save_template(actor=coordinator, template=new).pk


def test_a_group_owns_time_together(coordinator: Any, theatre: Theatre) -> None:
    group = SurgeonGroup.objects.create(name="Hand surgeons")
    whose = {"owner_kind": "group", "specialty_id": None, "surgeon_id": None, "group_id": group.pk}
    session = add_session(
        actor=coordinator, theatre_id=theatre.pk, day=next_weekday(1), starts=time(8), ends=time(0), owner=whose
    )
    assert (session.owner, Period.of(session.period).minutes) == ("Hand surgeons", 16 * 60)
