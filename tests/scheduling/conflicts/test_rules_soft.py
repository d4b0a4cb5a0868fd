"""Every rule that may be overridden: a case in which it speaks, with its sentence, and one in which not."""

from datetime import time, timedelta

import pytest
from django.utils import timezone

from resources.models import OpeningHours, Shift, Theatre, Unavailability
from resources.models.availability import UnavailabilityKind
from scheduling.conflicts.rules_soft import SOFT_RULES
from scheduling.models import ListDecision, Operation, ReservationRole
from scheduling.period import Period
from tests.factories import (
    BlockFactory,
    LoanKitFactory,
    PriorityFactory,
    SpecialtyFactory,
    TheatreFactory,
    open_all_week,
)
from tests.scheduling.conflicts.saying import soft
from tests.scheduling.world import TUESDAY, World, plan_for

LEAD = ReservationRole.LEAD_SURGEON


def test_every_rule_is_tested_here() -> None:
    tested = {name.removeprefix("test_") for name in globals()}

    assert [rule.__name__ for rule in SOFT_RULES if rule.__name__ not in tested] == []


def test_nothing_speaks_against_a_good_plan(world: World) -> None:
    assert soft(plan_for(world.waiting(), world.one, world.at(10))) == []


@pytest.fixture
def day_theatre(world: World) -> Theatre:
    """A theatre with a turnover of 15 minutes, open from 8 to 18."""
    theatre = TheatreFactory(name="Theatre 4", turnover_minutes=15)
    open_all_week(theatre, opens=time(8), closes=time(18))
    return theatre


def test_outside_hours(world: World, day_theatre: Theatre) -> None:
    late, in_time = (plan_for(world.waiting(), day_theatre, at) for at in (world.at(17, 30), world.at(17)))
    day = f"{world.day:%a %d %b}"

    assert soft(late) == [
        ("outside_hours", f"30 min are outside opening hours: Theatre 4 is open 08:00–18:00 on {day}.")
    ]
    assert soft(in_time) == []


def test_outside_hours_on_a_closed_day(world: World, day_theatre: Theatre) -> None:
    OpeningHours.objects.filter(theatre=day_theatre, weekday=TUESDAY).delete()
    day = f"{world.day:%a %d %b}"

    assert soft(plan_for(world.waiting(), day_theatre, world.at(10))) == [
        ("outside_hours", f"60 min are outside opening hours: Theatre 4 is closed on {day}.")
    ]


def test_open_over_midnight_is_open(world: World) -> None:
    assert soft(plan_for(world.waiting(), world.one, world.at(23, 30))) == []


def test_outside_block(world: World) -> None:
    eyes = SpecialtyFactory(name="Ophthalmology")
    BlockFactory(theatre=world.one, weekday=TUESDAY, starts=time(8), ends=time(12), specialty=eyes)
    BlockFactory(theatre=world.two, weekday=TUESDAY, starts=time(8), ends=time(12), specialty=world.specialty)

    assert soft(plan_for(world.waiting(), world.one, world.at(11, 30))) == [
        ("outside_block", "Theatre 1 belongs to Ophthalmology 08:00–12:00.")
    ]
    assert soft(plan_for(world.waiting(), world.one, world.at(12))) == []
    assert soft(plan_for(world.waiting(), world.two, world.at(9))) == []


def test_outside_block_of_a_surgeon(world: World) -> None:
    BlockFactory(theatre=world.one, weekday=TUESDAY, specialty=world.specialty, surgeon=world.surgeon)
    said = [("outside_block", "Theatre 1 belongs to Orthopaedics · Mr A. Khan 08:00–18:00.")]

    assert soft(plan_for(world.waiting(), world.one, world.at(9), (world.surgeon, LEAD))) == []
    assert soft(plan_for(world.waiting(), world.one, world.at(9), (world.other_surgeon, LEAD))) == said
    assert soft(plan_for(world.waiting(), world.one, world.at(9))) == said


def test_block_counts_on_its_valid_days_only(world: World) -> None:
    eyes = SpecialtyFactory()
    week = timedelta(days=7)
    BlockFactory(theatre=world.one, weekday=TUESDAY, specialty=eyes, valid_from=world.day, valid_until=world.day)

    def rules(days: int) -> list[str]:
        return [rule for rule, _ in soft(plan_for(world.waiting(), world.one, world.at(10, days=days)))]

    assert [rules(-week.days), rules(0), rules(week.days)] == [[], ["outside_block"], []]


def test_kept_for_emergencies(world: World) -> None:
    world.one.kept_for_emergencies = True
    world.one.save()
    BlockFactory(theatre=world.one, weekday=TUESDAY, starts=time(8), ends=time(12), specialty=world.specialty)
    emergency = world.waiting()
    emergency.priority = PriorityFactory(emergency=True)

    assert soft(plan_for(world.waiting(), world.one, world.at(13))) == [
        ("kept_for_emergencies", "Theatre 1 is kept free for emergencies.")
    ]
    assert soft(plan_for(emergency, world.one, world.at(13))) == []
    assert soft(plan_for(world.waiting(), world.one, world.at(9))) == []


def test_over_session(world: World) -> None:
    BlockFactory(theatre=world.one, weekday=TUESDAY, starts=time(8), ends=time(12), specialty=world.specialty)

    assert soft(plan_for(world.waiting(), world.one, world.at(11, 30))) == [
        ("over_session", "The session over-runs by 30 min.")
    ]
    assert soft(plan_for(world.waiting(), world.one, world.at(11))) == []
    assert soft(plan_for(world.waiting(), world.one, world.at(12))) == []


def test_not_rostered(world: World) -> None:
    world.nurse.rostered = True
    world.nurse.save()
    period = Period(world.at(8), world.at(16)).as_range()
    Shift.objects.create(staff_member=world.nurse, period=period)
    nurse = (world.nurse, ReservationRole.SCRUB_NURSE)

    assert soft(plan_for(world.waiting(), world.one, world.at(15), nurse)) == [
        ("not_rostered", "I. Carvalho has no shift that covers 14:50–16:10.")
    ]
    assert soft(plan_for(world.waiting(), world.one, world.at(14), nurse)) == []
    assert soft(plan_for(world.waiting(), world.one, world.at(15), (world.anaesthetist, "anaesthetist"))) == []


def test_on_call_is_for_emergencies_only(world: World) -> None:
    world.nurse.rostered = True
    world.nurse.save()
    for first, last, on_call in ((8, 12, False), (12, 20, True)):
        period = Period(world.at(first), world.at(last)).as_range()
        Shift.objects.create(staff_member=world.nurse, period=period, on_call=on_call)
    nurse = (world.nurse, ReservationRole.SCRUB_NURSE)
    emergency = world.waiting(priority=PriorityFactory(emergency=True))

    for hour in (13, 11):  # 11:00: the shift and the time on call cover it together
        assert soft(plan_for(world.waiting(), world.one, world.at(hour, 30), nurse)) == [
            ("not_rostered", "I. Carvalho is on call then, for emergencies only.")
        ]
        assert soft(plan_for(emergency, world.one, world.at(hour, 30), nurse)) == []
    assert soft(plan_for(emergency, world.one, world.at(20), nurse)) == [
        ("not_rostered", "I. Carvalho has no shift that covers 19:50–21:10.")
    ]
    assert soft(plan_for(world.waiting(), world.one, world.at(10), nurse)) == []


def test_turnover_short(world: World, day_theatre: Theatre) -> None:
    first = world.booked(world.at(10), theatre=day_theatre, clean_up_minutes=0)

    def said(hour: int, minute: int, set_up: int = 0) -> list[tuple[str, str]]:
        operation = world.waiting(set_up_minutes=set_up, clean_up_minutes=0)
        return soft(plan_for(operation, day_theatre, world.at(hour, minute)))

    after = f"Only 14 min between this and case {first.pk}, Hip replacement; Theatre 4 needs 15."
    assert said(11, 14) == [("turnover_short", after)]
    assert said(11, 15) == []
    assert said(8, 46) == [("turnover_short", after)]  # out at 9:46, the next one's set-up is from 9:50
    assert said(8, 45) == []


def test_turnover_over_midnight(world: World, day_theatre: Theatre) -> None:
    open_all_week(day_theatre)
    world.booked(world.at(22, 55), theatre=day_theatre, clean_up_minutes=0)
    plan = plan_for(world.waiting(set_up_minutes=0), day_theatre, world.at(0, 5, days=1))

    assert [rule for rule, _ in soft(plan)] == ["turnover_short"]


@pytest.mark.parametrize("whose", ["own", "the other's"])
def test_a_specialty_that_takes_longer_to_turn_over(world: World, day_theatre: Theatre, whose: str) -> None:
    """Before and after its cases; a specialty that takes less changes nothing."""
    long = SpecialtyFactory(turnover_minutes=30)
    other = SpecialtyFactory(turnover_minutes=5)
    booked, wanted = (long, other) if whose == "the other's" else (other, long)
    first = world.booked(world.at(10), theatre=day_theatre, clean_up_minutes=0, specialty=booked)

    def said(hour: int, minute: int) -> list[tuple[str, str]]:
        operation = world.waiting(set_up_minutes=0, clean_up_minutes=0, specialty=wanted)
        return soft(plan_for(operation, day_theatre, world.at(hour, minute)))

    words = f"Only 29 min between this and case {first.pk}, Hip replacement; the specialty needs 30."
    assert said(11, 29) == said(8, 31) == [("turnover_short", words)]
    assert said(11, 30) == said(8, 30) == []


def test_two_plans_keep_the_turnover_of_their_specialties(world: World, day_theatre: Theatre) -> None:
    specialty = SpecialtyFactory(turnover_minutes=30)
    plans = [
        plan_for(
            world.waiting(set_up_minutes=0, clean_up_minutes=0, specialty=one), day_theatre, world.at(hour, minute)
        )
        for one, hour, minute in ((specialty, 10, 0), (world.specialty, 11, 29))
    ]
    assert [rule for rule, _ in soft(plans)] == ["turnover_short", "turnover_short"]


def test_no_bed(world: World) -> None:
    world.booked(world.at(10), members=[(world.bed, ReservationRole.BED)])  # there until 12:00

    def said(hour: int, minute: int = 0) -> list[tuple[str, str]]:
        return soft(plan_for(world.waiting(bed_kind="recovery"), world.two, world.at(hour, minute)))

    assert said(10) == [("no_bed", "No Recovery bed is free 11:00–12:00.")]
    assert said(11) == []
    assert said(9) == []


def test_no_bed_on_a_later_day_of_the_stay(world: World) -> None:
    Unavailability.objects.create(
        resource=world.bed,
        kind=UnavailabilityKind.CLOSURE,
        period=Period(world.at(9, days=3), world.at(10, days=3)).as_range(),
    )

    def rules(bed_minutes: int) -> list[str]:
        operation = world.waiting(bed_kind="recovery", bed_minutes=bed_minutes)
        return [rule for rule, _ in soft(plan_for(operation, world.one, world.at(10)))]

    assert rules(4 * 24 * 60) == ["no_bed"]
    assert rules(2 * 24 * 60) == []


def test_not_ready(world: World) -> None:
    yesterday = world.day - timedelta(days=1)
    unfit = world.waiting(assessment="unfit")
    expired = world.waiting(assessment="fit", fit_until=yesterday)
    paused = world.waiting(paused_since=yesterday)
    said = {
        unfit: "The patient was found not fit.",
        expired: f"The assessment counts until {yesterday:%a %d %b %Y} only.",
        paused: f"The waiting clock is paused since {yesterday:%a %d %b %Y}.",
    }
    for operation, words in said.items():
        assert soft(plan_for(operation, world.one, world.at(10))) == [("not_ready", words)]
    fit = world.waiting(assessment="fit", fit_until=world.day)
    assert soft(plan_for(fit, world.one, world.at(10))) == []


@pytest.mark.parametrize("state", ["to_order", "ordered", "arrived", "not_coming", "returned", "not_needed"])
def test_kit_late(world: World, state: str) -> None:
    """Promised for two days before the day, and needed two days before."""
    promised = world.day - timedelta(days=2)
    operation = world.waiting()
    LoanKitFactory(operation=operation, what="Knee set", quantity=2, expected_on=promised, state=state)
    LoanKitFactory(operation=operation)  # nobody knows when it comes
    LoanKitFactory(expected_on=promised)  # somebody else's

    def said(days: int) -> list[tuple[str, str]]:
        return soft(plan_for(operation, world.one, world.at(10, days=days)))

    words = (
        f"2 x Knee set comes on loan on {promised:%a %d %b %Y}; "
        f"the operation can have it in time from {world.day:%a %d %b %Y}."
    )
    assert said(-1) == ([("kit_late", words)] if state in ("to_order", "ordered") else [])
    assert said(0) == []


def test_past_due(world: World) -> None:
    yesterday = world.day - timedelta(days=1)

    assert soft(plan_for(world.waiting(due_on=yesterday), world.one, world.at(10))) == [
        ("past_due", f"This is 1 day after the due date, {yesterday:%a %d %b %Y}.")
    ]
    assert soft(plan_for(world.waiting(due_on=world.day), world.one, world.at(10))) == []


def test_a_due_date_that_has_passed_can_not_be_met_any_more(world: World) -> None:
    long_ago = timezone.localdate() - timedelta(days=1)

    assert soft(plan_for(world.waiting(due_on=long_ago), world.one, world.at(10))) == []


def test_surgeon_daily_limit(world: World) -> None:
    world.surgeon.daily_operations_limit = 1
    world.surgeon.save()
    world.booked(world.at(10), lead=world.surgeon)
    lead = (world.surgeon, LEAD)

    assert soft(plan_for(world.waiting(), world.two, world.at(14), lead)) == [
        (
            "surgeon_daily_limit",
            f"Mr A. Khan would lead 2 operations on {world.day:%a %d %b}; the limit is 1.",
        )
    ]
    assert soft(plan_for(world.waiting(), world.two, world.at(14, days=1), lead)) == []


def test_infectious_not_last(world: World) -> None:
    def said(hour: int, *, infectious: bool, theatre: Theatre = world.one) -> list[tuple[str, str]]:
        return soft(plan_for(world.waiting(infectious=infectious), theatre, world.at(hour)))

    world.booked(world.at(10))
    words = "An infectious case should be last: 1 more would follow in this theatre."
    assert said(8, infectious=True) == [("infectious_not_last", words)]
    assert said(12, infectious=True) == []

    world.booked(world.at(15), infectious=True)
    words = "An infectious case comes before this one in the same theatre."
    assert said(17, infectious=False) == [("infectious_not_last", words)]
    assert said(17, infectious=True) == said(17, infectious=False, theatre=world.two) == []


def supervised(world: World, hour: int) -> Operation:
    theatre = TheatreFactory(turnover_minutes=0)
    open_all_week(theatre)
    member = (world.anaesthetist, ReservationRole.SUPERVISING_ANAESTHETIST)
    return world.booked(world.at(hour), theatre=theatre, members=[member])


@pytest.mark.parametrize("role", ["supervising_anaesthetist", "anaesthetist"])
def test_supervision_exceeded(world: World, role: str) -> None:
    for hour in (10, 10, 12):
        supervised(world, hour)

    def said(hour: int) -> list[tuple[str, str]]:
        return soft(plan_for(world.waiting(), world.one, world.at(hour), (world.anaesthetist, role)))

    words = "Dr F. Adeyinka would have 3 operations at once; the limit is 2."
    assert said(10) == [("supervision_exceeded", words)]
    assert said(12) == []


def test_in_the_past(world: World) -> None:
    now = timezone.now()

    assert soft(plan_for(world.waiting(), world.one, now - timedelta(minutes=1))) == [
        ("in_the_past", "This start time has already passed.")
    ]
    assert soft(plan_for(world.waiting(), world.one, now + timedelta(minutes=1))) == []


def test_list_closed(world: World) -> None:
    decided = ListDecision.objects.create(
        theatre=world.one, day=world.day, closed=True, decided_by=world.coordinator
    ).decided_at
    day, since = f"{world.day:%a %d %b}", f"{timezone.localtime(decided):%a %d %b %H:%M}"

    assert soft(plan_for(world.waiting(), world.one, world.at(10))) == [
        ("list_closed", f"The list of Theatre 1 on {day} is closed since {since} by hand.")
    ]
    assert soft(plan_for(world.waiting(), world.two, world.at(10))) == []
    assert soft(plan_for(world.waiting(), world.one, world.at(10, days=1))) == []
    emergency = world.waiting(priority=PriorityFactory(emergency=True))
    assert soft(plan_for(emergency, world.one, world.at(10))) == []
