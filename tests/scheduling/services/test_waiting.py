"""Fitness, short notice, and a clock that stands still."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.permissions import NotAllowedError
from scheduling.conflicts import SchedulingConflictError
from scheduling.models import ChangeVerb, ClockPause, Operation
from scheduling.period import Period
from scheduling.selectors.gap_fit import fits
from scheduling.services import (
    InvalidPlanError,
    NotPossibleError,
    StaleVersionError,
    book_operation,
    pause_clock,
    resume_clock,
    set_readiness,
)
from tests.factories import UserFactory
from tests.scheduling.services.refusing import refused
from tests.scheduling.world import World

TODAY = timezone.localdate()


@pytest.fixture
def operation(world: World) -> Operation:
    return world.waiting(listed_on=TODAY - timedelta(days=30), due_on=TODAY + timedelta(days=10))


def ready(world: World, operation: Operation, version: int = 1, **fields: Any) -> Operation:
    return set_readiness(actor=world.coordinator, operation_id=operation.pk, version=version, **fields)


def pause(world: World, operation: Operation, version: int = 1, **fields: Any) -> ClockPause:
    given = {"kind": "unfit", "starts": TODAY - timedelta(days=5), **fields}
    return pause_clock(actor=world.coordinator, operation_id=operation.pk, version=version, **given)


def resume(world: World, operation: Operation, ends: date, version: int = 2) -> Operation:
    return resume_clock(actor=world.coordinator, operation_id=operation.pk, version=version, ends=ends)


def test_fit_until_a_day_and_at_short_notice(world: World, operation: Operation) -> None:
    until = TODAY + timedelta(days=90)
    ready(world, operation, assessment="fit", fit_until=until, short_notice=True)
    operation.refresh_from_db()
    assert (operation.assessment, operation.fit_until, operation.short_notice) == ("fit", until, True)
    change = operation.changes.latest("version")
    assert change.verb == ChangeVerb.WAITED
    assert change.note == f"Fit until {until:%d %b %Y}, can come at short notice"


WRONG = [
    ({"assessment": "perhaps"}, "assessment"),
    ({"assessment": "unfit", "fit_until": TODAY}, "fit_until"),
    ({"assessment": "fit", "fit_until": TODAY - timedelta(days=1)}, "fit_until"),
    ({"assessment": "fit", "fit_until": date.max}, "fit_until"),
]


@pytest.mark.parametrize(("fields", "field"), WRONG)
def test_what_makes_no_sense(world: World, operation: Operation, fields: dict[str, Any], field: str) -> None:
    with refused(InvalidPlanError) as error:
        ready(world, operation, **fields)
    assert error.value.field == field


def test_a_pause_that_is_over_moves_the_due_date(world: World, operation: Operation) -> None:
    due = operation.due_on
    found = pause(world, operation, ends=TODAY - timedelta(days=1), note=" Chest infection ")
    operation.refresh_from_db()
    assert (found.days, found.note) == (4, "Chest infection")
    assert (operation.due_on, operation.paused_since) == (due + timedelta(days=4), None)


def test_a_pause_that_goes_on_ends_later(world: World, operation: Operation) -> None:
    due = operation.due_on
    pause(world, operation)
    operation.refresh_from_db()
    assert (operation.due_on, operation.paused_since) == (due, TODAY - timedelta(days=5))

    resume(world, operation, TODAY)

    operation.refresh_from_db()
    assert (operation.due_on, operation.paused_since) == (due + timedelta(days=5), None)
    assert operation.pauses.get().days == 5


def test_days_on_which_the_clock_stood_still_are_no_days_of_waiting(world: World, operation: Operation) -> None:
    listed = (TODAY - operation.listed_on).days
    assert operation.days_waiting == listed
    pause(world, operation)  # since five days ago
    assert operation.days_waiting == listed - 5
    resume(world, operation, TODAY - timedelta(days=2))
    operation.refresh_from_db()
    assert operation.days_waiting == listed - 3
    pause(world, operation, 3, starts=TODAY + timedelta(days=1), ends=TODAY + timedelta(days=9))
    assert operation.days_waiting == listed - 3  # days to come are none yet


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "holiday"}, "kind"),
        ({"starts": TODAY - timedelta(days=31)}, "starts"),
        ({"ends": TODAY - timedelta(days=5)}, "ends"),
        ({"starts": date(2199, 1, 1)}, "starts"),
        ({"ends": date(2199, 1, 1)}, "ends"),
    ],
)
def test_days_that_can_t_be_meant(world: World, operation: Operation, fields: dict[str, Any], field: str) -> None:
    with refused(InvalidPlanError) as error:
        pause(world, operation, **fields)
    assert error.value.field == field


def test_two_pauses_do_not_overlap(world: World, operation: Operation) -> None:
    pause(world, operation, ends=TODAY)
    with refused(InvalidPlanError):
        pause(world, operation, version=2, starts=TODAY - timedelta(days=1))
    pause(world, operation, version=2, starts=TODAY, kind="unavailable")
    with refused(InvalidPlanError):
        pause(world, operation, version=3, starts=TODAY + timedelta(days=9))


def test_the_end_comes_after_the_start(world: World, operation: Operation) -> None:
    with refused(NotPossibleError):
        resume(world, operation, TODAY, version=1)
    pause(world, operation)
    with refused(InvalidPlanError):
        resume(world, operation, TODAY - timedelta(days=5))
    with refused(InvalidPlanError):
        resume(world, operation, date(2199, 1, 1))


def test_somebody_was_faster(world: World, operation: Operation) -> None:
    ready(world, operation, assessment="booked")
    with refused(StaleVersionError):
        pause(world, operation)


def test_what_is_booked_does_not_wait(world: World) -> None:
    booked = world.booked(world.at(10))
    with refused(NotPossibleError):
        ready(world, booked, version=2, assessment="fit")


@pytest.mark.parametrize("role", ["surgeon", "theatre_nurse", "manager"])
def test_who_may_not(world: World, operation: Operation, role: str) -> None:
    actor = UserFactory(role=role)
    with refused(NotAllowedError):
        pause_clock(actor=actor, operation_id=operation.pk, version=1, kind="unfit", starts=TODAY)


@pytest.mark.parametrize("why", ["unfit", "fit until yesterday", "paused"])
def test_booking_who_is_not_ready_asks_for_a_reason(world: World, operation: Operation, why: str) -> None:
    if why == "paused":
        pause(world, operation)
    elif why == "unfit":
        ready(world, operation, assessment="unfit")
    else:
        Operation.objects.filter(pk=operation.pk).update(fit_until=world.day - timedelta(days=1), version=2)
    Operation.objects.filter(pk=operation.pk).update(due_on=None)
    with refused(SchedulingConflictError) as error:
        book_operation(
            actor=world.coordinator,
            operation_id=operation.pk,
            version=2,
            theatre_id=world.one.pk,
            start=world.at(10),
        )
    assert [(conflict.rule, conflict.is_hard) for conflict in error.value.conflicts] == [("not_ready", False)]


def test_who_is_not_ready_fits_no_gap(world: World, operation: Operation) -> None:
    gap = Period(world.at(10), world.at(12))
    ready(world, operation, assessment="fit", short_notice=True)
    (fit,) = fits(world.one, gap, world.coordinator)
    assert "can come at short notice" in fit.reasons
    pause(world, operation, version=2)
    assert fits(world.one, gap, world.coordinator) == []


def test_a_later_pause_names_its_end_and_keeps_the_patient_out_of_its_days(world: World, operation: Operation) -> None:
    with refused(InvalidPlanError):
        pause(world, operation, starts=TODAY + timedelta(days=300))
    pause(world, operation, starts=world.day, ends=world.day + timedelta(days=3))
    assert fits(world.one, Period(world.at(10), world.at(12)), world.coordinator) == []
    later = Period(world.at(10, days=7), world.at(12, days=7))
    assert [fit.operation for fit in fits(world.one, later, world.coordinator)] == [operation]
