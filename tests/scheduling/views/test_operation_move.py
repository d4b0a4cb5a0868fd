"""Move by the form and by the timeline's script."""

from datetime import timedelta

from scheduling.models import Operation
from tests.scheduling.views.conftest import Script
from tests.scheduling.world import World


def test_the_script_leaves_the_surgeon_alone(world: World, script: Script) -> None:
    operation = world.booked(world.at(10), lead=world.surgeon)
    fields = {"theatre": world.two.pk, "start": world.at(12).isoformat(), "minutes": 90, "version": 2}
    assert script(f"/operations/{operation.pk}/move/", **fields).status_code == 200
    moved = Operation.objects.get(pk=operation.pk)
    assert (moved.theatre, moved.starts_at, moved.ends_at) == (world.two, world.at(12), world.at(13, 30))
    assert moved.lead_surgeon == world.surgeon


def test_the_form_changes_the_surgeon(world: World, script: Script) -> None:
    operation = world.booked(world.at(10), lead=world.surgeon)
    fields = {"theatre": world.one.pk, "start": world.at(10).isoformat(), "minutes": 60, "version": 2}
    script(f"/operations/{operation.pk}/move/", surgeon=world.other_surgeon.pk, **fields)
    assert Operation.objects.get(pk=operation.pk).lead_surgeon == world.other_surgeon


def test_what_has_started_stays(world: World, script: Script) -> None:
    operation = world.booked(world.at(10))
    Operation.objects.filter(pk=operation.pk).update(status="in_theatre")
    fields = {"theatre": world.one.pk, "start": world.at(11).isoformat(), "minutes": 60, "version": 2}
    answer = script(f"/operations/{operation.pk}/move/", **fields)
    assert (answer.status_code, answer.json()["kind"]) == (409, "refused")
    assert "already started" in answer.json()["message"]


def test_the_slot_that_was_refused_is_not_offered(world: World, script: Script) -> None:
    operation = world.booked(world.at(10))
    operation.due_on = world.day - timedelta(days=3)
    operation.save(update_fields=["due_on"])
    fields = {"theatre": world.two.pk, "start": world.at(12).isoformat(), "minutes": 60, "version": 2}
    answer = script(f"/operations/{operation.pk}/move/", **fields).json()
    assert [(slot["theatre"], slot["start"]) for slot in answer["slots"]] == [(world.one.pk, world.at(12).isoformat())]
