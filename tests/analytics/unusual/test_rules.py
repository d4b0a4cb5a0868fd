"""Each rule: what stands out, and what is near it and does not."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from guardian.shortcuts import assign_perm

from accounts.models import User
from analytics.unusual import rules
from patients.models import Patient
from patients.permissions import CARE_TEAM
from resources.models import Shift
from scheduling.models import Operation
from scheduling.period import Period
from tests.factories import OperationFactory, PatientFactory, StaffMemberFactory, TheatreFactory, UserFactory

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 20)


def at(clock: str, day: date = DAY) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.strptime(clock, "%H:%M").time()))


def saw(person: User, patient: Patient, *, kind: str = "view", when: datetime | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_access (at, patient_id, actor_id, view, kind) VALUES (%s, %s, %s, 'x', %s)",
            [when or at("10:00"), patient.pk, person.pk, kind],
        )


def found(rule: Callable[[date], Any], day: date = DAY) -> set[tuple[int, int | None]]:
    return {(one.actor_id, one.patient_id) for one in rule(day)}


@pytest.fixture
def ann() -> User:
    return UserFactory(given_name="Ann", family_name="Adams", role="ward_nurse")


def patient(given: str = "Zoe", family: str = "Zebrowska", **fields: Any) -> Patient:
    return PatientFactory(given_name=given, family_name=family, **fields)


def test_a_confidential_record_always_stands_out(ann: User) -> None:
    secret, other = patient(confidential=True), patient()
    assign_perm(CARE_TEAM, ann, secret)
    saw(ann, secret)
    saw(ann, other)
    assert found(rules.confidential) == {(ann.pk, secret.pk)}


def test_what_was_seen_in_passing_never_does(ann: User) -> None:
    secret = patient(confidential=True)
    saw(ann, secret, kind="list")
    saw(ann, secret, kind="live")
    assert found(rules.confidential) == set()


def test_own_name(ann: User) -> None:
    herself, namesake = patient("ann", "ADAMS"), patient("Bob", "Adams")
    saw(ann, herself)
    saw(ann, namesake)
    assert found(rules.own_record) == {(ann.pk, herself.pk)}
    assert found(rules.same_surname) == {(ann.pk, namesake.pk)}


def test_a_relative_on_the_care_team_does_not(ann: User) -> None:
    namesake = patient("Bob", "Adams")
    assign_perm(CARE_TEAM, ann, namesake)
    saw(ann, namesake)
    assert found(rules.same_surname) == set()


def test_a_colleague(ann: User) -> None:
    UserFactory(given_name="Cora", family_name="Lee")
    saw(ann, patient("Cora", "Lee"))
    saw(ann, patient("Corinna", "Lee"))
    assert len(found(rules.colleague)) == 1


def test_an_account_without_a_name_is_nobodys_namesake() -> None:
    nameless = UserFactory(given_name="", family_name="")
    saw(nameless, patient("", ""))
    assert found(rules.own_record) == found(rules.colleague) == set()


@pytest.mark.parametrize(("days", "stands_out"), [(0, False), (30, False), (-30, False), (40, True), (-40, True)])
def test_no_operation_near(ann: User, days: int, stands_out: bool) -> None:  # noqa: FBT001
    operation = OperationFactory()
    start = at("10:00") + timedelta(days=days)
    Operation.objects.filter(pk=operation.pk).update(
        status="completed", theatre=TheatreFactory(), period=Period(start, start + timedelta(hours=1)).as_range()
    )
    saw(ann, operation.patient)
    assert (found(rules.no_appointment) != set()) == stands_out


def test_who_waits_has_an_appointment_to_come(ann: User) -> None:
    saw(ann, OperationFactory().patient)
    assert found(rules.no_appointment) == set()
    nobody = patient()
    saw(ann, nobody, kind="search")
    assert found(rules.no_appointment) == set()
    saw(ann, nobody)
    assert found(rules.no_appointment) == {(ann.pk, nobody.pk)}


def test_outside_the_roster(ann: User) -> None:
    member = StaffMemberFactory(user=ann)
    Shift.objects.create(staff_member=member, period=Period(at("07:00"), at("15:00")).as_range())
    saw(ann, patient(), when=at("15:59"))
    assert found(rules.off_duty) == set()
    saw(ann, patient(), when=at("16:01"))
    (one,) = rules.off_duty(DAY)
    assert (one.actor_id, one.patient_id) == (ann.pk, None)
    assert one.evidence == "One look at records outside the roster, the first at 16:01."


def test_without_a_roster_nobody_is_outside_of_it(ann: User) -> None:
    StaffMemberFactory(user=ann)
    saw(ann, patient(), when=at("23:00"))
    assert found(rules.off_duty) == set()


@pytest.mark.parametrize(
    ("clock", "stands_out"), [("21:59", False), ("22:00", True), ("05:59", True), ("06:00", False)]
)
def test_at_night_without_a_roster(clock: str, ann: User, *, stands_out: bool) -> None:
    saw(ann, patient(), when=at(clock))
    assert (found(rules.night) != set()) == stands_out


def test_with_a_roster_the_night_is_a_shift_like_others(ann: User) -> None:
    member = StaffMemberFactory(user=ann)
    Shift.objects.create(staff_member=member, period=Period(at("20:00"), at("23:59")).as_range())
    saw(ann, patient(), when=at("23:00"))
    assert found(rules.night) == set()


def many(person: User, count: int, day: date = DAY) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_access (at, patient_id, actor_id, view, kind)"
            " SELECT %s, n, %s, 'x', 'view' FROM generate_series(1, %s) AS n",
            [at("10:00", day), person.pk, count],
        )


def test_many_records(ann: User) -> None:
    many(ann, rules.MANY - 1)
    assert found(rules.volume) == set()
    many(ann, rules.MANY)  # the same patients, opened again, and one more
    (one,) = rules.volume(DAY)
    assert one.evidence == "50 records opened; too few days to know what is usual."


@pytest.mark.parametrize(("usual", "stands_out"), [(20, False), (16, True)])
def test_many_is_measured_by_what_is_usual(ann: User, usual: int, stands_out: bool) -> None:  # noqa: FBT001
    for days in range(1, 6):
        many(ann, usual, DAY - timedelta(days=days))
    many(ann, 55)
    assert (found(rules.volume) != set()) == stands_out


def test_a_day_is_the_hospitals_and_may_have_25_hours(ann: User) -> None:
    night = date(2026, 10, 25)
    span = rules.span_of(night)
    assert span.end - span.start == timedelta(hours=25)
    secret = patient(confidential=True)
    saw(ann, secret, when=datetime(2026, 10, 25, 23, 30, tzinfo=UTC))
    assert found(rules.confidential, night) == {(ann.pk, secret.pk)}
    assert found(rules.confidential, night + timedelta(days=1)) == set()
