"""Add colleagues to a patient's care team from the operation's page, and take them off."""

import pytest
from django.test import Client

from patients.models import CareTeamMember
from tests.factories import StaffMemberFactory, UserFactory
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World


def test_a_colleague_sees_the_patient_while_on_the_team(world: World, coordinator: Client) -> None:
    nurse, case = UserFactory(role="ward_nurse"), world.waiting()
    page, theirs = f"/operations/{case.pk}/", client_of(nurse)
    assert theirs.get(page).status_code == 403

    for _ in range(2):
        coordinator.post(f"{page}care-team/add/", {"user": nurse.pk})
    assert (theirs.get(page).status_code, CareTeamMember.objects.count()) == (200, 1)
    assert str(nurse) in coordinator.get(page).content.decode()

    coordinator.post(f"{page}care-team/remove/", {"user": nurse.pk})
    assert theirs.get(page).status_code == 403


@pytest.mark.parametrize("role", ["administrator", "manager", None])
def test_whose_role_sees_no_patients_joins_no_team(world: World, coordinator: Client, role: str | None) -> None:
    case = world.waiting()
    answer = coordinator.post(f"/operations/{case.pk}/care-team/add/", {"user": UserFactory(role=role).pk}, follow=True)
    assert "whose role lets them see patients" in answer.content.decode()
    assert CareTeamMember.objects.count() == 0


def test_a_surgeon_says_so_for_own_patients_only(world: World) -> None:
    user, nurse = UserFactory(role="surgeon"), UserFactory(role="ward_nurse")
    me = StaffMemberFactory(user=user)
    me.specialties.add(world.specialty)
    own, other = world.waiting(lead_surgeon=me), world.waiting()
    client = client_of(user)

    for case, status in ((own, 302), (other, 403)):
        assert client.post(f"/operations/{case.pk}/care-team/add/", {"user": nurse.pk}).status_code == status
        assert ("care-team/add" in client.get(f"/operations/{case.pk}/").content.decode()) is (status == 302)
    assert list(CareTeamMember.objects.values_list("content_object", flat=True)) == [own.patient_id]


def test_nobody_else_says_so(world: World, clerk: Client) -> None:
    case = world.waiting()
    for verb in ("add", "remove"):
        assert clerk.post(f"/operations/{case.pk}/care-team/{verb}/", {"user": 1}).status_code == 403
