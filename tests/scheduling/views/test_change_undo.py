"""Undo by the script and by the page."""

from django.test import Client

from scheduling.models import Operation, OperationChange
from tests.scheduling.views.conftest import Script
from tests.scheduling.world import World


def test_undo_can_be_undone(world: World, script: Script) -> None:
    operation = world.booked(world.at(10))
    booked = OperationChange.objects.get(operation=operation, verb="booked")
    first = script(f"/changes/{booked.pk}/undo/").json()
    assert (first["ok"], Operation.objects.get(pk=operation.pk).status) == (True, "waiting")
    second = script(f"/changes/{first['change']}/undo/").json()
    assert (second["ok"], Operation.objects.get(pk=operation.pk).starts_at) == (True, world.at(10))


def test_what_is_not_the_last_change_is_refused(world: World, script: Script) -> None:
    operation = world.booked(world.at(10))
    booked = OperationChange.objects.get(operation=operation, verb="booked")
    script(f"/changes/{booked.pk}/undo/")
    answer = script(f"/changes/{booked.pk}/undo/")
    assert (answer.status_code, answer.json()["kind"]) == (409, "stale")


def test_a_place_that_is_taken_by_now_is_explained(world: World, coordinator: Client) -> None:
    operation = world.booked(world.at(10))
    fields = {"theatre": world.two.pk, "start": world.at(10).isoformat(), "minutes": 60, "version": 2}
    coordinator.post(f"/operations/{operation.pk}/move/", fields)
    world.booked(world.at(10))
    moved = OperationChange.objects.get(operation=operation, verb="moved")
    response = coordinator.post(f"/changes/{moved.pk}/undo/")
    assert response.status_code == 409
    assert "Theatre 1 is already booked" in response.content.decode()


def test_who_may_only_look_may_not_undo(world: World, script: Script, ward_nurse: Client) -> None:
    booked = OperationChange.objects.get(operation=world.booked(world.at(10)), verb="booked")
    answer = script(f"/changes/{booked.pk}/undo/", ward_nurse)
    assert (answer.status_code, answer.json()["kind"]) == (403, "forbidden")
