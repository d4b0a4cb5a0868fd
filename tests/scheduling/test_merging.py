"""Two records with bookings on both sides become one, and two again; two people at once; a booking in between."""

from collections.abc import Callable
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from django.db import connection, transaction

from patients.merging.errors import AlreadyMergedError, MergeRefusedError
from patients.merging.merging import CLASHES, merge
from patients.merging.undoing import undo_merge
from patients.models import Patient, PatientMerge
from scheduling.conflicts import SchedulingConflictError
from scheduling.integrity import find_breaches
from scheduling.models import Operation, Status
from scheduling.services import NotPossibleError, Request, book_operation, request_operation
from tests.factories import OperationConsentFactory, PatientFactory
from tests.patients.papers import keep_document, pdf
from tests.scheduling.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db: None) -> World:
    return World.make()


def join(world: World, survivor: Patient, duplicate: Patient) -> PatientMerge:
    versions = {one.pk: Patient.objects.get(pk=one.pk).version for one in (survivor, duplicate)}
    return merge(
        actor=world.coordinator,
        survivor_id=survivor.pk,
        duplicate_id=duplicate.pk,
        versions=versions,
        choices={},
        reason="Same card",
    )


def at_once(*commands: Callable[[], object]) -> list[str]:
    """Run the commands side by side, and return in their order what came of each."""
    gate = Barrier(len(commands))
    outcomes = [""] * len(commands)

    def run(number: int, command: Callable[[], object]) -> None:
        try:
            gate.wait()
            command()
            outcomes[number] = "done"
        except (MergeRefusedError, NotPossibleError, SchedulingConflictError) as error:
            outcomes[number] = type(error).__name__
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(commands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return outcomes


def test_bookings_of_both_sides_are_one_patients_and_part_again(world: World) -> None:
    survivor, duplicate = PatientFactory(), PatientFactory()
    ours = world.booked(world.at(9), patient=survivor)
    theirs = world.booked(world.at(13), patient=duplicate, theatre=world.two)
    waits = world.waiting(patient=duplicate)

    done = join(world, survivor, duplicate)

    assert set(survivor.operations.all()) == {ours, theirs, waits}
    assert done.moved["scheduling.operation"] == [theirs.pk, waits.pk]
    assert find_breaches() == []

    late = world.booked(world.at(16), patient=survivor)
    undo_merge(actor=world.coordinator, merge_id=done.pk, reason="Two sisters")

    assert set(survivor.operations.all()) == {ours, late}
    assert set(duplicate.operations.all()) == {theirs, waits}
    assert find_breaches() == []


def test_bookings_at_one_time_are_refused_in_words(world: World) -> None:
    survivor, duplicate = PatientFactory(), PatientFactory()
    ours = world.booked(world.at(9), patient=survivor)
    theirs = world.booked(world.at(9, 30), patient=duplicate, theatre=world.two)
    world.booked(world.at(12), patient=duplicate)

    with pytest.raises(MergeRefusedError, match=CLASHES) as refused:
        join(world, survivor, duplicate)

    day = f"{world.at(9):%a %d %b %Y}"
    (clash,) = refused.value.clashes
    assert clash.sentence == (
        f"Case {ours.pk} (Hip replacement, Theatre 1, {day} 09:00–10:00) and "
        f"case {theirs.pk} (Hip replacement, Theatre 2, {day} 09:30–10:30) overlap."
    )
    assert [address for address, _ in clash.links] == [f"/operations/{ours.pk}/", f"/operations/{theirs.pk}/"]
    assert not PatientMerge.objects.exists()
    assert duplicate.operations.count() == 2


def test_operations_one_after_the_other_are_no_clash(world: World) -> None:
    survivor, duplicate = PatientFactory(), PatientFactory()
    world.booked(world.at(9), patient=survivor)
    world.booked(world.at(10), patient=duplicate, theatre=world.two)
    join(world, survivor, duplicate)
    assert survivor.operations.count() == 2


def test_each_into_the_other_at_once(world: World) -> None:
    for _ in range(5):
        one, other = PatientFactory(), PatientFactory()
        world.waiting(patient=one)
        world.waiting(patient=other)
        outcomes = at_once(lambda: join(world, one, other), lambda: join(world, other, one))  # noqa: B023  # run here
        assert sorted(outcomes) == ["AlreadyMergedError", "done"]
        one.refresh_from_db()
        other.refresh_from_db()
        assert (one.merged_into is None) != (other.merged_into is None)


def test_one_undo_of_two(world: World) -> None:
    done = join(world, PatientFactory(), PatientFactory())

    def undo() -> None:
        undo_merge(actor=world.coordinator, merge_id=done.pk, reason="Two sisters")

    assert sorted(at_once(undo, undo)) == ["MergeRefusedError", "done"]


def test_a_request_that_meets_a_merge_is_not_lost_in_the_merged_record(world: World) -> None:
    for _ in range(5):
        survivor, duplicate = PatientFactory(), PatientFactory()
        wanted = Request(patient=duplicate, procedure=world.procedure, priority=world.priority)
        outcomes = at_once(
            lambda: join(world, survivor, duplicate),  # noqa: B023  # run here
            lambda: request_operation(actor=world.coordinator, request=wanted),  # noqa: B023
        )
        assert outcomes[0] == "done" or outcomes == ["MergeRefusedError", "done"]
        assert not Operation.objects.filter(patient__merged_into__isnull=False).exists()


def test_a_booking_that_meets_a_merge(world: World) -> None:
    """Bookings lock the operation before its patient, and so does a merge: none waits for the other in a ring."""
    survivor, duplicate = PatientFactory(), PatientFactory()
    world.booked(world.at(9), patient=survivor)
    waits = world.waiting(patient=duplicate)

    def book() -> Any:
        return book_operation(
            actor=world.coordinator,
            operation_id=waits.pk,
            version=waits.version,
            theatre_id=world.two.pk,
            start=world.at(11),
        )

    joined, booked = at_once(lambda: join(world, survivor, duplicate), book)
    assert (joined, booked in {"done", "NotPossibleError"}) == ("done", True)
    if booked != "done":
        book()  # "try again in a few seconds"
    waits.refresh_from_db()
    assert (waits.patient, waits.status) == (survivor, Status.SCHEDULED)
    assert find_breaches() == []


def test_what_is_added_meanwhile_waits_and_is_refused(world: World) -> None:
    """The row waits for the merge and then sees what became of the record."""
    survivor, duplicate = PatientFactory(), PatientFactory()
    locked, outcome = Event(), []

    def add() -> None:
        locked.wait(10)
        try:
            world_request = Request(patient=duplicate, procedure=world.procedure, priority=world.priority)
            request_operation(actor=world.coordinator, request=world_request)
        except NotPossibleError as error:
            outcome.append(str(error))
        except Exception as error:  # noqa: BLE001  # whatever it is, the test says so
            outcome.append(repr(error))
        finally:
            connection.close()

    thread = Thread(target=add)
    thread.start()
    with transaction.atomic():
        Patient.objects.select_for_update().get(pk=duplicate.pk)
        locked.set()
        thread.join(timeout=1)
        assert thread.is_alive()
        Patient.objects.filter(pk=duplicate.pk).update(merged_into=survivor)
    thread.join(timeout=30)
    assert len(outcome) == 1
    assert "merged into another" in outcome[0]


def test_the_second_of_two_says_so(world: World) -> None:
    survivor, duplicate = PatientFactory(), PatientFactory()
    join(world, survivor, duplicate)
    with pytest.raises(AlreadyMergedError):
        join(world, survivor, duplicate)


def test_a_form_that_both_records_hold_stays_with_the_consent(world: World) -> None:
    survivor, duplicate = PatientFactory(), PatientFactory()
    scan = pdf()
    ours, theirs = keep_document(survivor, content=scan), keep_document(duplicate, content=scan)
    operation = world.waiting(patient=duplicate)
    consent = OperationConsentFactory(operation=operation, document=theirs)
    done = join(world, survivor, duplicate)
    consent.refresh_from_db()
    assert consent.document == ours
    undo_merge(actor=world.coordinator, merge_id=done.pk, reason="Two people")
    consent.refresh_from_db()
    assert consent.document == theirs
