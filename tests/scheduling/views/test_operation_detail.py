"""The page of one operation and the commands on it."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from scheduling.models import Operation, ReservationRole
from tests.factories import AllergyFactory, StaffMemberFactory
from tests.scheduling.world import World


def test_names_the_patient_with_what_tells_them_apart(world: World, ward_nurse: Client) -> None:
    allergy = AllergyFactory(substance="latex", reaction="Anaphylaxis")
    operation = world.waiting(patient=allergy.patient)
    text = ward_nurse.get(f"/operations/{operation.pk}/").content.decode()
    for words in ("17 May 1970", allergy.patient.mrn, "Latex – anaphylaxis"):
        assert words in text


def test_who_may_only_look_sees_no_commands(world: World, ward_nurse: Client) -> None:
    text = ward_nurse.get(f"/operations/{world.booked(world.at(10)).pk}/").content.decode()
    for words in ("/move/", "/cancel/", "/assign/", "/undo/", "/confirm/"):
        assert words not in text


def test_a_longer_team_and_history_take_no_more_queries(world: World, coordinator: Client) -> None:
    def count(operation: Operation) -> int:
        with CaptureQueriesContext(connection) as captured:
            coordinator.get(f"/operations/{operation.pk}/")
        return len(captured)

    nurses = [(StaffMemberFactory(profession="scrub_nurse"), ReservationRole.SCRUB_NURSE) for _ in range(2)]
    small = world.booked(world.at(8), members=world.whole_team(), lead=world.surgeon)
    large = world.booked(world.at(12), members=[*world.whole_team(), *nurses], lead=world.surgeon)
    for start in (world.at(14), world.at(16)):
        fields = {"theatre": world.two.pk, "start": start.isoformat(), "minutes": 60}
        version = Operation.objects.get(pk=large.pk).version
        coordinator.post(f"/operations/{large.pk}/move/", {**fields, "version": version})
    assert count(large) == count(small)


def test_confirming_says_what_is_missing(world: World, coordinator: Client) -> None:
    operation = world.booked(world.at(10))
    operation.staff_needs.create(role=ReservationRole.ANAESTHETIST)
    response = coordinator.post(f"/operations/{operation.pk}/confirm/", {"version": 2})
    assert response.status_code == 409
    assert "naesthetist" in response.context["refusal"].message


def test_adding_to_the_team_goes_through_with_a_reason(world: World, coordinator: Client) -> None:
    operation = world.booked(world.at(10))
    nurse = StaffMemberFactory(profession="scrub_nurse", rostered=True)
    fields = {"version": 2, "role": "scrub_nurse", "resource": nurse.pk}
    refused = coordinator.post(f"/operations/{operation.pk}/assign/", fields)
    assert refused.status_code == 409
    # The page asks for the reason and sends the rest along as it was.
    kept = dict(refused.context["typed"])
    assert kept == {key: str(value) for key, value in fields.items()}
    kept["override_reason"] = "Agreed by telephone"
    assert coordinator.post(f"/operations/{operation.pk}/assign/", kept).status_code == 302
    assert operation.reservations.filter(active=True, role="scrub_nurse").count() == 1


def test_a_request_is_accepted(world: World, coordinator: Client) -> None:
    operation = world.waiting(status="requested")
    assert coordinator.post(f"/operations/{operation.pk}/accept/", {"version": 1}).status_code == 302
    assert Operation.objects.get(pk=operation.pk).status == "waiting"


def test_an_operation_that_does_not_exist(coordinator: Client) -> None:
    assert coordinator.get("/operations/0/").status_code == 404
