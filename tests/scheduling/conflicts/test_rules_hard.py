"""Every rule that nobody may override: a case in which it speaks, with its sentence, and one in which not.

Double bookings themselves are in ``test_table.py``.
"""

from datetime import timedelta

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from patients.models import AllergyStatus
from resources.models import Credential, Resource, StaffCredential, Unavailability
from resources.models.availability import UnavailabilityKind
from scheduling.conflicts.rules_hard import HARD_RULES
from scheduling.models import OperationEquipment, OperationStaff, ReservationRole
from scheduling.period import Period
from scheduling.plan import Assignment, Plan
from tests.factories import (
    AllergyFactory,
    EquipmentTypeFactory,
    FeatureFactory,
    LoanKitFactory,
    PatientFactory,
    ProcedureFactory,
    StaffMemberFactory,
)
from tests.scheduling.conflicts.saying import hard
from tests.scheduling.world import World, plan_for

LEAD = ReservationRole.LEAD_SURGEON


def test_every_rule_is_tested_here_or_in_the_table() -> None:
    assert [rule.__name__ for rule in HARD_RULES] == [
        "patient_deceased",
        "resource_busy",
        "patient_busy",
        "unavailable",
        "retired",
        "wrong_profession",
        "feature_missing",
        "not_credentialed",
        "allergy",
        "need_unmet",
    ]


def test_nothing_speaks_against_a_good_plan(world: World) -> None:
    plan = plan_for(world.waiting(), world.one, world.at(10), (world.surgeon, LEAD), *world.whole_team())

    assert hard(plan) == []


def test_patient_deceased(world: World) -> None:
    patient = PatientFactory(deceased_on=timezone.localdate())

    assert hard(plan_for(world.waiting(patient=patient), world.one, world.at(10))) == [
        ("patient_deceased", "This patient is recorded as deceased.")
    ]


def test_resource_that_does_not_exist(world: World) -> None:
    operation = world.waiting()
    period = Period.lasting(world.at(10), 60)
    somebody = Assignment(resource_id=0, role=ReservationRole.SCRUB_NURSE)
    nobody = Plan(operation=operation, theatre_id=world.one.pk, period=period, assignments=(somebody,))
    nowhere = Plan(operation=operation, theatre_id=world.nurse.pk, period=period)

    assert hard(nobody) == [("unknown_resource", "The scrub nurse that was chosen does not exist any more.")]
    assert hard(nowhere) == [("unknown_resource", "The theatre that was chosen does not exist any more.")]


def test_named_twice(world: World) -> None:
    nurse = world.nurse
    twice = [(nurse, ReservationRole.SCRUB_NURSE), (nurse, ReservationRole.CIRCULATING_NURSE)]

    assert hard(plan_for(world.waiting(), world.one, world.at(10), *twice)) == [
        ("held_twice", "I. Carvalho is named 2 times in this operation's team.")
    ]
    assert hard(plan_for(world.waiting(), world.one, world.at(10), twice[0])) == []


def test_two_plans_are_checked_against_each_other(world: World) -> None:
    both = [plan_for(world.waiting(), world.one, world.at(10, minute)) for minute in (0, 30)]
    one, other = (plan.operation.pk for plan in both)

    assert hard(both) == [
        ("theatre_busy", f"Theatre 1 is already booked 10:20–11:40: case {other}, Hip replacement."),
        ("theatre_busy", f"Theatre 1 is already booked 09:50–11:10: case {one}, Hip replacement."),
    ]


def test_what_the_plans_replace_is_left_out_of_account(world: World) -> None:
    first, second = world.booked(world.at(10)), world.booked(world.at(12))
    swapped = [plan_for(first, world.one, world.at(12)), plan_for(second, world.one, world.at(10))]

    assert hard(swapped) == []


AWAY = [
    ("one", UnavailabilityKind.CLOSURE, ("theatre_closed", "Theatre 1 is closed 11:05–15:00 (because).")),
    ("nurse", UnavailabilityKind.SICKNESS, ("person_away", "I. Carvalho is away 11:05–15:00.")),
    ("item", UnavailabilityKind.MAINTENANCE, ("equipment_out", "C-arm 1 is out of service 11:05–15:00 (because).")),
    ("bed", UnavailabilityKind.CLOSURE, ("bed_closed", "Recovery 1 is closed 11:05–15:00 (because).")),
]


@pytest.mark.parametrize(("who", "kind", "said"), AWAY)
def test_unavailable(world: World, who: str, kind: str, said: tuple[str, str]) -> None:
    """Five minutes of clean-up are enough; the reason of a person's absence is nobody's business."""
    period = Period(world.at(11, 5), world.at(15)).as_range()
    resource = Resource.objects.get(pk=getattr(world, who).pk)
    Unavailability.objects.create(resource=resource, kind=kind, period=period, note="because")
    team = world.whole_team()

    assert hard(plan_for(world.waiting(), world.one, world.at(10), *team)) == [said]
    assert hard(plan_for(world.waiting(), world.one, world.at(16), *team)) == []


def test_unavailable_without_end(world: World) -> None:
    start = world.at(11)
    for_good = DateTimeTZRange(start, None)
    Unavailability.objects.create(resource=world.one, kind=UnavailabilityKind.CLOSURE, period=for_good)

    assert hard(plan_for(world.waiting(), world.one, world.at(15))) == [("theatre_closed", "Theatre 1 is closed.")]
    assert hard(plan_for(world.waiting(), world.one, start - timedelta(minutes=70))) == []


@pytest.mark.parametrize("who", ["one", "surgeon", "nurse", "item", "bed"])
def test_retired(world: World, who: str) -> None:
    resource = getattr(world, who)
    resource.in_use = False
    resource.save()
    plan = plan_for(world.waiting(), world.one, world.at(10), (world.surgeon, LEAD), *world.whole_team())

    assert hard(plan) == [("retired", f"{resource.name} is no longer in use.")]


WRONG = [
    ("nurse", ReservationRole.LEAD_SURGEON, "I. Carvalho can't be booked as lead surgeon."),
    ("surgeon", ReservationRole.ANAESTHETIST, "Mr A. Khan can't be booked as anaesthetist."),
    ("item", ReservationRole.SCRUB_NURSE, "C-arm 1 can't be booked as scrub nurse."),
    ("surgeon", ReservationRole.EQUIPMENT, "Mr A. Khan can't be booked as equipment."),
    ("two", ReservationRole.BED, "Theatre 2 can't be booked as bed."),
    ("bed", ReservationRole.RADIOGRAPHER, "Recovery 1 can't be booked as radiographer."),
]


@pytest.mark.parametrize(("who", "role", "sentence"), WRONG)
def test_wrong_profession(world: World, who: str, role: str, sentence: str) -> None:
    plan = plan_for(world.waiting(), world.one, world.at(10), (getattr(world, who), role))

    assert hard(plan) == [("wrong_profession", sentence)]


def test_scrub_nurse_may_circulate(world: World) -> None:
    circulating = (world.nurse, ReservationRole.CIRCULATING_NURSE)

    assert hard(plan_for(world.waiting(), world.one, world.at(10), circulating)) == []


def test_feature_missing(world: World) -> None:
    operation = world.waiting()
    flow, robot = FeatureFactory(name="laminar flow"), FeatureFactory(name="robot")
    operation.features.add(flow, robot)
    world.two.features.add(flow, robot)

    assert hard(plan_for(operation, world.one, world.at(10))) == [
        ("feature_missing", "Theatre 1 has no laminar flow and no robot, which this operation needs.")
    ]
    assert hard(plan_for(operation, world.two, world.at(10))) == []


def test_not_credentialed(world: World) -> None:
    robotics = Credential.objects.create(code="robotics", name="robotic surgery")
    procedure = ProcedureFactory()
    procedure.credentials.add(robotics)
    StaffCredential.objects.create(
        staff_member=world.surgeon, credential=robotics, valid_until=world.day, valid_from=world.day
    )

    def said(surgeon: Resource, days: int) -> list[tuple[str, str]]:
        return hard(plan_for(world.waiting(procedure=procedure), world.one, world.at(10, days=days), (surgeon, LEAD)))

    tomorrow = world.day + timedelta(days=1)
    assert said(world.surgeon, 0) == []
    assert said(world.surgeon, 1) == [
        (
            "not_credentialed",
            f"Mr A. Khan holds no valid credential for robotic surgery on {tomorrow:%d %b %Y}.",
        )
    ]
    assert [rule for rule, _ in said(world.surgeon, -1)] == ["not_credentialed"]
    assert [rule for rule, _ in said(world.other_surgeon, 0)] == ["not_credentialed"]


@pytest.mark.parametrize("status", AllergyStatus.values)
def test_allergy_to_the_procedure(world: World, status: str) -> None:
    """An allergy in the record counts, whatever the record's summary says."""
    patient = PatientFactory(allergy_status=status)
    AllergyFactory(patient=patient, substance="Natural rubber (LATEX)")
    gloves = ProcedureFactory(name="Hand surgery", allergens=["latex", "iodine"])

    assert hard(plan_for(world.waiting(patient=patient, procedure=gloves), world.one, world.at(10))) == [
        ("allergy", "The patient is allergic to latex, and Hand surgery contains it.")
    ]
    assert hard(plan_for(world.waiting(patient=patient), world.one, world.at(10))) == []
    assert hard(plan_for(world.waiting(procedure=gloves), world.one, world.at(10))) == []


def test_allergy_to_needed_or_assigned_equipment(world: World) -> None:
    world.item.type.allergens = ["nickel"]
    world.item.type.save()
    patient = AllergyFactory(substance="nickel").patient
    needing, holding = world.waiting(patient=patient), world.waiting(patient=patient)
    OperationEquipment.objects.create(operation=needing, equipment_type=world.item.type)
    said = [("allergy", "The patient is allergic to nickel, and C-arm contains it.")]

    assert hard(plan_for(needing, world.one, world.at(10))) == said
    assert hard(plan_for(holding, world.one, world.at(10), (world.item, ReservationRole.EQUIPMENT))) == said
    assert hard(plan_for(holding, world.one, world.at(10))) == []


def test_need_unmet_is_asked_at_confirmation(world: World) -> None:
    operation = world.waiting(bed_kind="recovery")
    OperationEquipment.objects.create(operation=operation, equipment_type=world.item.type)
    OperationEquipment.objects.create(
        operation=operation, equipment_type=EquipmentTypeFactory(name="Laser"), quantity=2
    )
    OperationStaff.objects.create(operation=operation, role=ReservationRole.ANAESTHETIST)
    OperationStaff.objects.create(operation=operation, role=ReservationRole.SCRUB_NURSE, quantity=2)
    some = [(world.surgeon, LEAD), (world.nurse, ReservationRole.SCRUB_NURSE), (world.item, ReservationRole.EQUIPMENT)]

    assert hard(plan_for(operation, world.one, world.at(10), *some)) == []
    assert hard(plan_for(operation, world.one, world.at(10), *some, confirming=True)) == [
        ("need_unmet", "Still missing: Anaesthetist."),
        ("need_unmet", "Still missing: Scrub nurse."),
        ("need_unmet", "Still missing: 2 x Laser."),
        ("need_unmet", "Still missing: Recovery bed."),
    ]


def test_need_met(world: World) -> None:
    operation = world.waiting(bed_kind="recovery")
    OperationEquipment.objects.create(operation=operation, equipment_type=world.item.type)
    OperationStaff.objects.create(operation=operation, role=ReservationRole.SCRUB_NURSE, quantity=2)
    second = StaffMemberFactory(profession="scrub_nurse")
    team = [(world.surgeon, LEAD), *world.whole_team(), (second, ReservationRole.SCRUB_NURSE)]

    assert hard(plan_for(operation, world.one, world.at(10), *team, confirming=True)) == []


def test_kit_on_loan_is_asked_for_at_confirmation(world: World) -> None:
    operation = world.waiting()
    for state in ("to_order", "ordered", "arrived", "not_coming", "returned", "not_needed"):
        LoanKitFactory(operation=operation, what=f"Set {state}", quantity=1 + (state == "ordered"), state=state)
    lead = (world.surgeon, LEAD)

    assert hard(plan_for(operation, world.one, world.at(10), lead)) == []
    assert hard(plan_for(operation, world.one, world.at(10), lead, confirming=True)) == [
        ("kit_missing", "Still missing: Set to_order on loan (to be ordered)."),
        ("kit_missing", "Still missing: 2 x Set ordered on loan (ordered)."),
        ("kit_missing", "Still missing: Set not_coming on loan (not coming)."),
        ("kit_missing", "Still missing: Set returned on loan (returned)."),
    ]


def test_supervising_anaesthetist_counts_as_one(world: World) -> None:
    operation = world.waiting()
    OperationStaff.objects.create(operation=operation, role=ReservationRole.ANAESTHETIST)
    team = [(world.surgeon, LEAD), (world.anaesthetist, ReservationRole.SUPERVISING_ANAESTHETIST)]

    assert hard(plan_for(operation, world.one, world.at(10), *team, confirming=True)) == []
