"""The same change for many who wait: what can't be done for one takes nothing from the others."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.utils import timezone

from accounts.permissions import NotAllowedError
from scheduling.models import ChangeVerb, Operation, OperationChange
from scheduling.services import (
    InvalidPlanError,
    NotPossibleError,
    StaleVersionError,
    pause_clock,
    resume_clock,
    set_priority,
    set_readiness,
    set_surgeon,
    undo_change,
    undo_waiting,
)
from scheduling.services.bulk import MOST_ROWS, Bulk, change_many, undo_bulk
from scheduling.services.undoing import undo_takes
from tests.factories import PriorityFactory, SpecialtyFactory, StaffMemberFactory, UserFactory
from tests.scheduling.services.refusing import refused
from tests.scheduling.world import World

TODAY = timezone.localdate()
BEFORE = {"listed_on": TODAY - timedelta(days=30), "due_on": TODAY + timedelta(days=10), "assessment": "booked"}
FIELDS = ("priority", "due_on", "assessment", "fit_until", "short_notice", "paused_since", "lead_surgeon")


def many(world: World, change: Callable[..., Any], *operations: Operation) -> Bulk:
    seen = {operation.pk: 1 for operation in operations}
    return change_many(actor=world.coordinator, versions=seen, change=change)


def state(operation: Operation) -> list[Any]:
    return list(Operation.objects.filter(pk=operation.pk).values_list(*FIELDS, "pauses__starts", "pauses__ends"))


def changes(world: World) -> dict[str, Callable[..., Any]]:
    """Return one of each, with values of its own."""
    return {
        "priority": partial(set_priority, priority=PriorityFactory(target_days=100)),
        "assessment": partial(set_readiness, assessment="fit", fit_until=TODAY + timedelta(days=60)),
        "short notice": partial(set_readiness, short_notice=True),
        "pause": partial(pause_clock, kind="unfit", starts=TODAY - timedelta(days=3)),
        "pause that is over": partial(pause_clock, kind="unfit", starts=TODAY - timedelta(days=3), ends=TODAY),
        "own": partial(set_surgeon, surgeon=world.surgeon),
    }


@pytest.mark.parametrize("name", ["priority", "assessment", "short notice", "pause", "pause that is over", "own"])
def test_each_change_is_written_once_and_undone(world: World, name: str) -> None:
    operations = [world.waiting(**BEFORE) for _ in range(3)]
    was = [state(operation) for operation in operations]
    bulk = many(world, changes(world)[name], *operations)
    assert (bulk.done, bulk.refused) == ([operation.pk for operation in operations], {})
    assert all(state(operation) != before for operation, before in zip(operations, was, strict=True))
    written = OperationChange.objects.filter(batch=bulk.batch)
    assert [change.verb for change in written] == [ChangeVerb.WAITED] * 3
    assert all(change.note for change in written)

    undone = undo_bulk(actor=world.coordinator, batch=bulk.batch)

    assert (undone.done, undone.refused) == (bulk.done, {})
    assert [state(operation) for operation in operations] == was
    assert set(Operation.objects.values_list("version", flat=True)) == {3}


def test_a_clock_that_ran_again_stands_still_again(world: World) -> None:
    operation = world.waiting(**BEFORE)
    many(world, changes(world)["pause"], operation)
    was = state(operation)
    bulk = change_many(actor=world.coordinator, versions={operation.pk: 2}, change=partial(resume_clock, ends=TODAY))
    assert state(operation) != was
    undo_bulk(actor=world.coordinator, batch=bulk.batch)
    assert state(operation) == was


def test_the_due_date_follows_the_class_and_the_pauses(world: World) -> None:
    operation = world.waiting(**BEFORE)
    many(world, changes(world)["pause that is over"], operation)
    change_many(
        actor=world.coordinator,
        versions={operation.pk: 2},
        change=partial(set_priority, priority=PriorityFactory(code="PX", target_days=7)),
    )
    operation.refresh_from_db()
    assert operation.due_on == operation.listed_on + timedelta(days=7 + 3)
    assert operation.changes.latest("version").note.endswith(f"→ PX, due {operation.due_on:%d %b %Y}")


def test_those_that_can_t_are_named_with_the_reason(world: World) -> None:
    good, stale, placed, already = (world.waiting() for _ in range(4))
    world.booked(world.at(10), operation=placed)
    set_surgeon(actor=world.coordinator, operation_id=already.pk, version=1, surgeon=world.surgeon)
    versions = {good.pk: 1, stale.pk: 7, placed.pk: 2, already.pk: 2, 999_999: 1}
    bulk = change_many(actor=world.coordinator, versions=versions, change=partial(set_surgeon, surgeon=world.surgeon))
    assert bulk.done == [good.pk]
    assert {number: words.partition(" ")[0] for number, words in bulk.refused.items()} == {
        stale.pk: "This",
        placed.pk: "This",
        already.pk: "This",
        999_999: "This",
    }
    assert "changed meanwhile" in bulk.refused[stale.pk]
    assert "does not wait any more" in bulk.refused[placed.pk]
    assert "so already" in bulk.refused[already.pk]
    assert "does not exist any more" in bulk.refused[999_999]
    placed.refresh_from_db()
    assert placed.lead_surgeon is None


def test_a_role_of_another_specialty_changes_its_own_only(world: World) -> None:
    clerk = UserFactory(role="booking_clerk", role__specialties=[world.specialty])
    mine, elsewhere = world.waiting(), world.waiting()
    Operation.objects.filter(pk=elsewhere.pk).update(specialty=SpecialtyFactory())
    bulk = change_many(
        actor=clerk, versions={mine.pk: 1, elsewhere.pk: 1}, change=partial(set_readiness, short_notice=True)
    )
    assert (bulk.done, list(bulk.refused)) == ([mine.pk], [elsewhere.pk])


@pytest.mark.parametrize("role", ["surgeon", "anaesthetist", "theatre_nurse", "ward_nurse", "manager", "administrator"])
def test_who_may_not(world: World, role: str) -> None:
    operation, actor = world.waiting(), UserFactory(role=role)
    with refused(NotAllowedError):
        change_many(actor=actor, versions={operation.pk: 1}, change=partial(set_surgeon, surgeon=None))
    with refused(NotAllowedError):
        undo_bulk(actor=actor, batch=uuid4())


def test_a_value_that_is_wrong_for_all_is_said_once(world: World) -> None:
    operations = [world.waiting() for _ in range(2)]
    emergency = PriorityFactory(emergency=True)
    nurse, left = world.nurse, StaffMemberFactory(in_use=False)
    for change, field in (
        (partial(set_priority, priority=emergency), "priority"),
        (partial(set_surgeon, surgeon=nurse), "surgeon"),
        (partial(set_surgeon, surgeon=left), "surgeon"),
        (partial(set_readiness, assessment="unfit", fit_until=TODAY), "fit_until"),
        (partial(pause_clock, kind="unfit", starts=TODAY - timedelta(days=900)), "starts"),
    ):
        with refused(InvalidPlanError) as error:
            many(world, change, *operations)
        assert error.value.field == field


@pytest.mark.parametrize("rows", [0, MOST_ROWS + 1])
def test_nothing_ticked_and_too_much_ticked(world: World, rows: int) -> None:
    with refused(InvalidPlanError) as error:
        change_many(actor=world.coordinator, versions=dict.fromkeys(range(rows), 1), change=set_surgeon)
    assert error.value.field == "row"


def test_undo_leaves_alone_who_was_changed_since(world: World) -> None:
    one, other = world.waiting(), world.waiting()
    bulk = many(world, partial(set_readiness, short_notice=True), one, other)
    set_surgeon(actor=world.coordinator, operation_id=other.pk, version=2, surgeon=world.surgeon)
    undone = undo_bulk(actor=world.coordinator, batch=bulk.batch)
    assert (undone.done, list(undone.refused)) == ([one.pk], [other.pk])
    assert "changed meanwhile" in undone.refused[other.pk]


def test_a_bulk_action_is_undone_by_who_did_it(world: World) -> None:
    bulk = many(world, partial(set_readiness, short_notice=True), world.waiting())
    other = UserFactory(role="coordinator")
    with refused(ObjectDoesNotExist):
        undo_bulk(actor=other, batch=bulk.batch)


def test_one_of_many_is_undone_by_itself_and_not_done_again(world: World) -> None:
    one, other = world.waiting(), world.waiting()
    many(world, partial(set_readiness, short_notice=True), one, other)
    change = one.changes.latest("version")
    assert undo_takes(change) == "scheduling.book_operation"
    (undone,) = undo_change(actor=world.coordinator, change_id=change.pk)
    other.refresh_from_db()
    assert (undone.verb, undone.undoes, other.short_notice) == (ChangeVerb.UNDONE, change, True)
    assert undo_takes(undone) == ""
    with refused(NotPossibleError):
        undo_change(actor=world.coordinator, change_id=undone.pk)
    with refused(StaleVersionError):
        undo_waiting(actor=world.coordinator, change_id=change.pk)


@pytest.mark.django_db(transaction=True)
def test_a_class_that_was_deleted_does_not_come_back(world: World) -> None:
    earlier, later = PriorityFactory(), PriorityFactory()
    operation = world.waiting(priority=earlier)
    set_priority(actor=world.coordinator, operation_id=operation.pk, version=1, priority=later)
    earlier.delete()
    with refused(NotPossibleError) as error:
        undo_change(actor=world.coordinator, change_id=operation.changes.latest("version").pk)
    assert "was deleted meanwhile" in str(error.value)


def test_what_kept_too_little_can_t_be_undone(world: World) -> None:
    operation = world.waiting()
    many(world, partial(set_readiness, short_notice=True), operation)
    change = operation.changes.latest("version")
    OperationChange.objects.filter(pk=change.pk).update(before={})
    change.refresh_from_db()
    assert undo_takes(change) == ""
    with refused(NotPossibleError):
        undo_waiting(actor=world.coordinator, change_id=change.pk)
