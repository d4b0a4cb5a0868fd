"""Let others take the places of some on the team, as one change."""

import pytest

from patients.models import Allergy
from resources.models import Resource, Unavailability
from scheduling.models import Operation
from scheduling.period import Period
from scheduling.services import (
    InvalidPlanError,
    Override,
    SchedulingConflictError,
    StaleVersionError,
    confirm_operation,
    substitute_resources,
)
from tests.factories import EquipmentItemFactory, EquipmentTypeFactory, StaffMemberFactory
from tests.scheduling.services.reading import held
from tests.scheduling.services.refusing import refused
from tests.scheduling.world import World


@pytest.fixture
def operation(world: World) -> Operation:
    return world.booked(world.at(10), members=world.whole_team(), lead=world.surgeon)


def substitute(world: World, operation: Operation, *pairs: tuple[Resource, Resource], **more: object) -> Operation:
    given = {"version": operation.version, **more}
    substitutes = {gone.pk: come.pk for gone, come in pairs}
    return substitute_resources(actor=world.coordinator, operation_id=operation.pk, substitutes=substitutes, **given)


def away(world: World, *resources: Resource) -> None:
    for resource in resources:
        period = Period(world.at(0), world.at(0, days=1)).as_range()
        Unavailability.objects.create(resource=resource, kind="sickness", period=period)


def test_several_at_once_hold_the_time_of_their_roles(world: World, operation: Operation) -> None:
    nurse = StaffMemberFactory(profession="scrub_nurse", name="N. New")
    item = EquipmentItemFactory(name="C-arm 2", type=world.item.type)
    before = held(operation)
    confirmed = confirm_operation(actor=world.coordinator, operation_id=operation.pk, version=operation.version)

    done = substitute(world, confirmed, (world.nurse, nurse), (world.item, item))

    after = held(done)
    assert after["scrub_nurse N. New"] == before["scrub_nurse I. Carvalho"]
    assert after["equipment C-arm 2"] == before["equipment C-arm 1"]
    assert len(after) == len(before)
    assert (done.version, done.confirmed_at) == (confirmed.version + 1, None)
    assert done.changes.filter(version=done.version).count() == 1


def test_nobody_named_or_not_on_the_team(world: World, operation: Operation) -> None:
    with refused(InvalidPlanError):
        substitute(world, operation)
    with refused(InvalidPlanError):
        substitute(world, operation, (world.nurse, world.nurse), (world.other_surgeon, world.surgeon))
    with refused(InvalidPlanError):
        substitute(world, operation, (world.one, world.two))  # the theatre is moved


@pytest.mark.parametrize("profession", ["anaesthetist", "radiographer"])
def test_one_of_them_may_not_serve_and_nothing_is_done(world: World, operation: Operation, profession: str) -> None:
    nurse = StaffMemberFactory(profession="scrub_nurse")
    wrong = StaffMemberFactory(profession=profession if profession != "anaesthetist" else "surgeon")
    with refused(SchedulingConflictError) as error:
        substitute(world, operation, (world.nurse, nurse), (world.anaesthetist, wrong))
    assert [one.rule for one in error.value.conflicts] == ["wrong_profession"]


def test_the_same_person_twice_or_already_on_the_team(world: World, operation: Operation) -> None:
    second = StaffMemberFactory(profession="scrub_nurse")
    operation = substitute(world, operation, (world.nurse, second))
    other = world.booked(world.at(14), members=[(world.nurse, "scrub_nurse"), (second, "circulating_nurse")])
    with refused(SchedulingConflictError) as error:
        substitute(world, other, (world.nurse, second))
    assert {one.rule for one in error.value.conflicts} == {"held_twice"}


def test_who_stays_away_stops_nobody_else(world: World, operation: Operation) -> None:
    away(world, world.nurse, world.anaesthetist)
    nurse = StaffMemberFactory(profession="scrub_nurse", name="N. New")
    done = substitute(world, operation, (world.nurse, nurse))
    assert {"scrub_nurse N. New", "anaesthetist Dr F. Adeyinka"} <= held(done).keys()


def test_who_comes_has_to_be_there(world: World, operation: Operation) -> None:
    nurse = StaffMemberFactory(profession="scrub_nurse")
    away(world, world.nurse, nurse)
    with refused(SchedulingConflictError) as error:
        substitute(world, operation, (world.nurse, nurse))
    assert [(one.rule, one.resource_id) for one in error.value.conflicts] == [("person_away", nurse.pk)]


def test_what_comes_must_not_bring_an_allergen(world: World, operation: Operation) -> None:
    """That conflict is about no resource, and did not stand before."""
    latex = EquipmentItemFactory(type=EquipmentTypeFactory(name="Latex arm", allergens=["latex"]))
    Allergy.objects.create(patient=operation.patient, substance="Latex")
    away(world, world.anaesthetist)
    with refused(SchedulingConflictError) as error:
        substitute(world, operation, (world.item, latex))
    assert [one.rule for one in error.value.conflicts] == ["allergy"]


def test_a_warning_about_who_comes_takes_a_reason(world: World, operation: Operation) -> None:
    nurse = StaffMemberFactory(profession="scrub_nurse", rostered=True)
    with refused(SchedulingConflictError) as error:
        substitute(world, operation, (world.nurse, nurse))
    assert error.value.overridable
    done = substitute(world, operation, (world.nurse, nurse), override=Override("Nobody else"))
    kept = done.changes.latest("version").overrides
    assert [(item["rule"], item["reason"]) for item in kept] == [("not_rostered", "Nobody else")]


def test_somebody_was_faster(world: World, operation: Operation) -> None:
    nurse = StaffMemberFactory(profession="scrub_nurse")
    with refused(StaleVersionError):
        substitute(world, operation, (world.nurse, nurse), version=1)
