"""Ask for an operation."""

from typing import Any

from django.test import Client
from guardian.shortcuts import assign_perm

from patients.models import Patient
from patients.permissions import CARE_TEAM
from scheduling.models import Operation
from tests.factories import PatientFactory, UserFactory
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World


def asked(world: World, **fields: Any) -> dict[str, Any]:
    return {
        "patient": PatientFactory().pk,
        "procedure": world.procedure.pk,
        "side": "not_applicable",
        "priority": world.priority.pk,
        **fields,
    }


def test_without_a_patient_one_is_looked_for_first(world: World, coordinator: Client) -> None:
    assert "who is the patient?" in coordinator.get("/operations/new/").content.decode()
    assert "who is the patient?" in coordinator.get("/operations/new/?patient=0").content.decode()


def test_a_booker_puts_it_on_the_list_and_a_surgeon_asks_for_it(world: World, coordinator: Client) -> None:
    surgeon = client_of(user := UserFactory(role="surgeon"))
    statuses = []
    for client in (coordinator, surgeon):
        fields = asked(world, asa_class="3", notes="Has a pacemaker")
        assign_perm(CARE_TEAM, user, Patient.objects.get(pk=fields["patient"]))
        response = client.post("/operations/new/", fields)
        operation = Operation.objects.latest("pk")
        assert response["Location"] == f"/operations/{operation.pk}/"
        statuses.append((operation.status, operation.asa_class, operation.notes))
    assert statuses == [("waiting", 3, "Has a pacemaker"), ("requested", 3, "Has a pacemaker")]


def test_a_side_that_has_to_be_named_is_asked_for(world: World, coordinator: Client) -> None:
    world.procedure.laterality = "required"
    world.procedure.save()
    response = coordinator.post("/operations/new/", asked(world, notes="Kept"))
    assert (response.status_code, list(response.context["form"].errors)) == (422, ["side"])
    assert "Kept" in response.content.decode()


def test_a_due_date_in_the_past_is_refused(world: World, coordinator: Client) -> None:
    response = coordinator.post("/operations/new/", asked(world, due_on="2020-01-01"))
    assert (response.status_code, list(response.context["form"].errors)) == (422, ["due_on"])


def test_who_has_died_is_not_operated_on(world: World, coordinator: Client) -> None:
    patient = PatientFactory(deceased_on="2026-01-01")
    response = coordinator.post("/operations/new/", asked(world, patient=patient.pk))
    assert (response.status_code, list(response.context["form"].errors)) == (422, ["patient"])
