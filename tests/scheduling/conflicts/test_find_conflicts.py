"""What is true of all rules together."""

from dataclasses import replace

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from resources.models import Credential, Profession
from scheduling.conflicts import find_conflicts
from scheduling.models import Operation, OperationEquipment, OperationStaff, ReservationRole
from scheduling.plan import Plan
from tests.factories import (
    AllergyFactory,
    BedFactory,
    EquipmentItemFactory,
    FeatureFactory,
    StaffMemberFactory,
    TheatreFactory,
)
from tests.scheduling.world import World, plan_for


def demanding_plan(world: World) -> Plan:
    """Return a plan that makes every rule read something, loaded as services load it."""
    operation = world.waiting(patient=AllergyFactory().patient, bed_kind="recovery")
    operation.features.add(FeatureFactory())
    OperationEquipment.objects.create(operation=operation, equipment_type=world.item.type)
    OperationStaff.objects.create(operation=operation, role=ReservationRole.SCRUB_NURSE)
    operation = Operation.objects.with_facts().get(pk=operation.pk)
    nurse = StaffMemberFactory(profession=Profession.SCRUB_NURSE, rostered=True)
    members = [
        (StaffMemberFactory(), ReservationRole.LEAD_SURGEON),
        (nurse, ReservationRole.SCRUB_NURSE),
        (EquipmentItemFactory(type=world.item.type), ReservationRole.EQUIPMENT),
    ]
    return plan_for(operation, TheatreFactory(), world.at(10), *members)


def queries_for(plans: list[Plan]) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert find_conflicts(plans)
    return len(queries)


def test_as_many_queries_for_five_plans_as_for_one(world: World) -> None:
    world.procedure.credentials.add(Credential.objects.create(code="c", name="hips"))
    plans = [demanding_plan(world) for _ in range(5)]

    assert queries_for(plans[:1]) == queries_for(plans) == 8


def test_no_plan_no_query(django_assert_num_queries, world: World) -> None:  # type: ignore[no-untyped-def]
    with django_assert_num_queries(0):
        assert find_conflicts([]) == []


def test_hard_conflicts_come_first(world: World) -> None:
    world.booked(world.at(10))
    plan = plan_for(world.waiting(due_on=timezone.localdate()), world.one, world.at(10))

    assert [conflict.rule for conflict in find_conflicts(plan)] == ["theatre_busy", "past_due"]


def test_unsaved_operations_are_told_apart(world: World) -> None:
    """The import asks about operations that have no number yet."""
    saved = [plan_for(world.waiting(), world.one, world.at(10)) for _ in range(2)]
    for plan in saved:
        plan.operation.pk = None
    unsaved = [replace(plan) for plan in saved]

    assert [conflict.message for conflict in find_conflicts(unsaved)] == [
        "Theatre 1 is already booked 09:50–11:10: Hip replacement.",
        "Theatre 1 is already booked 09:50–11:10: Hip replacement.",
    ]


def test_bed_that_is_chosen_needs_no_other(world: World) -> None:
    BedFactory(bed_kind="icu")
    operation = world.waiting(bed_kind="recovery")

    assert find_conflicts(plan_for(operation, world.one, world.at(10), (world.bed, ReservationRole.BED))) == []
