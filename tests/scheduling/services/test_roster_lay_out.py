"""Laying rosters out: what was shown is what is done."""

from datetime import date, time, timedelta
from threading import Thread

import pytest
from auditlog.models import LogEntry
from django.db import connection
from django.utils import timezone

from accounts.models import User
from accounts.permissions import NotAllowedError
from resources.models import PatternShift, RosterAssignment, RosterException, Shift, ShiftKind, Unavailability
from scheduling.models import ReservationRole
from scheduling.period import Period
from scheduling.querysets import local_midnight
from scheduling.rostering import seen_of
from scheduling.selectors.roster_preview import Preview, Scope, preview_rosters
from scheduling.services.roster_lay_out import lay_out_rosters
from scheduling.services.rostering import Duty, StaleRosterError, change_shift, remove_shift, undo_shift
from tests.factories import RosterAssignmentFactory, ShiftFactory, ShiftKindFactory, SiteFactory, UserFactory
from tests.scheduling.services.refusing import refused
from tests.scheduling.world import World

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = timezone.localdate()
MONDAY = TODAY + timedelta(days=7 - TODAY.weekday())
WEEK = Scope(first=MONDAY, last=MONDAY + timedelta(days=6))


@pytest.fixture
def coordinator() -> User:
    return UserFactory(role="coordinator")


@pytest.fixture
def kind() -> ShiftKind:
    return ShiftKindFactory(name="Early")


@pytest.fixture
def assignment(kind: ShiftKind) -> RosterAssignment:
    return RosterAssignmentFactory(week=[(1, 1, kind), (1, 2, kind)])


def counts(preview: Preview) -> dict[str, int]:
    return {verb: many for verb, many in preview.counts.items() if many}


def lay_out(actor: User, scope: Scope = WEEK) -> dict[str, int]:
    preview = preview_rosters(actor, scope)
    lay_out_rosters(actor=actor, scope=scope, digest=preview.digest)
    return counts(preview)


def days() -> list[date]:
    return [row.day for row in Shift.objects.order_by("period") if row.day]


def test_lay_out_twice(coordinator: User, assignment: RosterAssignment, kind: ShiftKind) -> None:
    assert lay_out(coordinator) == {"add": 2}
    shift = Shift.objects.earliest("period")
    assert (shift.kind, shift.assignment, shift.day, shift.by_hand) == (kind, assignment, MONDAY, False)
    assert lay_out(coordinator) == {"same": 2}
    assert days() == [MONDAY, MONDAY + timedelta(days=1)]
    entry = LogEntry.objects.filter(object_pk=str(assignment.pk), changes__has_key="laid_out").get()
    assert (entry.actor, entry.changes["add"]) == (coordinator, [None, "2"])


def test_on_call_comes_from_the_kind(coordinator: User) -> None:
    RosterAssignmentFactory(week=[(1, 1, ShiftKindFactory(on_call=True))])
    lay_out(coordinator)
    assert Shift.objects.get().on_call is True


def test_a_changed_pattern_changes_and_removes(
    coordinator: User, assignment: RosterAssignment, kind: ShiftKind
) -> None:
    lay_out(coordinator)
    PatternShift.objects.filter(weekday=2).delete()
    kind.starts, kind.ends = time(8), time(16)
    kind.save()
    assert lay_out(coordinator) == {"change": 1, "remove": 1}
    assert [Period.of(row.period).minutes for row in Shift.objects.all()] == [480]
    assert f"{timezone.localtime(Shift.objects.get().period.lower):%H:%M}" == "08:00"


def test_shifts_that_change_places_never_meet(coordinator: User, assignment: RosterAssignment) -> None:
    late = ShiftKindFactory(starts=time(15), ends=time(23))
    PatternShift.objects.create(pattern=assignment.pattern, week=1, weekday=1, kind=late)
    lay_out(coordinator)
    for shift_kind, hours in ((late, (7, 15)), (ShiftKind.objects.exclude(pk=late.pk).get(), (15, 23))):
        shift_kind.starts, shift_kind.ends = map(time, hours)
        shift_kind.save()
    assert lay_out(coordinator) == {"change": 3}


def test_the_end_of_an_assignment_takes_what_comes_after_it(coordinator: User, assignment: RosterAssignment) -> None:
    lay_out(coordinator)
    assignment.ends_on = MONDAY
    assignment.save()
    assert lay_out(coordinator) == {"remove": 1, "same": 1}
    assignment.delete()
    assert lay_out(coordinator) == {"remove": 1}
    assert days() == []


def test_by_hand_stays_and_what_was_removed_does_not_come_back(coordinator: User, assignment: RosterAssignment) -> None:
    lay_out(coordinator)
    first, second = Shift.objects.order_by("period")
    Shift.objects.filter(pk=first.pk).update(by_hand=True)
    remove_shift(actor=coordinator, shift_id=second.pk, seen=seen_of(second))
    assert lay_out(coordinator) == {"keep": 2}
    assert days() == [MONDAY]
    assert RosterException.objects.count() == 1


def test_what_is_taken_out_a_second_time_does_not_come_back_either(
    coordinator: User, assignment: RosterAssignment
) -> None:
    lay_out(coordinator)
    first = Shift.objects.earliest("period")
    back = undo_shift(actor=coordinator, change=remove_shift(actor=coordinator, shift_id=first.pk, seen=seen_of(first)))
    undo_shift(actor=coordinator, change=back)
    assert lay_out(coordinator) == {"keep": 1, "same": 1}
    assert days() == [MONDAY + timedelta(days=1)]


def own_times(shift: Shift) -> Duty:
    start = Period.of(shift.period).start
    return Duty(person_id=shift.staff_member_id, period=Period.lasting(start + timedelta(minutes=30), 60))


def test_what_was_changed_and_then_taken_out_does_not_come_back(
    coordinator: User, assignment: RosterAssignment, kind: ShiftKind
) -> None:
    lay_out(coordinator)
    first = Shift.objects.earliest("period")
    change_shift(actor=coordinator, shift_id=first.pk, seen=seen_of(first), duty=own_times(first))
    first.refresh_from_db()
    gone = remove_shift(actor=coordinator, shift_id=first.pk, seen=seen_of(first))
    assert RosterException.objects.values_list("day", "kind").get() == (MONDAY, kind.pk)
    assert lay_out(coordinator) == {"keep": 1, "same": 1}
    undo_shift(actor=coordinator, change=gone)
    assert not RosterException.objects.exists()


def test_of_two_shifts_of_a_day_the_one_that_was_changed_and_taken_out_stays_out(
    coordinator: User, assignment: RosterAssignment
) -> None:
    late = ShiftKindFactory(starts=time(15), ends=time(23))
    PatternShift.objects.create(pattern=assignment.pattern, week=1, weekday=1, kind=late)
    lay_out(coordinator)
    for shift in Shift.objects.filter(day=MONDAY).order_by("-period"):
        change_shift(actor=coordinator, shift_id=shift.pk, seen=seen_of(shift), duty=own_times(shift))
    for left in ({"keep": 2, "same": 1}, {"keep": 2, "same": 1}):
        shift = Shift.objects.filter(day=MONDAY).latest("period")
        remove_shift(actor=coordinator, shift_id=shift.pk, seen=seen_of(shift))
        assert lay_out(coordinator) == left
    assert days() == [MONDAY + timedelta(days=1)]


def test_another_shift_is_in_the_way_and_leave_wins(coordinator: User, assignment: RosterAssignment) -> None:
    ShiftFactory(staff_member=assignment.staff_member, on=MONDAY, starts=time(12), ends=time(20))
    tuesday = MONDAY + timedelta(days=1)
    away = Period(local_midnight(tuesday), local_midnight(tuesday + timedelta(days=1)))
    Unavailability.objects.create(resource=assignment.staff_member, kind="leave", period=away.as_range())
    assert lay_out(coordinator) == {"clash": 1, "away": 1}
    assert days() == []


def test_an_assignment_without_an_end_is_said(coordinator: User, assignment: RosterAssignment) -> None:
    scope = Scope(first=TODAY, last=TODAY + timedelta(days=365))
    preview = preview_rosters(coordinator, scope)
    assert preview.open_ended == 1
    assert preview.changes == preview.counts["add"] <= 2 * 53


def test_past_days_are_never_touched(coordinator: User, assignment: RosterAssignment, kind: ShiftKind) -> None:
    yesterday = TODAY - timedelta(days=1)
    old = ShiftFactory(
        staff_member=assignment.staff_member,
        on=yesterday,
        kind=kind,
        assignment=assignment,
        day=yesterday,
        by_hand=False,
    )
    lay_out(coordinator, Scope(first=TODAY - timedelta(days=14), last=TODAY - timedelta(days=1)))
    assert Shift.objects.get() == old


def test_what_was_shown_is_what_is_done(coordinator: User, assignment: RosterAssignment, kind: ShiftKind) -> None:
    preview = preview_rosters(coordinator, WEEK)
    PatternShift.objects.create(pattern=assignment.pattern, week=1, weekday=3, kind=kind)
    with refused(StaleRosterError):
        lay_out_rosters(actor=coordinator, scope=WEEK, digest=preview.digest)
    with refused(StaleRosterError):
        lay_out_rosters(actor=coordinator, scope=WEEK, digest="")
    with refused(NotAllowedError):
        lay_out_rosters(actor=UserFactory.build(), scope=WEEK, digest=preview.digest)


def test_two_people_at_once_write_once(coordinator: User, assignment: RosterAssignment) -> None:
    digest = preview_rosters(coordinator, WEEK).digest
    outcomes: list[str] = []

    def run() -> None:
        try:
            lay_out_rosters(actor=coordinator, scope=WEEK, digest=digest)
            outcomes.append("done")
        except StaleRosterError:
            outcomes.append("stale")
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in "12"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "stale"]
    assert Shift.objects.count() == 2


def test_a_role_of_one_site_lays_out_its_people_only(assignment: RosterAssignment, kind: ShiftKind) -> None:
    site = SiteFactory()
    limited = UserFactory(role="coordinator", role__sites=[site])
    inside = RosterAssignmentFactory(pattern=assignment.pattern, staff_member__site=site)
    assert lay_out(limited) == {"add": 2}
    assert set(Shift.objects.values_list("assignment", flat=True)) == {inside.pk}


def test_one_profession_or_person(coordinator: User, assignment: RosterAssignment) -> None:
    other = RosterAssignmentFactory(pattern=assignment.pattern, staff_member__profession="anaesthetist")
    for more in ({"profession": "anaesthetist"}, {"person_id": other.staff_member_id}):
        scope = Scope(first=WEEK.first, last=WEEK.last, **more)
        people = {row.difference.staff_member_id for row in preview_rosters(coordinator, scope).rows}
        assert people == {other.staff_member_id}


def test_operations_that_lose_their_shift_are_told_and_stay(kind: ShiftKind) -> None:
    world = World.make()
    world.nurse.rostered = True
    world.nurse.save()
    assignment = RosterAssignmentFactory(staff_member=world.nurse, week=[(1, world.day.isoweekday(), kind)])
    scope = Scope(first=world.day, last=world.day)
    lay_out(world.coordinator, scope)
    operation = world.booked(world.at(10), members=[(world.nurse, ReservationRole.SCRUB_NURSE)])
    assert preview_rosters(world.coordinator, scope).uncovered == []
    PatternShift.objects.all().delete()
    (lost,) = preview_rosters(world.coordinator, scope).uncovered
    assert (lost.operation_id, lost.person, lost.is_open) == (operation.pk, "I. Carvalho", True)
    (seen,) = preview_rosters(UserFactory(role="administrator"), scope).uncovered
    assert seen.is_open is False
    assert lay_out(world.coordinator, scope) == {"remove": 1}
    operation.refresh_from_db()
    assert operation.version == 2
    assert assignment.shifts.count() == 0
