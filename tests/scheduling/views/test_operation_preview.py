"""What speaks against a place, before anybody asks for it."""

from django.test import Client

from scheduling.models import Operation
from tests.scheduling.world import World


def test_names_the_conflict_and_writes_nothing(world: World, coordinator: Client) -> None:
    world.booked(world.at(10))
    operation = world.waiting()
    fields = {"theatre": world.one.pk, "day": world.day, "time": "10:30", "minutes": 60, "version": 1}
    text = coordinator.post(f"/operations/{operation.pk}/preview/", fields).content.decode()
    assert "Theatre 1 is already booked" in text
    assert Operation.objects.get(pk=operation.pk).version == 1


def test_says_when_nothing_is_in_the_way(world: World, coordinator: Client) -> None:
    operation = world.booked(world.at(10))
    fields = {"theatre": world.two.pk, "day": world.day, "time": "12:00", "minutes": 60, "version": 2}
    text = coordinator.post(f"/operations/{operation.pk}/preview/", fields).content.decode()
    assert "Nothing speaks against this place" in text


def test_waits_for_the_rest_of_the_form(world: World, coordinator: Client) -> None:
    response = coordinator.post(f"/operations/{world.waiting().pk}/preview/", {"minutes": 60, "version": 1})
    assert (response.status_code, response.content.decode().strip()) == (200, "")
