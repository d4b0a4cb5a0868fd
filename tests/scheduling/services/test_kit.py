"""Kit that has to come from outside."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.permissions import NotAllowedError
from patients.access import NotOnCareTeamError
from patients.rights.restricting import restrict_processing
from scheduling.conflicts import SchedulingConflictError
from scheduling.models import ChangeVerb, KitState, LoanKit, Operation, Status
from scheduling.services import (
    InvalidPlanError,
    KitOrder,
    NotPossibleError,
    add_kit,
    change_kit,
    confirm_operation,
    move_operation,
    set_kit_state,
)
from tests.factories import SpecialtyFactory, UserFactory
from tests.scheduling.services.refusing import refused
from tests.scheduling.world import World

TODAY = timezone.localdate()


@pytest.fixture
def operation(world: World) -> Operation:
    return world.booked(world.at(10), lead=world.surgeon)


def add(world: World, operation: Operation, what: str = "Knee set", **fields: Any) -> LoanKit:
    return add_kit(actor=world.coordinator, operation_id=operation.pk, order=KitOrder(what=what, **fields))


def tap(world: World, kit: LoanKit, state: str, version: int | None = None) -> LoanKit:
    return set_kit_state(actor=world.coordinator, kit_id=kit.pk, version=version or kit.version, state=state)


def confirm(world: World, operation: Operation) -> Operation:
    version = Operation.objects.get(pk=operation.pk).version
    return confirm_operation(actor=world.coordinator, operation_id=operation.pk, version=version)


def last_words(operation: Operation) -> str:
    change = operation.changes.latest("version")
    assert change.verb == ChangeVerb.KIT
    assert change.actor.given_name == "Jo"
    return change.note


def test_each_change_stands_in_the_history(world: World, operation: Operation) -> None:
    day = world.day - timedelta(days=5)
    kit = add(world, operation, " Knee set ", quantity=2, supplier="Acme", days_before=3, expected_on=day, note=" Big ")
    assert last_words(operation) == (
        f"2 x Knee set: to be ordered, from Acme, needed 3 days before, promised for {day:%d %b %Y}"
    )
    assert (kit.what, kit.note, kit.needed_by) == ("Knee set", "Big", world.day - timedelta(days=3))

    tap(world, kit, "ordered")
    assert last_words(operation) == "2 x Knee set: ordered, was to be ordered"

    order = KitOrder(what="Hip set", days_before=0, reference="PO 7")
    kit = change_kit(actor=world.coordinator, kit_id=kit.pk, version=2, order=order)
    assert last_words(operation) == "Hip set, was 2 x Knee set: changed, needed on the day"
    assert (kit.state, kit.supplier, kit.expected_on, kit.reference) == ("ordered", "", None, "PO 7")

    operation.refresh_from_db()
    assert (operation.version, operation.period) == (5, operation.period)
    assert kit.version == 3


def test_the_day_follows_the_operation(world: World, operation: Operation) -> None:
    kit = add(world, operation)
    assert kit.needed_by == world.day - timedelta(days=2)
    move_operation(
        actor=world.coordinator,
        operation_id=operation.pk,
        version=3,
        theatre_id=world.one.pk,
        start=world.at(10, days=7),
    )
    assert LoanKit.objects.get(pk=kit.pk).needed_by == world.day + timedelta(days=5)


def test_what_waits_has_no_day_yet(world: World) -> None:
    assert add(world, world.waiting()).needed_by is None


def test_an_operation_is_confirmed_once_it_is_here(world: World, operation: Operation) -> None:
    kit = add(world, operation)
    for state in ("ordered", "not_coming"):
        kit = tap(world, kit, state)
        with refused(SchedulingConflictError) as error:
            confirm(world, operation)
        assert str(error.value) == f"Still missing: Knee set on loan ({KitState(state).label.lower()})."
        assert error.value.overridable is False
    tap(world, kit, "arrived")
    assert confirm(world, operation).confirmed_at is not None


@pytest.mark.parametrize(
    ("state", "stays"), [("not_coming", False), ("returned", False), ("to_order", False), ("not_needed", True)]
)
def test_what_is_not_here_any_more_takes_back_the_confirmation(
    world: World, operation: Operation, state: str, *, stays: bool
) -> None:
    kit = tap(world, add(world, operation), "arrived")
    confirm(world, operation)
    tap(world, kit, state)
    operation.refresh_from_db()
    assert (operation.confirmed_at is not None, operation.confirmed_by_id is not None) == (stays, stays)


def test_adding_takes_back_the_confirmation_and_a_note_does_not(world: World, operation: Operation) -> None:
    kit = tap(world, add(world, operation), "arrived")
    confirm(world, operation)
    change_kit(actor=world.coordinator, kit_id=kit.pk, version=2, order=KitOrder(what="Knee set", note="In store 3"))
    operation.refresh_from_db()
    assert operation.confirmed_at is not None
    change_kit(actor=world.coordinator, kit_id=kit.pk, version=3, order=KitOrder(what="Knee set", quantity=2))
    operation.refresh_from_db()
    assert operation.confirmed_at is None
    confirm(world, operation)
    add(world, operation, "Screws")
    operation.refresh_from_db()
    assert operation.confirmed_at is None


def test_what_never_came_is_not_returned(world: World, operation: Operation) -> None:
    kit = add(world, operation)
    with refused(NotPossibleError) as error:
        tap(world, kit, "returned")
    assert "has not arrived" in str(error.value)


def test_kit_of_an_operation_that_is_over_is_sent_back(world: World, operation: Operation) -> None:
    kit = tap(world, add(world, operation), "arrived")
    Operation.objects.filter(pk=operation.pk).update(status=Status.COMPLETED)
    assert tap(world, kit, "returned").state == "returned"
    with refused(NotPossibleError):
        add(world, operation)


def test_two_people_at_once(world: World, operation: Operation) -> None:
    kit = add(world, operation)
    tap(world, kit, "ordered")
    with refused(NotPossibleError) as error:
        tap(world, kit, "not_coming", version=1)
    assert "Knee set: ordered, by Jo Marsh" in str(error.value)
    with refused(NotPossibleError):
        change_kit(actor=world.coordinator, kit_id=kit.pk, version=1, order=KitOrder(what="Hip set"))
    with refused(NotPossibleError) as error:
        tap(world, kit, "ordered", version=2)
    assert "is noted as “ordered” already" in str(error.value)


def test_a_wrong_tap_is_put_right_by_another(world: World, operation: Operation) -> None:
    kit = add(world, operation)
    for state in ("not_needed", "arrived", "returned", "arrived", "to_order"):
        kit = tap(world, kit, state)
    assert kit.state == "to_order"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"what": "  "}, "what"),
    ({"quantity": 0}, "quantity"),
    ({"quantity": 100}, "quantity"),
    ({"days_before": -1}, "days_before"),
    ({"days_before": 61}, "days_before"),
    ({"expected_on": date(2999, 1, 1)}, "expected_on"),
    ({"expected_on": date(1999, 1, 1)}, "expected_on"),
]


@pytest.mark.parametrize(("fields", "field"), WRONG)
def test_what_can_t_be_meant(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidPlanError) as error:
        KitOrder(**{"what": "Knee set", **fields})
    assert error.value.field == field


def test_a_state_that_is_none_and_kit_that_is_not_there(world: World, operation: Operation) -> None:
    kit = add(world, operation)
    with refused(InvalidPlanError):
        tap(world, kit, "lost")
    with refused(NotPossibleError):
        set_kit_state(actor=world.coordinator, kit_id=kit.pk + 1, version=1, state="ordered")


@pytest.mark.parametrize("role", ["booking_clerk", "theatre_nurse"])
def test_who_may(world: World, operation: Operation, role: str) -> None:
    add_kit(actor=UserFactory(role=role), operation_id=operation.pk, order=KitOrder(what="Knee set"))
    assert operation.loan_kit.get().changed_by.role_assignments.get().role == role


@pytest.mark.parametrize("role", ["surgeon", "anaesthetist", "ward_nurse", "manager", "privacy_officer"])
def test_who_may_not(world: World, operation: Operation, role: str) -> None:
    kit, actor = add(world, operation), UserFactory(role=role)
    with refused(NotAllowedError):
        add_kit(actor=actor, operation_id=operation.pk, order=KitOrder(what="Knee set"))
    with refused(NotAllowedError):
        change_kit(actor=actor, kit_id=kit.pk, version=1, order=KitOrder(what="Knee set"))
    with refused(NotAllowedError):
        set_kit_state(actor=actor, kit_id=kit.pk, version=1, state="ordered")


def test_a_role_of_another_specialty_and_a_restricted_record(world: World, operation: Operation) -> None:
    kit = add(world, operation)
    stranger = UserFactory(role="theatre_nurse", role__specialties=[SpecialtyFactory()])
    with refused(NotOnCareTeamError):
        set_kit_state(actor=stranger, kit_id=kit.pk, version=1, state="ordered")
    officer = UserFactory(role="privacy_officer")
    restrict_processing(actor=officer, patient_id=operation.patient_id, ground="claims", reason="Claim 7")
    with refused(NotPossibleError):
        tap(world, kit, "ordered")
