"""The safety checklist stops the knife, and delays are noted."""

from datetime import timedelta

import pytest
from django.utils import timezone

from scheduling.models import ChecklistItem, Operation
from scheduling.services import (
    InvalidPlanError,
    NotPossibleError,
    correct_event,
    note_delay,
    record_event,
    take_back_delay,
    take_back_event,
)
from tests.factories import ChecklistItemFactory, DelayReasonFactory
from tests.scheduling.services.refusing import refused
from tests.scheduling.world import World


@pytest.fixture
def items(world: World) -> list[ChecklistItem]:
    return [ChecklistItemFactory(part=part) for part in ("sign_in", "time_out", "sign_out")]


@pytest.fixture
def operation(world: World) -> Operation:
    return world.booked(world.at(10))


def tap(world: World, operation: Operation, kind: str, **fields):
    return record_event(actor=world.coordinator, operation_id=operation.pk, kind=kind, at=timezone.now(), **fields)


def test_nothing_waits_for_a_hospital_without_a_checklist(world: World, operation: Operation) -> None:
    assert tap(world, operation, "knife_to_skin").reason == ""


def test_a_part_without_all_answers(world: World, operation: Operation, items: list[ChecklistItem]) -> None:
    with refused(InvalidPlanError) as error:
        tap(world, operation, "sign_in")
    assert (error.value.field, str(error.value)) == ("answers", f"Still open: {items[0].text}.")
    assert not operation.events.exists()


def test_answers_keep_the_words_that_were_read(world: World, operation: Operation, items: list[ChecklistItem]) -> None:
    event = tap(world, operation, "sign_in", answers={items[0].pk: "yes"})
    asked = items[0].text
    ChecklistItem.objects.update(text="Asked otherwise")
    assert [(answer.text, answer.answer) for answer in event.answers.all()] == [(asked, "yes")]


@pytest.mark.parametrize(("may", "answer"), [(False, "not_applicable"), (True, "no"), (True, "")])
def test_what_is_no_answer(world: World, operation: Operation, *, may: bool, answer: str) -> None:
    item = ChecklistItemFactory(may_not_apply=may)
    with refused(InvalidPlanError):
        tap(world, operation, "sign_in", answers={item.pk: answer})


def test_a_question_that_does_not_apply(world: World, operation: Operation) -> None:
    item = ChecklistItemFactory(may_not_apply=True)
    assert tap(world, operation, "sign_in", answers={item.pk: "not_applicable"}).answers.count() == 1


def test_a_question_out_of_use_is_not_asked(world: World, operation: Operation, items: list[ChecklistItem]) -> None:
    ChecklistItem.objects.update(in_use=False)
    assert tap(world, operation, "knife_to_skin").current


def test_the_knife_waits_for_sign_in_and_time_out(world: World, operation: Operation, items) -> None:
    with refused(InvalidPlanError) as error:
        tap(world, operation, "knife_to_skin")
    assert error.value.field == "reason"
    assert str(error.value).startswith("Sign-in and Time-out of the safety checklist not done.")

    tap(world, operation, "sign_in", answers={items[0].pk: "yes"})
    with refused(InvalidPlanError):
        tap(world, operation, "knife_to_skin")
    tap(world, operation, "time_out", answers={items[1].pk: "yes"})
    assert tap(world, operation, "knife_to_skin").reason == ""


def test_an_emergency_does_not_wait_and_says_why(world: World, operation: Operation, items) -> None:
    event = tap(world, operation, "knife_to_skin", reason=" Bleeding ")
    assert event.reason == "Bleeding"
    assert operation.changes.latest("version").note.endswith("without the whole checklist: Bleeding")


def test_a_part_that_was_taken_back_is_open_again(world: World, operation: Operation, items) -> None:
    tap(world, operation, "sign_in", answers={items[0].pk: "yes"})
    out = tap(world, operation, "time_out", answers={items[1].pk: "yes"})
    take_back_event(actor=world.coordinator, event_id=out.pk)
    with refused(InvalidPlanError):
        tap(world, operation, "knife_to_skin")


def test_answers_go_with_the_corrected_time(world: World, operation: Operation, items) -> None:
    event = tap(world, operation, "sign_in", answers={items[0].pk: "yes"})
    now = correct_event(
        actor=world.coordinator, event_id=event.pk, at=event.at - timedelta(minutes=9), reason="Tapped late"
    )
    assert (now.answers.count(), event.answers.count()) == (1, 0)


def test_a_delay(world: World, operation: Operation) -> None:
    reason = DelayReasonFactory()
    delay = note_delay(
        actor=world.coordinator, operation_id=operation.pk, reason=reason, minutes=25, note=" Lift out of order "
    )
    assert (delay.minutes, delay.note, delay.recorded_by) == (25, "Lift out of order", world.coordinator)

    taken = take_back_delay(actor=world.coordinator, delay_id=delay.pk)
    assert taken.taken_back_by == world.coordinator
    with refused(NotPossibleError):
        take_back_delay(actor=world.coordinator, delay_id=delay.pk)
    with refused(NotPossibleError):
        take_back_delay(actor=world.coordinator, delay_id=0)


@pytest.mark.parametrize(
    ("minutes", "in_use", "field"), [(0, True, "minutes"), (1441, True, "minutes"), (5, False, "reason")]
)
def test_no_delay(world: World, operation: Operation, minutes: int, field: str, *, in_use: bool) -> None:
    reason = DelayReasonFactory(in_use=in_use)
    with refused(InvalidPlanError) as error:
        note_delay(actor=world.coordinator, operation_id=operation.pk, reason=reason, minutes=minutes)
    assert error.value.field == field


def test_a_delay_of_what_is_not_on_the_calendar(world: World) -> None:
    operation, reason = world.waiting(), DelayReasonFactory()
    with refused(NotPossibleError):
        note_delay(actor=world.coordinator, operation_id=operation.pk, reason=reason, minutes=5)
