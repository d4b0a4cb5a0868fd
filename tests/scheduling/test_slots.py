"""Free slots: against a slow oracle on random hospitals, and one by one where a rule decides."""

from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from resources.models import Credential, OpeningHours, Resource, StaffCredential, Unavailability
from scheduling.conflicts import find_conflicts
from scheduling.models import Operation, OperationEquipment, OperationStaff, ReservationRole
from scheduling.period import Period
from scheduling.plan import Assignment, Plan
from scheduling.services import book_operation
from scheduling.slots import Slot, find_free_slots
from tests.factories import BlockFactory, LoanKitFactory, StaffMemberFactory, TheatreFactory, UserFactory, open_all_week
from tests.scheduling.random_hospital import DAYS, RandomHospital
from tests.scheduling.slot_oracle import Oracle
from tests.scheduling.world import TUESDAY, World, clock_change

pytestmark = pytest.mark.django_db

ZONES = [(zone, forward) for zone in ("Europe/London", "America/New_York") for forward in (True, False)]


@pytest.mark.parametrize(("zone", "forward"), ZONES)
@hypothesis_settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)
@given(seed=st.integers(0, 2**32))
def test_against_the_oracle(zone: str, forward: bool, seed: int) -> None:  # noqa: FBT001
    """A day before and a day after a change of the clocks."""
    start = clock_change(ZoneInfo(zone), forward=forward) - timedelta(hours=24)
    savepoint = transaction.savepoint()
    try:
        with timezone.override(zone):
            check(RandomHospital(seed, start), ZoneInfo(zone))
    finally:
        transaction.savepoint_rollback(savepoint)


def check(hospital: RandomHospital, zone: ZoneInfo) -> None:
    operation, start, minutes = hospital.operation, hospital.start, DAYS * 24 * 60
    slots = find_free_slots(operation, start, start + timedelta(minutes=minutes), 1000)
    oracle = Oracle(operation, start, minutes, zone)
    for theatre in hospital.theatres:
        offered = [minute_of(slot, oracle) for slot in slots if slot.theatre_id == theatre.pk]
        possible = oracle.starts(theatre)
        first_of_each = [minute for minute in possible if minute - 5 not in possible]
        assert set(offered) <= set(possible)
        assert set(first_of_each) <= set(offered)
    assert [slot.period.start for slot in slots] == sorted(slot.period.start for slot in slots)
    for slot in slots[:4]:
        assert find_conflicts(plan_at(operation, slot)) == []
    if slots:
        booked = book(operation, slots[0])
        assert booked.period == slots[0].period.as_range()


def minute_of(slot: Slot, oracle: Oracle) -> int:
    return int((slot.period.start - oracle.origin).total_seconds() // 60)


def plan_at(operation: Operation, slot: Slot) -> Plan:
    lead = operation.lead_surgeon_id
    team = (Assignment(resource_id=lead, role=ReservationRole.LEAD_SURGEON),) if lead else ()
    return Plan(operation=operation, theatre_id=slot.theatre_id, period=slot.period, assignments=team)


def book(operation: Operation, slot: Slot) -> Operation:
    return book_operation(
        actor=UserFactory(role="booking_clerk"),
        operation_id=operation.pk,
        version=operation.version,
        theatre_id=slot.theatre_id,
        start=slot.period.start,
    )


# --- one by one -----------------------------------------------------------------------------------


def times(operation: Operation, world: World, **more: Any) -> list[str]:
    """Return theatre and local start of the slots on the world's day."""
    slots = find_free_slots(operation, world.at(0), world.at(0, days=1), **more)
    return [f"{slot.theatre_name[-1]} {timezone.localtime(slot.period.start):%H:%M}" for slot in slots]


@pytest.fixture
def world() -> World:
    """Return the small hospital, open from 8 to 18 on the day."""
    made = World.make()
    OpeningHours.objects.filter(weekday=TUESDAY).update(opens=time(8), closes=time(18))
    return made


def test_one_slot_for_each_gap(world: World) -> None:
    world.booked(world.at(9, 30))
    world.booked(world.at(13))

    assert times(world.waiting(), world) == ["1 08:00", "2 08:00", "1 10:50", "1 14:20"]
    assert times(world.waiting(), world, order="best_fit", limit=1) == ["1 08:00"]
    near = {"order": "nearest", "near": world.at(12), "theatre_ids": [world.one.pk]}
    assert times(world.waiting(), world, **near) == ["1 11:40", "1 14:20", "1 08:10"]


def test_nearest_to_a_time_outside_the_window(world: World) -> None:
    OpeningHours.objects.update(opens=time.min, closes=time.min)
    for near, found in ((world.at(0, days=3), "1 23:55"), (world.at(0, days=-3), "1 00:00")):
        given = {"order": "nearest", "near": near, "theatre_ids": [world.one.pk]}
        assert times(world.waiting(), world, **given) == [found]


def test_as_long_as_it_takes_and_not_a_minute_more(world: World) -> None:
    """Set-up, an hour in theatre and clean-up fit exactly between two others."""
    world.booked(world.at(10))
    world.booked(world.at(12, 40))

    assert "1 11:20" in times(world.waiting(), world)
    assert "1 11:20" not in times(world.waiting(surgery_minutes=46), world)


def test_none_in_the_past(world: World) -> None:
    now = timezone.now()

    slots = find_free_slots(world.waiting(), now - timedelta(days=3), now + timedelta(days=3), 100)

    assert slots
    assert all(slot.period.start >= now for slot in slots)


def test_empty_and_reversed_windows(world: World) -> None:
    operation = world.waiting()

    assert find_free_slots(operation, world.at(10), world.at(10)) == []
    assert find_free_slots(operation, world.at(11), world.at(10)) == []


def test_session_has_to_be_long_enough(world: World) -> None:
    """A start in the own session that would over-run it needs a reason, so it is not offered."""
    BlockFactory(theatre=world.one, weekday=TUESDAY, starts=time(8), ends=time(9), specialty=world.specialty)
    operation = world.waiting(surgery_minutes=50)

    assert times(operation, world, theatre_ids=[world.one.pk]) == ["1 09:00"]


def test_infectious_case_goes_last(world: World) -> None:
    world.booked(world.at(12))

    assert times(world.waiting(infectious=True), world, theatre_ids=[world.one.pk]) == ["1 13:20"]


def test_clean_case_goes_before_an_infectious_one(world: World) -> None:
    world.booked(world.at(9, 10), infectious=True)

    assert times(world.waiting(), world) == ["2 08:00"]


def test_surgeon_who_leads_enough_that_day(world: World) -> None:
    world.surgeon.daily_operations_limit = 1
    world.surgeon.save()
    world.booked(world.at(10), lead=world.surgeon)

    assert times(world.waiting(lead_surgeon=world.surgeon), world) == []
    assert times(world.waiting(lead_surgeon=world.other_surgeon), world) != []


def test_surgeon_without_the_credential_that_day(world: World) -> None:
    robotics = Credential.objects.create(code="robotics", name="robotic surgery")
    world.procedure.credentials.add(robotics)
    operation = world.waiting(lead_surgeon=world.surgeon)
    assert times(operation, world) == []

    held = StaffCredential.objects.create(staff_member=world.surgeon, credential=robotics)
    assert times(operation, world) == ["1 08:00", "2 08:00"]
    held.valid_until = world.day - timedelta(days=1)
    held.save()
    assert times(operation, world) == []


def test_not_before_kit_on_loan_is_here_in_time(world: World) -> None:
    operation = world.waiting()
    LoanKitFactory(operation=operation, expected_on=world.day - timedelta(days=1), days_before=1)
    assert times(operation, world) == ["1 08:00", "2 08:00"]
    late = LoanKitFactory(operation=operation, expected_on=world.day, days_before=1)
    assert times(operation, world) == []
    for state in ("arrived", "not_coming"):  # a day that is promised says nothing any more
        late.state = state
        late.save()
        assert times(operation, world) == ["1 08:00", "2 08:00"]


def test_a_tray_is_sterilised_before_its_next_use(world: World) -> None:
    """An hour after wheels-out, and its set-up comes before wheels-in."""
    world.booked(world.at(9), theatre=world.two, members=[(world.item, ReservationRole.EQUIPMENT)])
    operation = world.waiting()
    OperationEquipment.objects.create(operation=operation, equipment_type=world.item.type)

    assert times(operation, world, theatre_ids=[world.one.pk]) == ["1 11:10"]
    at = Period.lasting(world.at(11, 5), operation.in_room_minutes)
    team = (Assignment(resource_id=world.item.pk, role=ReservationRole.EQUIPMENT, tail_minutes=60),)
    plan = Plan(operation=operation, theatre_id=world.one.pk, period=at, assignments=team)
    assert [conflict.rule for conflict in find_conflicts(plan)] == ["equipment_busy"]


@pytest.mark.parametrize("who", ["surgeon", "item", "bed"])
def test_retired(world: World, who: str) -> None:
    operation = world.waiting(lead_surgeon=world.surgeon, bed_kind="recovery")
    OperationEquipment.objects.create(operation=operation, equipment_type=world.item.type)
    assert times(operation, world) == ["1 08:00", "2 08:00"]

    Resource.objects.filter(pk=getattr(world, who).pk).update(in_use=False)
    assert times(operation, world) == []


def test_one_nurse_is_not_two(world: World) -> None:
    """A scrub nurse may circulate; the only one there is can't do both at once."""
    operation = world.waiting()
    for role in (ReservationRole.SCRUB_NURSE, ReservationRole.CIRCULATING_NURSE):
        OperationStaff.objects.create(operation=operation, role=role)
    assert times(operation, world) == []

    StaffMemberFactory(profession="circulating_nurse")
    assert times(operation, world) == ["1 08:00", "2 08:00"]


def test_team_of_a_booked_operation_moves_with_it(world: World) -> None:
    operation = world.booked(world.at(10), members=[(world.nurse, ReservationRole.SCRUB_NURSE)])
    OperationStaff.objects.create(operation=operation, role=ReservationRole.SCRUB_NURSE)
    StaffMemberFactory(profession="scrub_nurse")  # free all day, but not the one who is named
    away = Period(world.at(7), world.at(15)).as_range()
    Unavailability.objects.create(resource=world.nurse, kind="leave", period=away)

    assert times(operation, world) == ["1 15:10", "2 15:10"]


def test_supervisor_of_enough(world: World) -> None:
    supervisor = (world.anaesthetist, ReservationRole.SUPERVISING_ANAESTHETIST)
    elsewhere = TheatreFactory(turnover_minutes=0)
    open_all_week(elsewhere)
    operation = world.waiting()
    OperationStaff.objects.create(operation=operation, role=ReservationRole.SUPERVISING_ANAESTHETIST)
    here = {"theatre_ids": [world.one.pk]}

    world.booked(world.at(8), theatre=world.two, members=[supervisor])
    assert times(operation, world, **here) == ["1 08:00"]
    world.booked(world.at(8), theatre=elsewhere, members=[supervisor])
    assert times(operation, world, **here) == ["1 09:00"]


def test_bed_for_a_stay_of_weeks(world: World) -> None:
    operation = world.waiting(bed_kind="recovery", bed_minutes=60 * 24 * 60)

    assert times(operation, world) == ["1 08:00", "2 08:00"]


def test_hours_that_the_clock_change_skips(world: World) -> None:
    """Open from a time that does not exist to one before its substitute: closed, not an error."""
    change = clock_change(ZoneInfo(settings.TIME_ZONE), forward=True)
    OpeningHours.objects.update(opens=time(1, 30), closes=time(2))

    assert find_free_slots(world.waiting(), change - timedelta(hours=12), change + timedelta(hours=8)) == []


def test_as_many_queries_with_many_bookings(world: World, django_assert_num_queries: Any) -> None:
    operation = world.waiting(lead_surgeon=world.surgeon, bed_kind="recovery")
    operation = Operation.objects.with_facts().get(pk=operation.pk)
    for bookings in (0, 4):
        for hour in range(8, 8 + 2 * bookings, 2):
            world.booked(world.at(hour))
        with django_assert_num_queries(10):
            find_free_slots(operation, world.at(0), world.at(0, days=14))
