"""The page of one operation and the commands on it."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from resources.models import Grade
from scheduling.models import Operation, ReservationRole
from tests.factories import AllergyFactory, CancellationReasonFactory, StaffMemberFactory, UserFactory
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World


def test_names_the_patient_with_what_tells_them_apart(world: World, anaesthetist: Client) -> None:
    allergy = AllergyFactory(substance="latex", reaction="Anaphylaxis")
    operation = world.waiting(patient=allergy.patient)
    text = anaesthetist.get(f"/operations/{operation.pk}/").content.decode()
    for words in ("17 May 1970", allergy.patient.mrn, "Latex – anaphylaxis"):
        assert words in text


def test_who_may_only_look_sees_no_commands(world: World, anaesthetist: Client) -> None:
    text = anaesthetist.get(f"/operations/{world.booked(world.at(10)).pk}/").content.decode()
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
    coordinator.get("/")  # says what was done, and forgets it
    assert count(large) == count(small)


def test_the_team_is_shown_with_grades(world: World, coordinator: Client) -> None:
    world.surgeon.grade = Grade.objects.create(code="consultant", name="Consultant")
    world.surgeon.save()
    operation = world.booked(world.at(10), lead=world.surgeon, members=world.whole_team())
    page = coordinator.get(f"/operations/{operation.pk}/").content.decode()
    assert '<b>Mr A. Khan</b> <span class="soft">Consultant</span>' in page


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


def test_a_stay_of_days_is_shown_with_its_end_date(world: World, anaesthetist: Client) -> None:
    members = [(world.bed, ReservationRole.BED)]
    operation = world.booked(world.at(10), members=members, bed_kind=world.bed.bed_kind, bed_minutes=2880)
    text = anaesthetist.get(f"/operations/{operation.pk}/").content.decode()
    assert f"11:00–{world.day + timedelta(days=2):%a %d %b %Y} 11:00" in text


def test_undo_is_offered_to_whoever_may(world: World, coordinator: Client, anaesthetist: Client) -> None:
    nurse = client_of(UserFactory(role="theatre_nurse"))
    operation = world.booked(world.at(10))
    page = f"/operations/{operation.pk}/"
    assert "/undo/" not in nurse.get(page).content.decode()
    nurse.post(f"{page}assign/", {"version": 2, "role": "scrub_nurse", "resource": world.nurse.pk})
    change = operation.changes.get(verb="assigned")
    assert f"/changes/{change.pk}/undo/" in nurse.get(page).content.decode()
    assert "/undo/" not in anaesthetist.get(page).content.decode()

    assert nurse.post(f"/changes/{change.pk}/undo/").status_code == 302

    again = operation.changes.get(verb="undone")
    assert "Do it again" in nurse.get(page).content.decode()
    assert nurse.post(f"/changes/{again.pk}/undo/").status_code == 302
    assert operation.reservations.filter(active=True, role="scrub_nurse").exists()


@pytest.mark.parametrize("command", ["confirm", "assign", "release", "move", "postpone", "cancel"])
def test_somebody_was_faster_and_the_link_opens(world: World, coordinator: Client, command: str) -> None:
    operation = world.booked(world.at(10))
    fields = {"version": 1, "role": "scrub_nurse", "resource": world.nurse.pk, "theatre": world.two.pk}
    fields |= {"start": world.at(11).isoformat(), "minutes": 60, "reason": CancellationReasonFactory().pk}
    answer = coordinator.post(f"/operations/{operation.pk}/{command}/", fields)
    link = re.search(r'href="([^"]*)">Show it as it is now', answer.content.decode())
    assert answer.status_code == 409
    assert link
    assert coordinator.get(link[1]).status_code == 200
