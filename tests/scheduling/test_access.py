"""Which operations and patients are open to whom."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from guardian.shortcuts import assign_perm

from accounts.models import User
from patients.access import NotOnCareTeamError
from patients.models import EmergencyAccess, Patient, PatientBlock
from patients.permissions import CARE_TEAM
from patients.selectors import beyond_reach, find_patients
from scheduling.models import Operation
from scheduling.selectors.masking import masked_for
from scheduling.services import SchedulingConflictError, move_operation
from tests.factories import (
    OperationFactory,
    PatientFactory,
    SiteFactory,
    SpecialtyFactory,
    StaffMemberFactory,
    UserFactory,
)
from tests.scheduling.world import World

pytestmark = pytest.mark.django_db


def sees(user: User, operation: Operation) -> bool:
    """Say whether the operation is open, by the operation and by the patient alike."""
    user = User.objects.get(pk=user.pk)
    by_operation = Operation.objects.visible_to(user).filter(pk=operation.pk).exists()
    by_patient = Patient.objects.visible_to(user).filter(pk=operation.patient_id).exists()
    assert by_operation == by_patient
    return by_operation


@pytest.mark.parametrize("role", ["coordinator", "booking_clerk", "theatre_nurse", "anaesthetist", "integration"])
def test_broad_roles_see_all(role: str) -> None:
    assert sees(UserFactory(role=role), OperationFactory())


@pytest.mark.parametrize("role", ["manager", "privacy_officer", "administrator", "surgeon", "ward_nurse", None])
def test_others_see_nothing_by_role_alone(role: str | None) -> None:
    assert not sees(UserFactory(role=role), OperationFactory())


def test_nobody_sees_anything_once_switched_off() -> None:
    operation = OperationFactory()
    user = UserFactory(role="coordinator", is_active=False)
    assign_perm(CARE_TEAM, user, operation.patient)
    assert not sees(user, operation)


def test_a_specialty_limits_a_role() -> None:
    operation, other = OperationFactory.create_batch(2)
    clerk = UserFactory(role="booking_clerk", role__specialties=[operation.specialty])
    assert [sees(clerk, operation), sees(clerk, other)] == [True, False]


def test_a_site_limits_a_role_once_the_operation_has_a_place(world: World) -> None:
    here, there = SiteFactory.create_batch(2)
    world.one.site, world.two.site = here, there
    world.one.save()
    world.two.save()
    clerk = UserFactory(role="booking_clerk", role__sites=[here])
    near, far = world.booked(world.at(10)), world.booked(world.at(10), theatre=world.two)

    assert [sees(clerk, case) for case in (near, far, world.waiting())] == [True, False, True]
    with pytest.raises(NotOnCareTeamError):
        move_operation(
            actor=clerk, operation_id=far.pk, version=2, theatre_id=world.one.pk, start=world.at(12), minutes=60
        )
    with pytest.raises(PermissionDenied):
        move_operation(
            actor=clerk, operation_id=near.pk, version=2, theatre_id=world.two.pk, start=world.at(12), minutes=60
        )


def test_one_role_does_not_widen_another(world: World) -> None:
    user = UserFactory(role="booking_clerk", role__specialties=[SpecialtyFactory()])
    user.role_assignments.create(role="anaesthetist")
    user.role_assignments.create(role="manager")
    booked = world.booked(world.at(10))

    assert sees(user, booked)
    with pytest.raises(NotOnCareTeamError):
        move_operation(
            actor=User.objects.get(pk=user.pk), operation_id=booked.pk, version=2, theatre_id=world.one.pk,
            start=world.at(12), minutes=60,
        )  # fmt: skip


def test_the_schedule_without_names_does_not_lend_names() -> None:
    user = UserFactory(role="manager")
    user.role_assignments.create(role="ward_nurse")
    assert not sees(user, OperationFactory())


def of_specialty(world: World, surgeon: User, me: object) -> Operation:
    me.specialties.add(world.specialty)  # type: ignore[attr-defined]
    return world.waiting()


SURGEONS: list[Callable[..., Operation]] = [
    of_specialty,
    lambda world, surgeon, me: world.waiting(lead_surgeon=me),
    lambda world, surgeon, me: world.waiting(actor=surgeon),
    lambda world, surgeon, me: world.booked(world.at(10), members=[(me, "assistant")]),
]


@pytest.mark.parametrize("make", SURGEONS, ids=["specialty", "lead", "requested", "team"])
def test_a_surgeon_sees_the_own_specialty_and_own_cases(world: World, make: Callable[..., Operation]) -> None:
    surgeon = UserFactory(role="surgeon")
    me = StaffMemberFactory(user=surgeon)
    assert sees(surgeon, make(world, surgeon, me))
    assert not sees(surgeon, OperationFactory())


@pytest.mark.parametrize(("days", "seen"), [(-2, False), (-1, True), (0, True), (14, True), (15, False)])
def test_a_ward_sees_yesterday_to_two_weeks_ahead(world: World, days: int, *, seen: bool) -> None:
    day = timezone.localdate() + timedelta(days=days)
    shift = (day - world.day).days
    case = world.waiting()
    case.theatre, case.status = world.one, "scheduled"
    case.period = DateTimeTZRange(world.at(10, days=shift), world.at(11, days=shift))
    case.save()
    assert sees(UserFactory(role="ward_nurse"), case) is seen


def test_the_care_team_sees_the_patient_and_nobody_else() -> None:
    operation, other = OperationFactory.create_batch(2)
    nurse = UserFactory(role="ward_nurse")
    assign_perm(CARE_TEAM, nurse, operation.patient)
    assert [sees(nurse, operation), sees(nurse, other)] == [True, False]


def access(actor: User, patient: Patient, minutes: int) -> EmergencyAccess:
    began = timezone.now() - timedelta(minutes=30)
    ends = timezone.now() + timedelta(minutes=minutes)
    return EmergencyAccess.objects.create(
        actor=actor, patient=patient, reason="emergency", explanation="Bleeding", began=began, ends=ends
    )


@pytest.mark.parametrize(("minutes", "seen"), [(1, True), (-1, False)])
def test_emergency_access_opens_one_patient_while_it_lasts(minutes: int, *, seen: bool) -> None:
    operation, other = OperationFactory.create_batch(2)
    nurse = UserFactory(role="ward_nurse")
    access(nurse, operation.patient, minutes)
    assert [sees(nurse, operation), sees(nurse, other)] == [seen, False]


def test_a_block_closes_role_and_care_team_but_not_an_emergency() -> None:
    operation = OperationFactory()
    user = UserFactory(role="coordinator")
    assign_perm(CARE_TEAM, user, operation.patient)
    PatientBlock.objects.create(patient=operation.patient, user=user)
    assert not sees(user, operation)
    assert sees(UserFactory(role="coordinator"), operation)
    access(user, operation.patient, 5)
    assert sees(user, operation)


def test_a_confidential_record_is_listed_without_being_open() -> None:
    operation = OperationFactory(patient__confidential=True)
    clerk, coordinator = UserFactory(role="booking_clerk"), UserFactory(role="coordinator")

    assert not sees(clerk, operation)
    assert [o.is_open for o in Operation.objects.listed_to(clerk)] == [False]
    assert sees(coordinator, operation)
    assign_perm(CARE_TEAM, clerk, operation.patient)
    assert sees(clerk, operation)


def test_a_patient_without_operations_is_found_by_who_lists() -> None:
    PatientFactory()
    found = {
        role: Patient.objects.visible_to(UserFactory(role=role)).count()
        for role in ("coordinator", "booking_clerk", "surgeon", "ward_nurse", "manager")
    }
    limited = UserFactory(role="booking_clerk", role__specialties=[SpecialtyFactory()])
    assert found == {"coordinator": 1, "booking_clerk": 1, "surgeon": 0, "ward_nurse": 0, "manager": 0}
    assert Patient.objects.visible_to(limited).count() == 1


def test_a_search_finds_no_names_beyond_ones_reach_and_the_whole_number_only() -> None:
    patient = OperationFactory(patient__mrn="RX4711", patient__family_name="Nowak").patient
    nurse, clerk = UserFactory(role="ward_nurse"), UserFactory(role="booking_clerk")
    assert [list(find_patients(text, nurse)) for text in ("nowak", "rx4711")] == [[], []]
    assert [beyond_reach(text, nurse) for text in ("nowak", "rx471", " rx4711 ")] == [None, None, patient]
    assert list(find_patients("nowak", clerk)) == [patient]
    assert beyond_reach("rx4711", clerk) is None


def test_a_conflict_does_not_name_a_case_beyond_ones_reach(world: World) -> None:
    world.booked(world.at(10))
    with pytest.raises(SchedulingConflictError) as error:
        world.booked(world.at(10))
    (named,) = error.value.conflicts
    (masked,) = masked_for(UserFactory(role="surgeon"), [named])

    assert masked_for(world.coordinator, [named]) == [named]
    assert "Hip replacement" in named.message
    assert masked.message.endswith(": another case.")
    assert masked.other_operation_id is None
