"""Swap and push by their pages; postpone and cancel with reasons."""

import pytest
from django.db import connection
from django.test import Client

from scheduling.models import Operation
from scheduling.services.locking import BUSY
from tests.factories import CancellationReasonFactory
from tests.scheduling.world import World


def test_swap_offers_what_may_move_that_day_and_swaps(world: World, coordinator: Client) -> None:
    mine, other = world.booked(world.at(10)), world.booked(world.at(12), theatre=world.two)
    world.booked(world.at(12, days=1))
    page = coordinator.get(f"/operations/swap/?first={mine.pk}")
    assert [operation.pk for operation in page.context["operations"]] == [other.pk]
    fields = {"first": mine.pk, "version": 2, "other": f"{other.pk}:2"}
    assert coordinator.post("/operations/swap/", fields).status_code == 302
    assert Operation.objects.get(pk=mine.pk).starts_at == world.at(12)
    stale = coordinator.post("/operations/swap/", fields)
    assert (stale.status_code, stale.context["refusal"].kind) == (409, "stale")


@pytest.mark.parametrize("first", ["", "x", "0"])
def test_swap_of_nothing(first: str, world: World, coordinator: Client) -> None:
    assert coordinator.get("/operations/swap/", {"first": first}).status_code == 404


def test_swap_with_nonsense_is_a_wrong_field(world: World, coordinator: Client) -> None:
    mine = world.booked(world.at(10))
    response = coordinator.post("/operations/swap/", {"first": mine.pk, "version": 2, "other": "x:y"})
    assert (response.status_code, list(response.context["form"].errors)) == (422, ["other"])


def test_push_moves_the_rest_of_the_list(world: World, coordinator: Client) -> None:
    operations = [world.booked(world.at(hour)) for hour in (8, 10, 12)]
    page = coordinator.get(f"/operations/{operations[1].pk}/push/")
    assert [operation.pk for operation in page.context["operations"]] == [o.pk for o in operations[1:]]
    fields = {"listed": page.context["form"]["listed"].value(), "minutes": 30}
    coordinator.post(f"/operations/{operations[1].pk}/push/", fields)
    starts = [Operation.objects.get(pk=operation.pk).starts_at for operation in operations]
    assert starts == [world.at(8), world.at(10, 30), world.at(12, 30)]


@pytest.mark.parametrize("listed", ["", "x", "1:x", "1", "1:1:1", "9" * 30 + ":1"])
def test_push_of_nonsense_is_a_wrong_field(listed: str, world: World, coordinator: Client) -> None:
    operation = world.booked(world.at(10))
    response = coordinator.post(f"/operations/{operation.pk}/push/", {"listed": listed, "minutes": 30})
    assert (response.status_code, list(response.context["form"].errors)) == (422, ["listed"])


def test_push_of_a_list_that_another_case_joined(world: World, coordinator: Client) -> None:
    first = world.booked(world.at(8))
    url = f"/operations/{first.pk}/push/"
    fields = {"listed": coordinator.get(url).context["form"]["listed"].value(), "minutes": 30}
    joined = world.booked(world.at(12))
    response = coordinator.post(url, fields)
    assert (response.status_code, response.context["refusal"].kind) == (409, "stale")
    assert [Operation.objects.get(pk=o.pk).starts_at for o in (first, joined)] == [world.at(8), world.at(12)]


@pytest.mark.django_db(transaction=True)
def test_push_while_somebody_keeps_the_theatre_locked(world: World, coordinator: Client) -> None:
    operation = world.booked(world.at(10))
    forgotten = connection.copy()
    forgotten.set_autocommit(False)
    try:
        with forgotten.cursor() as cursor:
            cursor.execute("SELECT 1 FROM resources_resource WHERE id = %s FOR UPDATE", [world.one.pk])
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        fields = {"listed": f"{operation.pk}:{operation.version}", "minutes": 30}
        response = coordinator.post(f"/operations/{operation.pk}/push/", fields)
    finally:
        forgotten.close()
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
    assert (response.status_code, response.context["refusal"].message) == (409, BUSY)
    assert Operation.objects.get(pk=operation.pk).starts_at == world.at(10)


def test_a_refused_swap_keeps_the_choice(world: World, coordinator: Client) -> None:
    mine = world.booked(world.at(10))
    other = world.booked(world.at(12), theatre=world.two)
    fields = {"first": mine.pk, "version": 1, "other": f"{other.pk}:2"}
    response = coordinator.post("/operations/swap/", fields)
    assert response.status_code == 409
    assert response.context["form"].chosen == other.pk
    assert "checked" in response.content.decode()


@pytest.mark.parametrize(("verb", "status"), [("postpone", "waiting"), ("cancel", "cancelled")])
def test_ending_takes_a_reason_of_its_kind(verb: str, status: str, world: World, coordinator: Client) -> None:
    operation = world.booked(world.at(10))
    right, wrong = CancellationReasonFactory(applies_to=verb), CancellationReasonFactory(applies_to="cancel")
    if verb == "cancel":
        wrong.applies_to = "postpone"
        wrong.save()
    url = f"/operations/{operation.pk}/{verb}/"
    refused = coordinator.post(url, {"version": 2, "reason": wrong.pk})
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["reason"])
    assert coordinator.post(url, {"version": 2, "reason": right.pk, "note": "Fever"}).status_code == 302
    assert Operation.objects.get(pk=operation.pk).status == status
