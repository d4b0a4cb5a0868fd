"""Each way to book something twice: the rules say so in words, and the database refuses the bare row.

And each legal neighbour of those ways: neither does.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from psycopg2 import errorcodes

from patients.models import Patient
from resources.models import Resource
from scheduling.conflicts import Conflict, find_conflicts
from scheduling.models import Operation, ReservationRole
from scheduling.models.operation import PATIENT_NO_OVERLAP
from scheduling.models.reservation import NO_OVERLAP
from scheduling.plan import Hold, Plan
from scheduling.services import cancel_operation, release_resource
from tests.factories import CancellationReasonFactory, PatientFactory, TheatreFactory, open_all_week
from tests.scheduling.world import World, clock_change, plan_for

ROLES = {
    "theatre": ReservationRole.THEATRE,
    "surgeon": ReservationRole.LEAD_SURGEON,
    "anaesthetist": ReservationRole.ANAESTHETIST,
    "nurse": ReservationRole.SCRUB_NURSE,
    "item": ReservationRole.EQUIPMENT,
    "bed": ReservationRole.BED,
}
RULES = dict.fromkeys(ROLES, "staff_busy") | {
    "theatre": "theatre_busy",
    "item": "equipment_busy",
    "bed": "bed_busy",
}

# How the second hold lies to the first: minutes between the starts, given both lengths; minutes shorter.
CLASHING = {
    "same start": (lambda first, second: 0, 0),
    "contained": (lambda first, second: 10, 20),
    "begins during": (lambda first, second: 30, 0),
    "begins before": (lambda first, second: -30, 0),
    "last minute": (lambda first, second: first - 1, 0),
    "first minute": (lambda first, second: 1 - second, 0),
}
LEGAL = {
    "touching after": (lambda first, second: first, 0),
    "touching before": (lambda first, second: -second, 0),
}
LONDON = ZoneInfo("Europe/London")


def base_of(world: World, when: str) -> datetime:
    """Return wheels-in of the first case: on a plain day, over midnight, over a change of clocks."""
    if when == "plain":
        return world.at(10)
    if when == "midnight":
        return world.at(23, 30)
    return clock_change(ZoneInfo(settings.TIME_ZONE), forward=when == "clocks forward") - timedelta(minutes=30)


def first_case(world: World, start: datetime) -> Operation:
    return world.booked(start, lead=world.surgeon, members=world.whole_team())


def second_plan(world: World, first: Operation, shared: str, how: tuple) -> tuple[Plan, Hold]:
    """Return a plan that shares just one resource with the first case, and its hold of that."""
    offset, shorter = how
    role = ROLES[shared]
    held = first.reservations.get(role=role).period
    operation = world.waiting(surgery_minutes=45 - shorter)
    third = TheatreFactory(name="Theatre 3", turnover_minutes=0)
    open_all_week(third)
    theatre = world.one if shared == "theatre" else third
    members = [] if shared == "theatre" else [(getattr(world, shared), role)]

    def at(start: datetime) -> tuple[Plan, Hold]:
        plan = plan_for(operation, theatre, start, *members)
        return plan, next(hold for hold in plan.holds if hold.role == role)

    _, hold = at(held.lower)
    first_minutes = int((held.upper - held.lower).total_seconds() // 60)
    wanted = held.lower + timedelta(minutes=offset(first_minutes, hold.period.minutes))
    return at(held.lower + (wanted - hold.period.start))


def insert(operation: Operation, hold: Hold) -> str | None:
    """Insert a bare reservation; return which constraint refused it, ``None`` if none did."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO scheduling_reservation (operation_id, resource_id, role, period, active, exclusive)"
                " VALUES (%s, %s, %s, %s, true, %s)",
                [operation.pk, hold.resource_id, hold.role, hold.period.as_range(), hold.exclusive],
            )
    except IntegrityError as error:
        cause = error.__cause__
        assert cause.pgcode == errorcodes.EXCLUSION_VIOLATION == "23P01"  # type: ignore[union-attr]
        return str(cause.diag.constraint_name)  # type: ignore[union-attr]
    return None


def double_bookings(conflicts: list[Conflict]) -> list[Conflict]:
    return [conflict for conflict in conflicts if conflict.is_hard]


WHEN = ("plain", "midnight", "clocks forward", "clocks back")


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("how", CLASHING)
@pytest.mark.parametrize("shared", ROLES)
def test_booked_twice(world: World, shared: str, how: str, when: str) -> None:
    first = first_case(world, base_of(world, when))
    plan, hold = second_plan(world, first, shared, CLASHING[how])

    (conflict,) = double_bookings(find_conflicts(plan))

    resource = Resource.objects.get(pk=hold.resource_id)
    assert (conflict.rule, conflict.resource_id, conflict.other_operation_id) == (RULES[shared], resource.pk, first.pk)
    assert conflict.message == f"{resource} is already booked {conflict.period}: case {first.pk}, Hip replacement."
    assert insert(plan.operation, hold) == NO_OVERLAP


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("how", LEGAL)
@pytest.mark.parametrize("shared", ROLES)
def test_touching_is_not_overlapping(world: World, shared: str, how: str, when: str) -> None:
    first = first_case(world, base_of(world, when))
    plan, hold = second_plan(world, first, shared, LEGAL[how])

    assert double_bookings(find_conflicts(plan)) == []
    assert insert(plan.operation, hold) is None


SENTENCES = {
    "theatre": "Theatre 1 is already booked 09:50–11:10: case {}, Hip replacement.",
    "surgeon": "Mr A. Khan is already booked 10:15–11:00: case {}, Hip replacement.",
    "anaesthetist": "Dr F. Adeyinka is already booked 10:00–11:00: case {}, Hip replacement.",
    "nurse": "I. Carvalho is already booked 09:50–11:10: case {}, Hip replacement.",
    "item": "C-arm 1 is already booked 09:50–12:00: case {}, Hip replacement.",
    "bed": "Recovery 1 is already booked 11:00–12:00: case {}, Hip replacement.",
}


@pytest.mark.parametrize("shared", ROLES)
def test_sentence_says_what_is_taken_and_when(world: World, shared: str) -> None:
    """Set-up and clean-up count for theatre and nurses, sterilisation for the item."""
    first = first_case(world, world.at(10))
    plan, _ = second_plan(world, first, shared, CLASHING["same start"])

    (conflict,) = double_bookings(find_conflicts(plan))

    assert conflict.message == SENTENCES[shared].format(first.pk)


# --- the patient --------------------------------------------------------------------------------


def place_bare(operation: Operation, plan: Plan) -> str | None:
    """Put an operation on the calendar by SQL; return which constraint refused it."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE scheduling_operation SET status = 'scheduled', theatre_id = %s, period = %s WHERE id = %s",
                [plan.theatre_id, plan.period.as_range(), operation.pk],
            )
    except IntegrityError as error:
        cause = error.__cause__
        assert cause.pgcode == errorcodes.EXCLUSION_VIOLATION  # type: ignore[union-attr]
        return str(cause.diag.constraint_name)  # type: ignore[union-attr]
    return None


def same_patients_plan(world: World, when: str, how: tuple, patient: Patient | None = None) -> tuple[Operation, Plan]:
    offset, shorter = how
    first = world.booked(base_of(world, when))
    operation = world.waiting(patient=patient or first.patient, surgery_minutes=45 - shorter)
    start = first.starts_at + timedelta(minutes=offset(60, operation.in_room_minutes))  # type: ignore[operator]
    return first, plan_for(operation, world.two, start)


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("how", CLASHING)
def test_patient_in_two_places(world: World, how: str, when: str) -> None:
    first, plan = same_patients_plan(world, when, CLASHING[how])

    (conflict,) = find_conflicts(plan)

    assert (conflict.rule, conflict.is_hard, conflict.other_operation_id) == ("patient_busy", True, first.pk)
    assert conflict.message == f"The patient is already booked {conflict.period}: case {first.pk}, Hip replacement."
    assert place_bare(plan.operation, plan) == PATIENT_NO_OVERLAP


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("how", LEGAL)
def test_patient_twice_in_a_row(world: World, how: str, when: str) -> None:
    _, plan = same_patients_plan(world, when, LEGAL[how])

    assert find_conflicts(plan) == []
    assert place_bare(plan.operation, plan) is None


def test_another_patient_at_the_same_time(world: World) -> None:
    _, plan = same_patients_plan(world, "plain", CLASHING["same start"], patient=PatientFactory())

    assert find_conflicts(plan) == []
    assert place_bare(plan.operation, plan) is None


# --- legal for other reasons than time ------------------------------------------------------------


def test_released_reservation_holds_nothing(world: World) -> None:
    first = first_case(world, world.at(10))
    plan, hold = second_plan(world, first, "nurse", CLASHING["same start"])
    release_resource(actor=world.coordinator, operation_id=first.pk, version=first.version, resource_id=world.nurse.pk)

    assert find_conflicts(plan) == []
    assert insert(plan.operation, hold) is None


@pytest.mark.parametrize("shared", ROLES)
def test_cancelled_operation_holds_nothing(world: World, shared: str) -> None:
    first = first_case(world, world.at(10))
    plan, hold = second_plan(world, first, shared, CLASHING["same start"])
    cancel_operation(
        actor=world.coordinator,
        operation_id=first.pk,
        version=first.version,
        reason=CancellationReasonFactory(),
    )

    assert find_conflicts(plan) == []
    assert insert(plan.operation, hold) is None


def test_supervisor_may_be_shared(world: World) -> None:
    supervising = (world.anaesthetist, ReservationRole.SUPERVISING_ANAESTHETIST)
    world.booked(world.at(10), members=[supervising])
    plan = plan_for(world.waiting(), world.two, world.at(10), supervising)

    assert find_conflicts(plan) == []
    assert insert(plan.operation, plan.holds[1]) is None


def test_everything_different(world: World) -> None:
    first_case(world, world.at(10))
    plan = plan_for(world.waiting(), world.two, world.at(10), (world.other_surgeon, ReservationRole.LEAD_SURGEON))

    assert find_conflicts(plan) == []
    assert [insert(plan.operation, hold) for hold in plan.holds] == [None, None]


# --- ranges that are no stretch of time -----------------------------------------------------------

NO_STRETCH = {
    "empty": "tstzrange('2030-05-01 10:00+00', '2030-05-01 10:00+00', '[)')",
    "reversed": "tstzrange('2030-05-01 11:00+00', '2030-05-01 10:00+00', '[)')",
    "no start": "tstzrange(NULL, '2030-05-01 10:00+00', '[)')",
    "no end": "tstzrange('2030-05-01 10:00+00', NULL, '[)')",
    "closed end": "tstzrange('2030-05-01 10:00+00', '2030-05-01 11:00+00', '[]')",
    "open start": "tstzrange('2030-05-01 10:00+00', '2030-05-01 11:00+00', '()')",
}


@pytest.mark.parametrize("range_", NO_STRETCH)
@pytest.mark.parametrize("table", ["reservation", "operation"])
def test_database_refuses_what_is_no_stretch_of_time(world: World, table: str, range_: str) -> None:
    operation = world.booked(world.at(10))
    where = "operation_id" if table == "reservation" else "id"
    statement = f"UPDATE scheduling_{table} SET period = {NO_STRETCH[range_]} WHERE {where} = %s"

    with pytest.raises(Exception, match=r"check constraint|must be less than") as refused:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [operation.pk])

    code = refused.value.__cause__.pgcode  # type: ignore[union-attr]
    assert code == ("22000" if range_ == "reversed" else errorcodes.CHECK_VIOLATION)
