"""Who is named on the day board, and to whom."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.roles import Role
from tests.factories import UserFactory
from tests.scheduling.world import World

NAMED = {Role.COORDINATOR, Role.BOOKING_CLERK, Role.ANAESTHETIST, Role.THEATRE_NURSE}
NAMELESS = {Role.MANAGER, Role.PRIVACY_OFFICER, Role.ADMINISTRATOR}
BUSY = {Role.SURGEON, Role.WARD_NURSE}
"""Not their specialty, or too far ahead: they see that the theatre is taken, and nothing more."""
PEOPLE = sorted(set(Role) - {Role.INTEGRATION})


def page(role: Role, world: World, name: str = "day") -> str:
    client = Client()
    client.force_login(UserFactory(role=role))
    return client.get(reverse(f"scheduling:{name}", kwargs={"day": world.day})).content.decode()


@pytest.mark.parametrize("name", ["day", "day-board"])
@pytest.mark.parametrize("role", PEOPLE)
def test_patients_are_named_only_to_those_who_may_see_them(world: World, role: Role, name: str) -> None:
    operation = world.booked(world.at(10))
    shown = page(role, world, name)

    assert (operation.patient.mrn in shown) is (role in NAMED)
    assert (operation.patient.display_name in shown) is (role in NAMED)
    assert (str(operation.procedure) in shown) is (role in NAMED | NAMELESS)
    assert (f"/operations/{operation.pk}/" in shown) is (role in NAMED | NAMELESS)
    assert ("Busy" in shown) is (role in BUSY)


@pytest.mark.parametrize("role", PEOPLE)
def test_the_waiting_list_is_shown_to_those_who_may_see_it(world: World, role: Role) -> None:
    waiting = world.waiting()

    assert (waiting.patient.display_name in page(role, world)) is (role in NAMED)
