"""Place an emergency and displace others, all or nothing."""

import pytest

from accounts.permissions import NotAllowedError
from resources.models import OpeningHours
from scheduling.conflicts import SchedulingConflictError
from scheduling.models import CancellationReason, ChangeVerb, Operation, Status
from scheduling.services import (
    Displacing,
    InvalidPlanError,
    NotPossibleError,
    Override,
    StaleVersionError,
    place_emergency,
    record_event,
    undo_change,
)
from tests.factories import CancellationReasonFactory, PriorityFactory, UserFactory
from tests.scheduling.services.reading import held
from tests.scheduling.services.refusing import refused
from tests.scheduling.world import World

NOBODY = Displacing(versions={}, starts={})


@pytest.fixture
def reason(world: World) -> CancellationReason:
    return CancellationReasonFactory(code="emergency-displaced")


@pytest.fixture
def emergency(world: World) -> Operation:
    return world.waiting(priority=PriorityFactory(emergency=True, target_minutes=60))


def put(world: World, emergency: Operation, hour: int = 10, displacing: Displacing = NOBODY, actor=None, version=1):
    return place_emergency(
        actor=actor or world.coordinator,
        operation_id=emergency.pk,
        version=version,
        theatre_id=world.one.pk,
        start=world.at(hour),
        displacing=displacing,
        override=Override("Bleeding"),
    )


def test_a_free_place(world: World, emergency: Operation) -> None:
    (done,) = put(world, emergency)
    assert (done.status, done.theatre, done.starts_at) == (Status.SCHEDULED, world.one, world.at(10))
    assert done.changes.latest("version").note == "Bleeding"


def test_one_is_pushed_another_goes_home_in_one_command(world: World, emergency: Operation, reason) -> None:
    pushed, bumped = world.booked(world.at(10), lead=world.surgeon), world.booked(world.at(12))
    displacing = Displacing(versions={pushed.pk: 2, bumped.pk: 2}, starts={pushed.pk: world.at(12)})

    done = put(world, emergency, displacing=displacing)

    assert [one.pk for one in done] == [emergency.pk, pushed.pk, bumped.pk]
    assert Operation.objects.get(pk=pushed.pk).starts_at == world.at(12)
    assert held(pushed)["lead_surgeon Mr A. Khan"] == "12:15–13:00"
    gone = Operation.objects.get(pk=bumped.pk)
    assert (gone.status, gone.theatre, gone.due_on) == (Status.WAITING, None, bumped.due_on)
    changes = {one.pk: one.changes.latest("version") for one in done}
    assert {change.verb for change in changes.values()} == {
        ChangeVerb.BOOKED,
        ChangeVerb.PUSHED,
        ChangeVerb.POSTPONED,
    }
    assert len({change.batch for change in changes.values()}) == 1
    assert changes[bumped.pk].reason == reason
    assert changes[bumped.pk].note == f"Displaced by case {emergency.pk}"


def test_undo_takes_all_of_it_back(world: World, emergency: Operation, reason) -> None:
    pushed, bumped = world.booked(world.at(10)), world.booked(world.at(12))
    put(
        world,
        emergency,
        displacing=Displacing(versions={pushed.pk: 2, bumped.pk: 2}, starts={pushed.pk: world.at(12)}),
    )

    undo_change(actor=world.coordinator, change_id=pushed.changes.latest("version").pk)

    assert Operation.objects.get(pk=pushed.pk).starts_at == world.at(10)
    assert Operation.objects.get(pk=bumped.pk).starts_at == world.at(12)
    assert Operation.objects.get(pk=emergency.pk).status == Status.WAITING


def test_undoing_takes_every_capability_that_it_took(world: World, emergency: Operation, reason, monkeypatch) -> None:
    bumped = world.booked(world.at(10))
    put(world, emergency, displacing=Displacing(versions={bumped.pk: 2}, starts={}))
    nurse = UserFactory(role="theatre_nurse")
    with refused(NotAllowedError):
        undo_change(actor=nurse, change_id=emergency.changes.latest("version").pk)


def test_a_case_in_the_way_that_is_not_named_stops_it(world: World, emergency: Operation) -> None:
    world.booked(world.at(10))
    with refused(SchedulingConflictError):
        put(world, emergency)


def test_somebody_was_faster(world: World, emergency: Operation) -> None:
    pushed = world.booked(world.at(10))
    with refused(StaleVersionError):
        put(world, emergency, displacing=Displacing(versions={pushed.pk: 1}, starts={pushed.pk: world.at(12)}))


def test_a_case_that_has_begun_is_not_displaced(world: World, emergency: Operation, reason) -> None:
    begun = world.booked(world.at(10))
    record_event(actor=world.coordinator, operation_id=begun.pk, kind="in_theatre", at=world.at(8, days=-60))
    with refused(NotPossibleError):
        put(world, emergency, displacing=Displacing(versions={begun.pk: 3}, starts={}))


def test_only_emergencies(world: World) -> None:
    operation = world.waiting()
    with refused(InvalidPlanError) as error:
        put(world, operation)
    assert error.value.field == "priority"


def test_it_does_not_displace_itself(world: World, emergency: Operation) -> None:
    with refused(InvalidPlanError):
        put(world, emergency, displacing=Displacing(versions={emergency.pk: 1}, starts={}))


def test_without_the_reason_in_the_list_nobody_is_sent_home(world: World, emergency: Operation) -> None:
    bumped = world.booked(world.at(10))
    with refused(NotPossibleError) as error:
        put(world, emergency, displacing=Displacing(versions={bumped.pk: 2}, starts={}))
    assert "emergency-displaced" in str(error.value)


@pytest.mark.parametrize("role", ["surgeon", "theatre_nurse", "ward_nurse", "manager"])
def test_who_may_not(world: World, emergency: Operation, role: str) -> None:
    nurse = UserFactory(role=role)
    with refused(NotAllowedError):
        put(world, emergency, actor=nurse)


def test_only_the_same_theatre_and_only_later(world: World, emergency: Operation, reason) -> None:
    elsewhere, here = world.booked(world.at(10), theatre=world.two), world.booked(world.at(14))
    for versions, starts in (
        ({elsewhere.pk: 2}, {}),
        ({here.pk: 2}, {here.pk: world.at(9)}),
        ({here.pk: 2}, {here.pk: world.at(14)}),
        ({here.pk: 2}, {here.pk: world.at(14, days=-20_000)}),
    ):
        with refused(InvalidPlanError):
            put(world, emergency, displacing=Displacing(versions=versions, starts=starts))


def test_only_warnings_that_were_shown(world: World, emergency: Operation) -> None:
    OpeningHours.objects.all().delete()
    call = {
        "actor": world.coordinator,
        "operation_id": emergency.pk,
        "version": 1,
        "theatre_id": world.one.pk,
        "start": world.at(10),
        "displacing": NOBODY,
        "override": Override("Bleeding"),
    }
    with refused(SchedulingConflictError):
        place_emergency(**call, accepts=set())
    assert place_emergency(**call, accepts={(emergency.pk, "outside_hours")})
