"""A closed list: each change needs a reason from who may override, and what is a fact needs none."""

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import RoleAssignment, User
from accounts.permissions import NotAllowedError
from resources.models import Holiday, Theatre
from scheduling.conflicts import SchedulingConflictError, find_conflicts
from scheduling.conflicts.closing import closed_lists
from scheduling.models import ListClosing, ListDecision, Operation, ReservationRole, Status
from scheduling.period import Period
from scheduling.plan import Plan
from scheduling.selectors.closed_lists import list_state
from scheduling.selectors.gap_fit import fits
from scheduling.services import (
    Displacing,
    InvalidPlanError,
    NotPossibleError,
    Override,
    assign_resource,
    book_operation,
    cancel_operation,
    confirm_operation,
    move_operation,
    place_emergency,
    postpone_operation,
    push_following,
    record_event,
    swap_operations,
    undo_change,
)
from scheduling.services.closing import close_list, open_list
from scheduling.slots import find_free_slots
from tests.factories import BlockFactory, CancellationReasonFactory, PriorityFactory, SiteFactory, UserFactory
from tests.scheduling.services.reading import listed
from tests.scheduling.services.refusing import refused
from tests.scheduling.world import TUESDAY, World

WHY = Override("Agreed with the surgeon")


def close(world: World, theatre: Theatre | None = None, *, days: int = 0) -> ListDecision:
    day = world.day + timedelta(days=days)
    return close_list(actor=world.coordinator, theatre_id=(theatre or world.one).pk, day=day)


def move(
    world: World, operation: Operation, *, hour: int = 14, theatre: Theatre | None = None, **more: Any
) -> Operation:
    return move_operation(
        **{"actor": world.coordinator, "operation_id": operation.pk, "version": operation.version, **more},
        theatre_id=(theatre or world.one).pk,
        start=world.at(hour),
    )


def rules(error: pytest.ExceptionInfo[SchedulingConflictError]) -> list[tuple[str, int | None]]:
    return [(conflict.rule, conflict.resource_id) for conflict in error.value.conflicts]


def reasons(operation: Operation) -> list[tuple[str, str]]:
    return [(item["rule"], item["reason"]) for item in operation.changes.latest("version").overrides]


def test_booking_into_a_closed_list(world: World) -> None:
    operation = world.waiting()
    close(world)
    asked = {"operation_id": operation.pk, "version": 1, "theatre_id": world.one.pk, "start": world.at(10)}
    with refused(SchedulingConflictError) as error:
        book_operation(actor=world.coordinator, **asked)
    assert rules(error) == [("list_closed", world.one.pk)]
    assert error.value.overridable
    clerk = UserFactory(role="booking_clerk")
    with refused(NotAllowedError):
        book_operation(actor=clerk, **asked, override=WHY)
    book_operation(actor=world.coordinator, **asked, override=WHY)
    assert reasons(operation) == [("list_closed", WHY.reason)]


def test_the_list_that_is_left_and_the_one_that_is_joined(world: World) -> None:
    operation = world.booked(world.at(10))
    close(world)
    for theatre, asked in ((world.two, [world.one]), (world.one, [world.one])):
        with refused(SchedulingConflictError) as error:
            move(world, operation, theatre=theatre)
        assert rules(error) == [("list_closed", one.pk) for one in asked]
    close(world, world.two)
    with refused(SchedulingConflictError) as error:
        move(world, operation, theatre=world.two)
    assert rules(error) == [("list_closed", world.one.pk), ("list_closed", world.two.pk)]
    assert move(world, operation, theatre=world.two, override=WHY).theatre == world.two
    assert reasons(operation) == [("list_closed", WHY.reason)] * 2


def test_every_change_needs_a_reason_of_its_own(world: World) -> None:
    operation = world.booked(world.at(10))
    close(world)
    operation = move(world, operation, override=WHY)
    with refused(SchedulingConflictError):
        move(world, operation, hour=16)
    move(world, operation, hour=16, override=Override("Another one"))
    assert reasons(operation) == [("list_closed", "Another one")]


def test_swapping_and_pushing(world: World) -> None:
    one, other = world.booked(world.at(10)), world.booked(world.at(12), theatre=world.two)
    close(world)
    pair = {"first": (one.pk, one.version), "second": (other.pk, other.version)}
    with refused(SchedulingConflictError) as error:
        swap_operations(actor=world.coordinator, **pair)
    assert rules(error) == [("list_closed", world.one.pk)] * 2  # one leaves it, the other joins it
    pushed = {"operation_id": one.pk, "versions": listed(one), "minutes": 30}
    with refused(SchedulingConflictError):
        push_following(actor=world.coordinator, **pushed)
    push_following(actor=world.coordinator, **pushed, override=WHY)
    assert reasons(one) == [("list_closed", WHY.reason)]


def test_that_somebody_does_not_come_is_a_fact_whose_coded_reason_is_kept(world: World) -> None:
    reason = CancellationReasonFactory(label="Unwell")
    clerk = UserFactory(role="booking_clerk")
    for end, note, kept in (
        (postpone_operation, "", "Unwell"),
        (cancel_operation, " Rang at nine ", "Unwell: Rang at nine"),
    ):
        operation = world.booked(world.at(10))
        decision = close(world)
        end(actor=clerk, operation_id=operation.pk, version=operation.version, reason=reason, note=note)
        assert reasons(operation) == [("list_closed", kept)]
        decision.delete()


def test_undo_is_a_change_too(world: World) -> None:
    operation = world.booked(world.at(10))
    booked = operation.changes.latest("version")
    close(world)
    with refused(SchedulingConflictError) as error:
        undo_change(actor=world.coordinator, change_id=booked.pk)
    assert rules(error) == [("list_closed", world.one.pk)]
    (undone,) = undo_change(actor=world.coordinator, change_id=booked.pk, override=WHY)
    assert undone.overrides[0]["reason"] == WHY.reason
    with refused(SchedulingConflictError):
        undo_change(actor=world.coordinator, change_id=undone.pk)  # it would join the list again


def test_what_is_no_change_of_the_list_needs_no_reason(world: World) -> None:
    operation = world.booked(world.at(10), lead=world.surgeon)
    close(world)
    member = {"resource_id": world.nurse.pk, "role": ReservationRole.SCRUB_NURSE}
    operation = assign_resource(actor=world.coordinator, operation_id=operation.pk, version=operation.version, **member)
    operation = confirm_operation(actor=world.coordinator, operation_id=operation.pk, version=operation.version)
    record_event(actor=world.coordinator, operation_id=operation.pk, kind="arrived", at=timezone.now())
    operation.refresh_from_db()
    assert operation.status == Status.ARRIVED
    lead = {"resource_id": world.other_surgeon.pk, "role": ReservationRole.LEAD_SURGEON}
    with refused(SchedulingConflictError) as error:
        assign_resource(actor=world.coordinator, operation_id=operation.pk, version=operation.version, **lead)
    assert rules(error) == [("list_closed", world.one.pk)]


def test_an_emergency_and_those_who_make_room_for_it(world: World) -> None:
    waiting = world.waiting(priority=PriorityFactory(emergency=True, rank=1))
    planned = world.booked(world.at(10))
    close(world)
    emergency, pushed = place_emergency(
        actor=world.coordinator,
        operation_id=waiting.pk,
        version=1,
        theatre_id=world.one.pk,
        start=world.at(10),
        displacing=Displacing(versions={planned.pk: planned.version}, starts={planned.pk: world.at(13)}),
        override=Override("Ruptured"),
        accepts=(),
    )
    assert (emergency.starts_at, pushed.starts_at) == (world.at(10), world.at(13))
    changes = list_state(world.one, world.day, world.coordinator).changes
    assert {(one.what, one.why) for one in changes} == {
        ("Added 10:00–11:00", "Ruptured"),
        ("10:00–11:00 → 13:00–14:00", f"Pushed back by case {emergency.pk}"),
    }


def test_slots_keep_their_promise(world: World) -> None:
    operation = Operation.objects.with_facts().get(pk=world.waiting().pk)
    start, end = world.at(8), world.at(18)

    def offered(**more: bool) -> set[int]:
        slots = find_free_slots(operation, start, end, 50, **more)
        plans = [Plan(operation=operation, theatre_id=slot.theatre_id, period=slot.period) for slot in slots]
        assert more or [conflict for plan in plans for conflict in find_conflicts(plan)] == []
        return {slot.theatre_id for slot in slots}

    both = {world.one.pk, world.two.pk}
    assert offered() == both
    close(world)
    close(world, world.two, days=1)
    assert offered() == {world.two.pk}
    assert offered(with_closed=True) == both
    operation.priority.emergency = True
    assert offered() == both
    # Who looks at a gap knows which list it is in.
    assert len(fits(world.one, Period(world.at(10), world.at(12)), world.coordinator)) == 1


@pytest.mark.parametrize("by", ["all", "specialty", "other specialty", "hand only"])
def test_by_the_hospital_s_closing_time(world: World, by: str) -> None:
    day = _next(TUESDAY)
    BlockFactory(theatre=world.one, weekday=TUESDAY, starts=time(0), ends=time(23), specialty=world.specialty)
    rule = {"working_days_before": 14, "at": time(0)}
    if by != "hand only":
        ListClosing.objects.create(specialty=world.specialty if by == "specialty" else None, **rule)
    if by == "other specialty":
        ListClosing.objects.create(specialty=world.specialty, closes=False)
    start = world.at(10) + timedelta(days=(day - world.day).days)
    plan = Plan(operation=world.waiting(), theatre_id=world.one.pk, period=Period.lasting(start, 60))
    said = [conflict.rule for conflict in find_conflicts(plan)]
    assert said == (["list_closed"] if by in {"all", "specialty"} else [])
    if by == "all":
        slots = find_free_slots(plan.operation, plan.period.start, plan.period.end)
        assert slots == []


def test_holidays_of_the_site_are_no_working_days(world: World) -> None:
    now, day = timezone.now(), _next(TUESDAY)
    ListClosing.objects.create(working_days_before=1, at=time(14))
    monday, friday = day - timedelta(days=1), day - timedelta(days=4)
    for theatre in (world.one, world.two):
        theatre.site = SiteFactory()
        theatre.save()
    Holiday.objects.create(site=world.one.site, day=monday, name="Founders' Day")

    def closes(theatre: Theatre) -> date:
        later = now + timedelta(days=14)
        return timezone.localdate(closed_lists([theatre.pk], day, day, later, past=True)[theatre.pk, day].since)

    assert (closes(world.one), closes(world.two)) == (friday, monday)
    Holiday.objects.create(site=None, day=monday, name="Spring holiday")
    assert (closes(world.one), closes(world.two)) == (friday, friday)


def _next(weekday: int) -> date:
    day = timezone.localdate() + timedelta(days=1)
    return day + timedelta(days=(weekday - day.isoweekday()) % 7)


def test_a_day_that_is_over_asks_for_nothing_more(world: World) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    ListClosing.objects.create()
    start = world.at(10) + timedelta(days=(yesterday - world.day).days)
    plan = Plan(operation=world.waiting(), theatre_id=world.one.pk, period=Period.lasting(start, 60))
    assert [conflict.rule for conflict in find_conflicts(plan)] == ["in_the_past"]
    decide: Callable[..., ListDecision]
    for decide, reason in ((close_list, ""), (open_list, "x")):
        with refused(NotPossibleError):
            decide(actor=world.coordinator, theatre_id=world.one.pk, day=yesterday, reason=reason)
    assert list_state(world.one, yesterday, world.coordinator).closed is not None


def test_closed_and_open_again_with_who_and_why(world: World) -> None:
    decision = close(world)
    assert (decision.closed, decision.decided_by) == (True, world.coordinator)
    with refused(NotPossibleError):
        close(world)
    asked = {"theatre_id": world.one.pk, "day": world.day}
    with refused(InvalidPlanError):
        open_list(actor=world.coordinator, **asked, reason=" ")
    with refused(InvalidPlanError):
        open_list(actor=world.coordinator, **asked, reason="x" * 501)
    opened = open_list(actor=world.coordinator, **asked, reason="A mistake")
    state = list_state(world.one, world.day, world.coordinator)
    assert (state.closed, state.decision) == (None, opened)
    with refused(NotPossibleError):
        open_list(actor=world.coordinator, **asked, reason="Once more")
    world.booked(world.at(10))


@pytest.mark.parametrize(
    ("role", "closes"),
    [
        *(("coordinator", True), ("booking_clerk", True), ("surgeon", False), ("anaesthetist", False)),
        *(("theatre_nurse", False), ("ward_nurse", False), ("manager", False), ("administrator", False)),
    ],
)
def test_who_closes_and_who_opens_again(world: World, role: str, closes: bool) -> None:  # noqa: FBT001
    actor = UserFactory(role=role)
    asked = {"actor": actor, "theatre_id": world.one.pk, "day": world.day}
    if closes:
        close_list(**asked)
    else:
        with refused(NotAllowedError):
            close_list(**asked)
        close(world)
    if role == "coordinator":
        open_list(**asked, reason="A mistake")
    else:
        with refused(NotAllowedError):
            open_list(**asked, reason="A mistake")


def test_a_role_of_one_site_closes_its_lists_only(world: World) -> None:
    clerk: User = UserFactory(role="booking_clerk")
    RoleAssignment.objects.get(user=clerk).sites.add(SiteFactory())
    with pytest.raises(Exception, match="limited to other sites"):
        close_list(actor=clerk, theatre_id=world.one.pk, day=world.day)


def test_what_was_changed_since(world: World) -> None:
    reason = CancellationReasonFactory(label="Unwell")
    before, stays = world.booked(world.at(8)), world.booked(world.at(16))
    close(world)
    world.booked(world.at(9), theatre=world.two)  # another list
    moved = move(world, stays, hour=17, override=WHY)
    gone = move(world, before, theatre=world.two, override=WHY)
    cancel_operation(actor=world.coordinator, operation_id=moved.pk, version=moved.version, reason=reason)
    found = list_state(world.one, world.day, world.coordinator).changes
    assert [(one.operation, one.what, one.why) for one in found] == [
        (stays, "16:00–17:00 → 17:00–18:00", WHY.reason),
        (gone, "Taken off, was 08:00–09:00, now Theatre 2 14:00–15:00", WHY.reason),
        (stays, "Taken off, was 17:00–18:00: cancelled", "Unwell"),
    ]
    manager = list_state(world.one, world.day, UserFactory(role="manager")).changes
    assert [one.why for one in manager] == ["", "", ""]
