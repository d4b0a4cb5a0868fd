"""The demo hospital, in small: built through the services, once, and picked up where it stopped."""

from datetime import date, timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import TestCase
from django.utils import timezone

from accounts.demo import PASSWORD, SIGN_INS
from accounts.models import User
from accounts.roles import Role
from resources.models import BlockTemplate, OpeningHours, Shift, StaffMember, Theatre, Unavailability
from scheduling.conflicts import find_conflicts
from scheduling.demo import keeping
from scheduling.demo.calendar import working_days
from scheduling.demo.keeping import LOCK, BusyError, keep_demo
from scheduling.demo.loading import is_loaded, is_unfinished, load_demo
from scheduling.demo.playing import WORTH_A_REASON, just_due
from scheduling.integrity import find_breaches
from scheduling.milestones import out_of_order
from scheduling.models import EventKind, Operation, OperationChange, OperationDelay, OperationEvent, Status
from scheduling.plan import Plan
from tests.factories import PatientFactory

MONDAY = date(2026, 3, 9)
"""A Monday in the past: everything that was planned has happened."""


class LoadedDemo(TestCase):
    """Two theatres, two working days back and ahead of a Monday long gone."""

    @classmethod
    def setUpTestData(cls):
        out = StringIO()
        call_command("load_demo", date=MONDAY, theatres=2, days=2, verbosity=0, stdout=out)
        cls.words = out.getvalue()

    def test_says_in_one_line_what_there_is(self):
        assert self.words.startswith("Loaded the demo hospital: 2 theatres, ")
        assert self.words.count("\n") == 1

    def test_nothing_is_in_two_places(self):
        assert find_breaches() == []

    def test_no_booking_has_a_hard_conflict(self):
        placed = Operation.objects.filter(period__isnull=False).select_related("patient", "procedure")
        plans = [Plan.current(operation, operation.reservations.filter(active=True)) for operation in placed]
        assert len(plans) >= 25
        assert [conflict for plan in plans for conflict in find_conflicts(plan) if conflict.is_hard] == []

    def test_lists_are_well_filled_on_the_working_days(self):
        first = Theatre.objects.get(code="T1")
        for day in [*working_days(MONDAY, -2), MONDAY, *working_days(MONDAY, 2)]:
            minutes = sum(operation.in_room_minutes for operation in Operation.objects.on(day).filter(theatre=first))
            assert 0.6 * 600 <= minutes <= 600, day

    def test_what_is_past_was_completed_with_its_milestones_in_order(self):
        for operation in Operation.objects.filter(period__isnull=False):
            assert operation.status == Status.COMPLETED
            events = OperationEvent.objects.filter(operation=operation, current=True)
            found = {event.kind: event.at for event in events}
            assert set(found) == set(EventKind.values)
            assert [kind for kind, at in found.items() if out_of_order(kind, at, found)] == []

    def test_many_late_starts_are_explained(self):
        assert OperationDelay.objects.filter(minutes__gte=WORTH_A_REASON).count() > 2

    def test_every_override_has_a_reason_in_the_history(self):
        overrides = [item for change in OperationChange.objects.all() for item in change.overrides]
        assert overrides
        assert all(item["reason"] for item in overrides)

    def test_the_emergency_theatre_never_closes_and_the_other_keeps_office_hours(self):
        first, last = Theatre.objects.all()
        assert OpeningHours.objects.filter(theatre=last).count() == 7
        assert [str(hours) for hours in OpeningHours.objects.filter(theatre=first)] == [
            f"{day} 08:00-18:00" for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
        ]
        assert BlockTemplate.objects.filter(theatre=first, weekday=1).count() == 2

    def test_people_work_by_shifts_and_some_are_away(self):
        rostered = StaffMember.objects.filter(rostered=True)
        assert rostered.filter(shifts__isnull=True).count() == 0
        assert Shift.objects.filter(period__startswith__date__gte=MONDAY + timedelta(days=3)).exists()
        assert set(Unavailability.objects.values_list("kind", flat=True)) == {"leave", "sickness"}

    def test_people_wait_and_a_surgeon_has_asked_for_more(self):
        waiting = Operation.objects.filter(external_id__startswith="DEMO-WAITING", status=Status.WAITING)
        assert {operation.priority.code for operation in waiting} == {"P1a", "P1b", "P2", "P3", "P4"}
        requested = Operation.objects.filter(status=Status.REQUESTED)
        assert {operation.lead_surgeon.name for operation in requested} == {"Ms R. Doyle"}
        assert requested.count() == 4

    def test_everybody_can_sign_in_and_has_one_role(self):
        assert len(SIGN_INS) == len(Role) - 1  # an integration account signs in nowhere
        for label, email in SIGN_INS:
            user = authenticate(None, username=email, password=PASSWORD)
            assert [str(held) for held in user.role_assignments.all()] == [label]
        assert User.objects.get(email="surgeon@example.org").staff_member.name == "Ms R. Doyle"

    def test_a_second_call_says_so_and_changes_nothing(self):
        before = (Operation.objects.count(), OperationChange.objects.count(), User.objects.count())
        out = StringIO()
        call_command("load_demo", verbosity=0, stdout=out)
        assert out.getvalue() == "The demo hospital is already loaded.\n"
        assert (Operation.objects.count(), OperationChange.objects.count(), User.objects.count()) == before


@pytest.mark.django_db
def test_today_has_an_emergency_and_nothing_that_has_not_come_yet():
    done = load_demo(today=timezone.localdate(), theatres=2, days=1)
    assert done.refused == []
    assert find_breaches() == []
    emergency = Operation.objects.get(patient__family_name="Unknown")
    assert emergency.priority.emergency
    assert emergency.theatre.code == "T2"
    assert not OperationEvent.objects.filter(at__gt=timezone.now()).exists()
    ahead = Operation.objects.filter(period__startswith__gt=timezone.now() + timedelta(hours=2))
    assert {*ahead.values_list("status", flat=True)} <= {Status.SCHEDULED}


@pytest.mark.django_db
def test_a_load_that_was_cut_short_goes_on_where_it_stopped():
    def stops_soon(lists):
        yield from lists[:2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_demo(today=MONDAY, theatres=2, days=1, progress=stops_soon)
    assert is_unfinished()
    kept = set(Operation.objects.values_list("pk", flat=True))
    done = load_demo(today=MONDAY, theatres=2, days=1)
    assert is_loaded()
    assert not is_unfinished()
    assert done.refused == []
    assert kept < set(Operation.objects.values_list("pk", flat=True))
    assert find_breaches() == []


@pytest.mark.django_db(transaction=True)
def test_two_processes_load_side_by_side():
    done = load_demo(today=MONDAY, theatres=2, days=4)
    assert done.refused == []
    assert find_breaches() == []
    days = {timezone.localdate(operation.starts_at) for operation in Operation.objects.filter(period__isnull=False)}
    assert days == {*working_days(MONDAY, -4), MONDAY, *working_days(MONDAY, 4)}


@pytest.mark.django_db
def test_production_refuses_the_demo(settings):
    settings.DEMO_ALLOWED = False
    with pytest.raises(CommandError, match="real hospital"):
        call_command("load_demo", verbosity=0)
    assert not User.objects.exists()


@pytest.mark.django_db
def test_a_real_hospitals_database_refuses_the_demo():
    PatientFactory()
    with pytest.raises(CommandError, match="empty one"):
        call_command("load_demo", theatres=2, days=1, verbosity=0)
    assert not User.objects.exists()


@pytest.mark.parametrize("argument", ["--date=9.3.2026", "--theatres=1", "--theatres=13"])
def test_bad_arguments_are_refused(argument):
    with pytest.raises(CommandError):
        call_command("load_demo", argument)


def test_no_case_is_late_before_the_first_is_due():
    assert just_due([], timezone.now()) is None


@pytest.fixture
def short_quarter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four days behind, two working days ahead."""
    monkeypatch.setattr(keeping, "QUARTER", timedelta(days=4))
    monkeypatch.setattr(keeping, "DAYS_AHEAD", 2)


def local_days() -> set[date]:
    return {timezone.localdate(row.period.lower) for row in Operation.objects.filter(period__isnull=False)}


@pytest.mark.django_db
@pytest.mark.usefixtures("short_quarter")
def test_the_past_is_loaded_afterwards_and_goes_on_where_it_stopped(
    django_assert_max_num_queries: Any,
) -> None:
    assert keep_demo(today=MONDAY) == 0  # there is no demo
    load_demo(today=MONDAY, theatres=3, days=1)  # from Friday to Tuesday

    def cut_short(lists):
        yield from lists[:4]  # Wednesday, and one room of Thursday

    assert keep_demo(today=MONDAY, progress=cut_short) > 0
    thursday = Operation.objects.on(date(2026, 3, 5))
    assert not thursday.filter(theatre__code="T2").exists()
    assert {date(2026, 3, 5), date(2026, 3, 11)} <= local_days()
    assert keep_demo(today=MONDAY) > 0
    assert thursday.filter(theatre__code="T2").exists()
    assert local_days() == {date(2026, 3, day) for day in (5, 6, 9, 10, 11)}
    with django_assert_max_num_queries(5):
        assert keep_demo(today=MONDAY) == 0
    assert find_breaches() == []


@pytest.mark.django_db
@pytest.mark.usefixtures("short_quarter")
def test_a_demo_of_long_ago_comes_up_to_today() -> None:
    load_demo(today=MONDAY, theatres=2, days=1)
    today = timezone.localdate()
    keep_demo(today=today)
    assert {*working_days(today, 2), *(day for day in working_days(today, -2) if day >= today - timedelta(days=4))} <= (
        local_days()
    )
    ahead = BlockTemplate.objects.first().sessions.order_by("-day").first()
    assert ahead.day >= today - timedelta(days=3)
    monday = today - timedelta(days=today.weekday())
    on_duty = Shift.objects.filter(day__range=(monday, monday + timedelta(days=4)), staff_member__rostered=True)
    assert set(on_duty.values_list("staff_member", flat=True)) >= set(
        Shift.objects.filter(day=MONDAY).values_list("staff_member", flat=True)
    )
    assert find_breaches() == []


@pytest.mark.django_db
@pytest.mark.usefixtures("short_quarter")
def test_what_came_due_since_is_played_to_its_end() -> None:
    load_demo(today=MONDAY, theatres=2, days=1)
    operation = Operation.objects.on(MONDAY).filter(status=Status.COMPLETED).first()
    late = [kind for kind in EventKind.values if kind not in (EventKind.SENT_FOR, EventKind.ARRIVED)]
    OperationEvent.objects.filter(operation=operation, kind__in=late).delete()
    Operation.objects.filter(pk=operation.pk).update(status=Status.ARRIVED)
    keep_demo(today=MONDAY + timedelta(days=1))
    operation.refresh_from_db()
    assert operation.status == Status.COMPLETED
    found = {event.kind: event.at for event in operation.events.filter(current=True)}
    assert set(found) == set(EventKind.values)
    assert [kind for kind, at in found.items() if out_of_order(kind, at, found)] == []


@pytest.mark.django_db(transaction=True)
def test_two_keepers_do_not_meet() -> None:
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        with pytest.raises(BusyError):
            keep_demo(today=MONDAY)
        out = StringIO()
        call_command("load_demo", keep=True, verbosity=0, stdout=out)
        assert out.getvalue().startswith("Another process")
        with other.cursor() as cursor:  # the server may take its time to notice that somebody hung up
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    finally:
        other.close()
    assert keep_demo(today=MONDAY) == 0
