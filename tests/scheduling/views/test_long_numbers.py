"""Digits without end are a wrong number, not a server error: Python refuses to read over 4,300 of them."""

import pytest
from django.test import Client

from tests.scheduling.world import World

ENDLESS = "1" * 5000


@pytest.mark.parametrize("digits", [ENDLESS, "9" * 19])
def test_numbers_too_long_to_be_one(world: World, coordinator: Client, digits: str) -> None:
    mine = world.booked(world.at(10))
    waiting = world.waiting()

    assert coordinator.get("/operations/swap/", {"first": digits}).status_code == 404
    assert coordinator.get("/operations/new/", {"patient": digits}).status_code == 200
    swap = coordinator.post("/operations/swap/", {"first": mine.pk, "version": 2, "other": f"{digits}:2"})
    assert (swap.status_code, list(swap.context["form"].errors)) == (422, ["other"])
    slot = coordinator.post(
        f"/operations/{waiting.pk}/book/", {"version": 1, "slot": f"{digits}@2026-11-23T08:00", "minutes": 60}
    )
    assert slot.status_code == 422
