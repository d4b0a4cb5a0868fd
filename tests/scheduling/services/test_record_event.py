"""Record what really happened."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from scheduling.models import ChangeVerb, EventKind, Operation, OperationEvent, Status
from scheduling.period import Period
from scheduling.services import (
    InvalidPlanError,
    NotPossibleError,
    correct_event,
    move_operation,
    postpone_operation,
    record_event,
    take_back_event,
    undo_change,
)
from tests.factories import CancellationReasonFactory, UserFactory
from tests.scheduling.services.reading import held
from tests.scheduling.services.refusing import refused
from tests.scheduling.world import World

DAY = [
    (EventKind.SENT_FOR, Status.SCHEDULED),
    (EventKind.ARRIVED, Status.ARRIVED),
    (EventKind.SIGN_IN, Status.ARRIVED),
    (EventKind.IN_THEATRE, Status.IN_THEATRE),
    (EventKind.ANAESTHESIA, Status.IN_THEATRE),
    (EventKind.TIME_OUT, Status.IN_THEATRE),
    (EventKind.KNIFE_TO_SKIN, Status.IN_THEATRE),
    (EventKind.CLOSING, Status.IN_THEATRE),
    (EventKind.SIGN_OUT, Status.IN_THEATRE),
    (EventKind.OUT, Status.RECOVERY),
    (EventKind.RECOVERY, Status.RECOVERY),
    (EventKind.READY, Status.RECOVERY),
    (EventKind.DISCHARGED, Status.COMPLETED),
    (EventKind.CLEANED, Status.COMPLETED),
]


def record(world: World, operation: Operation, kind: str, at: datetime | None = None) -> OperationEvent:
    return record_event(actor=world.coordinator, operation_id=operation.pk, kind=kind, at=at or timezone.now())


def test_status_follows_the_day(world: World) -> None:
    operation = world.booked(world.at(10), lead=world.surgeon)
    seen = []
    for kind, _ in DAY:
        record(world, operation, kind)
        seen.append((kind, Operation.objects.get(pk=operation.pk).status))

    assert seen == DAY
    operation.refresh_from_db()
    assert operation.version == 2 + len(DAY)
    assert set(operation.changes.filter(version__gt=2).values_list("verb", flat=True)) == {ChangeVerb.RECORDED}
    assert len(held(operation)) == 2


def test_a_second_tap_says_who_was_first(world: World) -> None:
    operation = world.booked(world.at(10))
    first = record(world, operation, EventKind.OUT)

    with refused(NotPossibleError) as error:
        record(world, operation, EventKind.OUT, timezone.now() - timedelta(minutes=4))

    said = f"“Wheels out” is recorded: {timezone.localtime(first.at):%H:%M}, by {world.coordinator}. Correct its time"
    assert str(error.value).startswith(said)
    assert list(operation.events.all()) == [first]


def test_a_milestone_before_the_one_before_it(world: World) -> None:
    operation = world.booked(world.at(10))
    now = timezone.now().replace(second=0, microsecond=0)
    record(world, operation, EventKind.IN_THEATRE, now)

    with refused(InvalidPlanError) as error:
        record(world, operation, EventKind.OUT, now - timedelta(minutes=30))

    assert error.value.field == "at"
    clock = f"{timezone.localtime(now):%H:%M}"
    assert f"would be before “Wheels in” at {clock}. Check both times." in str(error.value)


def test_what_was_left_out_may_follow_late_at_its_time(world: World) -> None:
    operation = world.booked(world.at(10))
    record(world, operation, EventKind.OUT)

    record(world, operation, EventKind.ARRIVED, timezone.now() - timedelta(hours=2))

    assert Operation.objects.get(pk=operation.pk).status == Status.RECOVERY


def correct(world: World, event: OperationEvent, at: datetime, reason: str = "Typed wrongly") -> OperationEvent:
    return correct_event(actor=world.coordinator, event_id=event.pk, at=at, reason=reason)


def test_a_correction_keeps_what_was(world: World) -> None:
    operation = world.booked(world.at(10))
    first = record(world, operation, EventKind.OUT)

    second = correct(world, first, first.at - timedelta(minutes=4))

    first.refresh_from_db()
    assert (first.current, second.current, second.supersedes) == (False, True, first)
    assert second.reason == "Typed wrongly"
    note = operation.changes.latest("version").note
    assert note.startswith("Wheels out ")
    assert note.endswith(f"instead of {timezone.localtime(first.at):%H:%M}: Typed wrongly")


def test_a_correction_keeps_the_order(world: World) -> None:
    operation = world.booked(world.at(10))
    now = timezone.now()
    record(world, operation, EventKind.IN_THEATRE, now - timedelta(hours=1))
    out = record(world, operation, EventKind.OUT, now)

    with refused(InvalidPlanError):
        correct(world, out, now - timedelta(hours=2))


@pytest.mark.parametrize("change", ["correct", "take back"])
def test_a_change_of_what_stands_says_why(world: World, change: str) -> None:
    event = record(world, world.booked(world.at(10)), EventKind.OUT)
    OperationEvent.objects.update(recorded_at=timezone.now() - timedelta(minutes=3))

    with refused(InvalidPlanError) as error:
        if change == "correct":
            correct(world, event, event.at, reason="  ")
        else:
            take_back_event(actor=world.coordinator, event_id=event.pk, reason=" ")

    assert (error.value.field, str(error.value)) == ("reason", "Say why: the record keeps it.")


@pytest.mark.parametrize("change", ["correct", "take back"])
def test_two_change_one_milestone(world: World, change: str) -> None:
    event = record(world, world.booked(world.at(10)), EventKind.OUT)
    second = correct(world, event, event.at - timedelta(minutes=4))

    with refused(NotPossibleError) as error:
        if change == "correct":
            correct(world, event, event.at)
        else:
            take_back_event(actor=world.coordinator, event_id=event.pk)

    now = f"{timezone.localtime(second.at):%H:%M}"
    assert f"changed this milestone meanwhile. “Wheels out” is recorded: {now}, by" in str(error.value)


def test_ones_own_wrong_tap_is_taken_back_without_a_word(world: World) -> None:
    operation = world.booked(world.at(10))
    record(world, operation, EventKind.ARRIVED)
    out = record(world, operation, EventKind.OUT)

    taken = take_back_event(actor=world.coordinator, event_id=out.pk)

    taken.refresh_from_db()
    assert (taken.current, taken.taken_back_by, taken.reason) == (False, world.coordinator, "")
    operation.refresh_from_db()
    assert (operation.status, operation.is_movable) == (Status.ARRIVED, True)
    assert operation.changes.latest("version").note.startswith("Taken back: Wheels out ")
    assert record(world, operation, EventKind.IN_THEATRE).current


def test_a_tap_of_somebody_else_takes_a_reason(world: World) -> None:
    out = record(world, world.booked(world.at(10)), EventKind.OUT)
    nurse = UserFactory(role="theatre_nurse")

    with refused(InvalidPlanError):
        take_back_event(actor=nurse, event_id=out.pk)

    assert take_back_event(actor=nurse, event_id=out.pk, reason="Wrong patient").reason == "Wrong patient"


def test_a_milestone_that_never_was(world: World) -> None:
    with refused(NotPossibleError):
        take_back_event(actor=world.coordinator, event_id=0)
    with refused(NotPossibleError):
        correct_event(actor=world.coordinator, event_id=0, at=timezone.now(), reason="x")


def test_whatever_the_plan_says(world: World) -> None:
    """Patients in theatre at a time that is another case's are a fact; the plan stays as it was."""
    world.booked(world.at(12))
    operation = world.booked(world.at(10))

    record(world, operation, EventKind.IN_THEATRE, world.at(12, days=-60))

    assert held(operation) == {"theatre Theatre 1": "09:50–11:10"}


def test_history_says_what_and_when(world: World) -> None:
    operation = world.booked(world.at(10))
    at = timezone.now()

    record(world, operation, EventKind.IN_THEATRE, at)

    assert operation.changes.get(version=3).note == f"Wheels in {timezone.localtime(at):%H:%M}"


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.WAITING, Status.CANCELLED])
def test_not_on_the_calendar(world: World, status: str) -> None:
    operation = world.waiting(status=status)

    with refused(NotPossibleError) as error:
        record(world, operation, EventKind.ARRIVED)

    assert str(error.value) == "This operation is not on the calendar. Book it first."


INVALID = [
    ("teleported", timezone.now(), "kind", "Choose one of the listed events."),
    (EventKind.OUT, timezone.now() + timedelta(days=1), "at", "This time has not come yet."),
    (EventKind.OUT, datetime(2026, 1, 1, 10), "at", "The time needs a time zone."),
]


@pytest.mark.parametrize(("kind", "at", "field", "message"), INVALID)
def test_invalid(world: World, kind: str, at: datetime, field: str, message: str) -> None:
    operation = world.booked(world.at(10))

    with refused(InvalidPlanError) as error:
        record(world, operation, kind, at)

    assert (error.value.field, str(error.value)) == (field, message)


def test_clock_of_a_tablet_that_is_a_little_fast(world: World) -> None:
    operation = world.booked(world.at(10))

    assert record(world, operation, EventKind.OUT, timezone.now() + timedelta(minutes=4)).current


def test_what_happened_before_a_postponement_says_nothing_of_the_next_date(world: World) -> None:
    operation = world.booked(world.at(10))
    record(world, operation, EventKind.ARRIVED)
    record(world, operation, EventKind.SIGN_IN)
    operation.refresh_from_db()
    postponed = postpone_operation(
        actor=world.coordinator,
        operation_id=operation.pk,
        version=operation.version,
        reason=CancellationReasonFactory(),
    )
    assert not operation.events.filter(current=True).exists()
    assert {event.reason for event in operation.events.all()} == {"Taken off the calendar"}

    undo_change(actor=world.coordinator, change_id=postponed.changes.latest("version").pk)
    assert set(operation.events.filter(current=True).values_list("kind", flat=True)) == {"arrived", "sign_in"}

    operation.refresh_from_db()
    assert operation.status == Status.ARRIVED


def moved(world: World, operation: Operation, **later: int) -> Operation:
    operation.refresh_from_db()
    start = Period.of(operation.period).start + timedelta(**later)
    return move_operation(
        actor=world.coordinator,
        operation_id=operation.pk,
        version=operation.version,
        theatre_id=operation.theatre_id or 0,
        start=start,
    )


def standing(operation: Operation) -> tuple[str, set[str]]:
    operation.refresh_from_db()
    return operation.status, set(operation.events.filter(current=True).values_list("kind", flat=True))


def test_what_happened_on_one_day_says_nothing_of_the_day_to_which_a_case_is_moved(world: World) -> None:
    """Above all not that the patient is there, and not that the safety checklist was gone through."""
    operation = world.booked(world.at(10))
    record(world, operation, EventKind.ARRIVED)
    record(world, operation, EventKind.SIGN_IN)

    moved(world, operation, days=1)
    assert standing(operation) == (Status.SCHEDULED, set())
    assert {event.reason for event in operation.events.all()} == {"Moved to another day"}
    for expected in ((Status.ARRIVED, {"arrived", "sign_in"}), (Status.SCHEDULED, set())) * 2:
        undo_change(actor=world.coordinator, change_id=operation.changes.latest("version").pk)
        assert standing(operation) == expected


def test_a_case_that_is_pushed_over_midnight_is_still_the_same(world: World) -> None:
    operation = world.booked(world.at(22))
    record(world, operation, EventKind.ARRIVED)
    moved(world, operation, hours=3)
    assert standing(operation) == (Status.ARRIVED, {"arrived"})
