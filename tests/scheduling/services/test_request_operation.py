"""Ask for an operation."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from scheduling.models import ChangeVerb, Operation, Procedure, ReservationRole, Side, Status
from scheduling.services import InvalidPlanError, Request, request_operation
from tests.factories import (
    EquipmentTypeFactory,
    FeatureFactory,
    PatientFactory,
    ProcedureFactory,
    UserFactory,
)
from tests.scheduling.services.refusing import refused
from tests.scheduling.world import World


def ask(world: World, **fields: Any) -> Operation:
    given = {"procedure": world.procedure, "priority": world.priority, **fields}
    patient = given.pop("patient", None) or PatientFactory()
    return request_operation(actor=world.coordinator, request=Request(patient=patient, **given))


def needy_procedure() -> Procedure:
    procedure = ProcedureFactory(bed_kind="recovery", bed_minutes=90, surgery_minutes=120, day_case=True)
    procedure.features.add(FeatureFactory(name="robot"))
    procedure.equipment_needs.create(equipment_type=EquipmentTypeFactory(name="Laser"), quantity=2)
    procedure.staff_needs.create(role=ReservationRole.SCRUB_NURSE, quantity=2)
    return procedure


def test_takes_minutes_and_needs_from_the_procedure(world: World) -> None:
    operation = ask(world, procedure=needy_procedure())

    operation.refresh_from_db()
    assert (operation.status, operation.version, operation.surgery_minutes) == (Status.WAITING, 1, 120)
    assert (operation.bed_kind, operation.bed_minutes, operation.day_case) == ("recovery", 90, True)
    assert [str(need) for need in operation.equipment_needs.all()] == ["2 x Laser"]
    assert [str(need) for need in operation.staff_needs.all()] == ["2 x Scrub nurse"]
    assert [str(feature) for feature in operation.features.all()] == ["robot"]
    assert operation.estimate_source == "catalogue"
    assert (operation.listed_on, operation.due_on) == (
        timezone.localdate(),
        timezone.localdate() + timedelta(days=28),
    )


def test_history_begins(world: World) -> None:
    operation = ask(world)

    (change,) = operation.changes.all()
    assert (change.version, change.verb, change.actor) == (1, ChangeVerb.REQUESTED, world.coordinator)
    assert (change.before, change.after["status"], change.after["theatre"]) == ({}, "waiting", None)


def test_needs_are_the_operations_own_from_now_on(world: World) -> None:
    procedure = needy_procedure()
    operation = ask(world, procedure=procedure)
    procedure.equipment_needs.all().delete()
    procedure.features.clear()

    assert operation.equipment_needs.count() == operation.features.count() == 1


def test_who_may_not_book_asks(world: World) -> None:
    asked = Request(patient=PatientFactory(), procedure=world.procedure, priority=world.priority)

    operation = request_operation(actor=UserFactory(role="surgeon"), request=asked)

    assert operation.status == Status.REQUESTED


@pytest.mark.parametrize("minutes", [1, 1440])
def test_minutes_at_the_bounds(world: World, minutes: int) -> None:
    operation = ask(world, surgery_minutes=minutes)

    assert (operation.surgery_minutes, operation.estimate_source) == (minutes, "booker")


YESTERDAY = timezone.localdate() - timedelta(days=1)
INVALID: list[tuple[dict[str, Any], str, str]] = [
    ({"surgery_minutes": 0}, "surgery_minutes", "Surgery takes between 1 and 1440 minutes."),
    ({"surgery_minutes": -5}, "surgery_minutes", "Surgery takes between 1 and 1440 minutes."),
    ({"surgery_minutes": 1441}, "surgery_minutes", "Surgery takes between 1 and 1440 minutes."),
    ({"surgery_minutes": 2000}, "surgery_minutes", "Surgery takes between 1 and 1440 minutes."),
    ({"asa_class": 0}, "asa_class", "The ASA class is a number from 1 to 6."),
    ({"asa_class": 7}, "asa_class", "The ASA class is a number from 1 to 6."),
    ({"side": "sideways"}, "side", "Choose a side from the list."),
    ({"side": Side.LEFT}, "side", "Hip replacement has no side. Leave it out."),
    ({"due_on": YESTERDAY}, "due_on", "The due date is before the date listed."),
    ({"due_on": date.max}, "due_on", "That is more than ten years ahead. Check the year."),
]


@pytest.mark.parametrize(("fields", "field", "message"), INVALID)
def test_invalid(world: World, fields: dict[str, Any], field: str, message: str) -> None:
    patient = PatientFactory()

    with refused(InvalidPlanError) as error:
        ask(world, patient=patient, **fields)

    assert (error.value.field, str(error.value)) == (field, message)


def test_deceased_patient(world: World) -> None:
    patient = PatientFactory(deceased_on=date(2026, 1, 1))

    with refused(InvalidPlanError) as error:
        ask(world, patient=patient)

    assert (error.value.field, str(error.value)) == (
        "patient",
        "This patient is recorded as deceased. Check that it is the right one.",
    )


@pytest.mark.parametrize("side", [Side.NOT_APPLICABLE, Side.MIDLINE])
def test_side_has_to_be_named(world: World, side: str) -> None:
    procedure = ProcedureFactory(name="Knee replacement", laterality="required")
    patient = PatientFactory()

    with refused(InvalidPlanError) as error:
        ask(world, procedure=procedure, side=side, patient=patient)

    assert (error.value.field, str(error.value)) == (
        "side",
        "Name the side: Knee replacement is done left, right or on both sides.",
    )
    assert ask(world, procedure=procedure, side=Side.BILATERAL).side == Side.BILATERAL


def test_case_number_that_is_taken(world: World) -> None:
    patient = PatientFactory()
    ask(world, external_id="A-17")

    with refused(InvalidPlanError) as error:
        ask(world, external_id="A-17", patient=patient)

    assert (error.value.field, str(error.value)) == (
        "external_id",
        "There is an operation with this case number already.",
    )


def test_lead_surgeon_has_to_be_one(world: World) -> None:
    patient = PatientFactory()

    with refused(InvalidPlanError) as error:
        ask(world, lead_surgeon=world.nurse, patient=patient)

    assert str(error.value) == "I. Carvalho is no surgeon. Choose one."
