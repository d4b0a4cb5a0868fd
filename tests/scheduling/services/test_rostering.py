"""Changing the roster shift by shift."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.models import User
from accounts.permissions import NotAllowedError
from resources.models import RosterException, Shift, StaffMember, Unavailability
from scheduling.period import Period
from scheduling.rostering import seen_of, shift_period
from scheduling.services import InvalidPlanError, NotPossibleError
from scheduling.services.absences import add_absence
from scheduling.services.rostering import (
    Duty,
    RosterChange,
    StaleRosterError,
    add_shift,
    change_shift,
    move_shift,
    remove_shift,
    snapshot,
    undo_shift,
)
from tests.factories import (
    RosterAssignmentFactory,
    ShiftFactory,
    ShiftKindFactory,
    SiteFactory,
    SpecialtyFactory,
    StaffMemberFactory,
    UserFactory,
)
from tests.scheduling.services.refusing import refused

pytestmark = pytest.mark.django_db(transaction=True)
TOMORROW = timezone.localdate() + timedelta(days=1)


def nurse(**fields: Any) -> StaffMember:
    return StaffMemberFactory(profession="scrub_nurse", rostered=True, **fields)


@pytest.fixture
def coordinator() -> User:
    return UserFactory(role="coordinator")


def duty(person: StaffMember, first: int = 7, last: int = 15, day: date = TOMORROW) -> Duty:
    period = shift_period(day, time(first), time(last))
    assert period is not None
    return Duty(person_id=person.pk, period=period)


def only(**fields: Any) -> Shift:
    return Shift.objects.get(**fields)


def test_add_and_undo(coordinator: User) -> None:
    change = add_shift(actor=coordinator, duty=duty(nurse()))
    assert (only().by_hand, only().assignment) == (True, None)
    again = undo_shift(actor=coordinator, change=change)
    assert Shift.objects.count() == 0
    undo_shift(actor=coordinator, change=again)
    assert Period.of(only().period) == duty(nurse()).period


def test_two_shifts_of_one_person_never_overlap(coordinator: User) -> None:
    person = nurse(name="A. West")
    add_shift(actor=coordinator, duty=duty(person))
    with refused(NotPossibleError) as error:
        add_shift(actor=coordinator, duty=duty(person, 14, 22))
    assert f"This overlaps another shift: {TOMORROW:%a %d %b %Y} 07:00–15:00, A. West." in str(error.value)
    add_shift(actor=coordinator, duty=duty(person, 15, 22))


@pytest.mark.parametrize("hours", [0, -1, 30])
def test_a_shift_of_no_or_of_thirty_hours_is_none(coordinator: User, hours: int) -> None:
    start = duty(nurse()).period.start
    wrong = Duty(person_id=nurse().pk, period=Period(start, start + timedelta(hours=hours)))
    with refused(InvalidPlanError):
        add_shift(actor=coordinator, duty=wrong)


def test_a_date_far_away_is_a_typing_error(coordinator: User) -> None:
    far = duty(nurse(), day=TOMORROW + timedelta(days=3 * 366 + 2))
    with refused(InvalidPlanError):
        add_shift(actor=coordinator, duty=far)


def test_who_has_left_gets_no_shift(coordinator: User) -> None:
    gone = duty(nurse(in_use=False))
    with refused(InvalidPlanError):
        add_shift(actor=coordinator, duty=gone)


def test_move_to_another_day_and_person_keeps_the_times(coordinator: User) -> None:
    kind = ShiftKindFactory(starts=time(20), ends=time(7))
    shift, other = ShiftFactory(starts=time(20), ends=time(7), kind=kind, by_hand=False), nurse()
    day = TOMORROW + timedelta(days=2)
    change = move_shift(actor=coordinator, shift_id=shift.pk, seen=seen_of(shift), person_id=other.pk, day=day)
    now = only()
    assert (now.pk, now.staff_member_id, now.kind, now.by_hand) == (shift.pk, other.pk, kind, True)
    assert Period.of(now.period) == shift_period(day, time(20), time(7))
    undo_shift(actor=coordinator, change=change)
    assert snapshot(only()) == snapshot(shift)


def test_two_people_changing_one_cell(coordinator: User) -> None:
    shift = ShiftFactory(staff_member__name="A. West")
    seen, person = seen_of(shift), shift.staff_member
    change_shift(actor=coordinator, shift_id=shift.pk, seen=seen, duty=duty(person, 8, 16))
    with refused(StaleRosterError) as error:
        change_shift(actor=coordinator, shift_id=shift.pk, seen=seen, duty=duty(person, 9, 17))
    assert "it is now" in str(error.value)
    assert "08:00–16:00, A. West" in str(error.value)
    with refused(StaleRosterError):
        remove_shift(actor=coordinator, shift_id=shift.pk, seen=seen)
    remove_shift(actor=coordinator, shift_id=shift.pk, seen=seen_of(only()))
    with refused(StaleRosterError) as error:
        move_shift(actor=coordinator, shift_id=shift.pk, seen=seen, person_id=person.pk, day=TOMORROW)
    assert "somebody removed it" in str(error.value)


def test_what_was_removed_from_a_pattern_is_remembered_until_it_is_undone(coordinator: User) -> None:
    kind = ShiftKindFactory()
    assignment = RosterAssignmentFactory(week=[(1, TOMORROW.isoweekday(), kind)])
    person = assignment.staff_member
    shift = ShiftFactory(staff_member=person, kind=kind, assignment=assignment, day=TOMORROW, by_hand=False)
    change = remove_shift(actor=coordinator, shift_id=shift.pk, seen=seen_of(shift))
    assert RosterException.objects.values_list("assignment", "day", "kind").get() == (
        assignment.pk,
        TOMORROW,
        kind.pk,
    )
    undo_shift(actor=coordinator, change=change)
    assert not RosterException.objects.exists()
    assert {**snapshot(only()), "shift": 0} == {**snapshot(shift), "shift": 0}


def test_undo_is_refused_where_somebody_changed_it_since(coordinator: User) -> None:
    change = add_shift(actor=coordinator, duty=duty(nurse()))
    shift = only()
    change_shift(actor=coordinator, shift_id=shift.pk, seen=seen_of(shift), duty=duty(shift.staff_member, 8, 16))
    with refused(StaleRosterError):
        undo_shift(actor=coordinator, change=change)
    removed = remove_shift(actor=coordinator, shift_id=shift.pk, seen=seen_of(only()))
    add_shift(actor=coordinator, duty=duty(shift.staff_member, 10, 18))
    with refused(NotPossibleError):
        undo_shift(actor=coordinator, change=removed)


def test_a_shift_whose_kind_was_deleted_comes_back_without_it(coordinator: User) -> None:
    shift = ShiftFactory(kind=ShiftKindFactory())
    change = remove_shift(actor=coordinator, shift_id=shift.pk, seen=seen_of(shift))
    shift.kind.delete()
    undo_shift(actor=coordinator, change=change)
    assert only().kind is None


@pytest.mark.parametrize("role", ["booking_clerk", "surgeon", "anaesthetist", "theatre_nurse", "ward_nurse", "manager"])
def test_others_change_nothing(role: str) -> None:
    shift, user, wanted = ShiftFactory(), UserFactory(role=role), duty(nurse())
    commands = (
        lambda: add_shift(actor=user, duty=wanted),
        lambda: change_shift(actor=user, shift_id=shift.pk, seen=seen_of(shift), duty=wanted),
        lambda: remove_shift(actor=user, shift_id=shift.pk, seen=seen_of(shift)),
        lambda: undo_shift(actor=user, change=RosterChange(before={}, after=snapshot(shift))),
        lambda: add_absence(actor=user, person_id=shift.staff_member_id, kind="leave", period=wanted.period),
    )
    for command in commands:
        with refused(NotAllowedError):
            command()


def test_a_role_of_one_site_or_specialty_changes_the_roster_of_its_people_only() -> None:
    here, mine = SiteFactory(), SpecialtyFactory()
    limited = UserFactory(role="coordinator", role__sites=[here], role__specialties=[mine])
    inside, elsewhere, nowhere = nurse(site=here), nurse(site=SiteFactory()), nurse()
    for person in (inside, elsewhere):
        person.specialties.add(mine)
    other_specialty = nurse(site=here)
    other_specialty.specialties.add(SpecialtyFactory())
    change = add_shift(actor=limited, duty=duty(inside))
    for person in (elsewhere, nowhere, other_specialty):
        with refused(PermissionDenied):
            add_shift(actor=limited, duty=duty(person))
        with refused(PermissionDenied):
            move_shift(
                actor=limited,
                shift_id=change.after["shift"],
                seen=change.after["seen"],
                person_id=person.pk,
                day=TOMORROW,
            )
        with refused(PermissionDenied):
            add_absence(actor=limited, person_id=person.pk, kind="leave", period=duty(person).period)
        theirs = ShiftFactory(staff_member=person)
        with refused(PermissionDenied):
            remove_shift(actor=limited, shift_id=theirs.pk, seen=seen_of(theirs))


def test_an_absence_is_entered_once(coordinator: User) -> None:
    person = nurse()
    period = duty(person).period
    absence = add_absence(actor=coordinator, person_id=person.pk, kind="sickness", period=period, note="-")
    assert (absence.resource_id, Period.of(absence.period)) == (person.pk, period)
    with refused(NotPossibleError):
        add_absence(actor=coordinator, person_id=person.pk, kind="sickness", period=period)
    add_absence(actor=coordinator, person_id=person.pk, kind="leave", period=period)
    assert Unavailability.objects.count() == 2


@pytest.mark.parametrize(
    ("kind", "days", "away"), [("closure", 1, 0), ("leave", 0, 0), ("leave", 900, 0), ("leave", 1, 2000)]
)
def test_an_absence_that_can_t_be_meant(coordinator: User, kind: str, days: int, away: int) -> None:
    start, person = timezone.now() + timedelta(days=away), nurse()
    with refused(InvalidPlanError):
        period = Period(start, start + timedelta(days=days))
        add_absence(actor=coordinator, person_id=person.pk, kind=kind, period=period)
