"""The last word is the database's: a writer that takes no locks loses, or we do, but never both win."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg2
import pytest
from django.db import connection, connections

from scheduling.integrity import find_breaches
from scheduling.models import Operation
from scheduling.services import NotPossibleError, SchedulingConflictError, book_operation, swap_operations
from tests.scheduling.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db: None) -> World:
    """Return the small hospital, committed."""
    return World.make()


@contextmanager
def raw_writer() -> Iterator[psycopg2.extensions.cursor]:
    """Give a cursor of a connection of its own that commits at the end and knows nothing of our locks."""
    raw = _connect()
    try:
        with raw, raw.cursor() as cursor:
            yield cursor
    finally:
        raw.close()


def _connect() -> psycopg2.extensions.connection:
    settings = connection.settings_dict
    return psycopg2.connect(
        dbname=settings["NAME"],
        user=settings["USER"],
        password=settings["PASSWORD"],
        host=settings["HOST"],
        port=settings["PORT"] or None,
    )


def in_background(call: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    errors: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001  # the test looks at it
            errors.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, errors


HOLD = """
INSERT INTO scheduling_reservation (operation_id, resource_id, role, period, active, exclusive)
VALUES (%s, %s, 'theatre', tstzrange(%s, %s), true, true)
"""
PLACE = (
    "UPDATE scheduling_operation SET status = 'scheduled', theatre_id = %s, period = tstzrange(%s, %s) WHERE id = %s"
)


def wait_until_blocked() -> None:
    """Wait until our command waits for the raw writer's transaction."""
    with connection.cursor() as cursor:
        for _ in range(500):
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    pytest.fail("the command did not meet the raw writer")


def test_raw_writer_takes_the_theatre_first(world: World) -> None:
    operation, raw_operation = world.waiting(), world.waiting()

    with raw_writer() as cursor:
        cursor.execute(HOLD, [raw_operation.pk, world.one.pk, world.at(10), world.at(11)])
        thread, errors = in_background(lambda: book(world, operation))
        wait_until_blocked()
    thread.join()

    (error,) = errors
    assert isinstance(error, SchedulingConflictError)
    assert (str(error), error.overridable) == (
        "A theatre, person, item or bed was booked for this time a moment ago.",
        False,
    )
    assert Operation.objects.get(pk=operation.pk).version == 1


def test_raw_writer_takes_the_patient_first(world: World) -> None:
    operation = world.waiting()
    raw_operation = world.waiting(patient=operation.patient)

    with raw_writer() as cursor:
        cursor.execute(PLACE, [world.two.pk, world.at(10), world.at(11), raw_operation.pk])
        thread, errors = in_background(lambda: book(world, operation))
        wait_until_blocked()
    thread.join()

    (error,) = errors
    assert isinstance(error, SchedulingConflictError)
    assert str(error) == "The patient was booked for this time a moment ago."


def test_raw_writer_takes_a_place_of_an_exchange(world: World) -> None:
    """Exchanges put the check off to their end; it still names its cause."""
    first, second = world.booked(world.at(10)), world.booked(world.at(10), theatre=world.two, surgery_minutes=105)
    raw_operation = world.waiting()

    with raw_writer() as cursor:
        cursor.execute(HOLD, [raw_operation.pk, world.one.pk, world.at(12), world.at(13)])
        thread, errors = in_background(
            lambda: swap_operations(actor=world.coordinator, first=(first.pk, 2), second=(second.pk, 2))
        )
        wait_until_blocked()
    thread.join()

    (error,) = errors
    assert isinstance(error, SchedulingConflictError)
    assert [Operation.objects.get(pk=o.pk).version for o in (first, second)] == [2, 2]


def test_raw_writer_gives_up(world: World) -> None:
    operation, raw_operation = world.waiting(), world.waiting()
    raw = _connect()
    with raw.cursor() as cursor:
        cursor.execute(HOLD, [raw_operation.pk, world.one.pk, world.at(10), world.at(11)])
        thread, errors = in_background(lambda: book(world, operation))
        wait_until_blocked()
    raw.rollback()
    raw.close()
    thread.join()

    assert errors == []
    assert find_breaches() == []


def test_death_recorded_while_the_booking_waits(world: World) -> None:
    operation = world.waiting()

    with raw_writer() as cursor:
        cursor.execute("UPDATE patients_patient SET deceased_on = current_date WHERE id = %s", [operation.patient_id])
        thread, errors = in_background(lambda: book(world, operation))
        wait_until_blocked()
    thread.join()

    assert [str(error) for error in errors] == ["This patient is recorded as deceased."]


def book(world: World, operation: Operation) -> Operation:
    return book_operation(
        actor=world.coordinator,
        operation_id=operation.pk,
        version=1,
        theatre_id=world.one.pk,
        start=world.at(10),
    )


def test_who_waits_too_long_for_a_lock_is_told(world: World) -> None:
    operation = world.waiting()
    with raw_writer() as forgotten:
        forgotten.execute("SELECT 1 FROM resources_resource WHERE id = %s FOR UPDATE", [world.one.pk])
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        try:
            with pytest.raises(NotPossibleError, match="Nothing was written; try again"):
                book_operation(
                    actor=world.coordinator,
                    operation_id=operation.pk,
                    version=1,
                    theatre_id=world.one.pk,
                    start=world.at(10),
                )
        finally:
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")
    operation.refresh_from_db()
    assert (operation.version, operation.status) == (1, "waiting")
