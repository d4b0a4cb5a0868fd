"""The list of a theatre as theatres print it, and its notes."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import RoleAssignment
from accounts.permissions import NotAllowedError
from scheduling.models import ListNote
from scheduling.services import InvalidPlanError
from scheduling.services.notes import write_list_note
from tests.factories import AllergyFactory, LoanKitFactory, PatientFactory, SiteFactory, UserFactory
from tests.scheduling.services.refusing import refused
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World


def address(world: World) -> str:
    return f"/theatres/{world.one.pk}/list/{world.day}/"


def test_everything_that_a_team_has_to_know(world: World, coordinator: Client) -> None:
    allergy = AllergyFactory(substance="latex", patient__family_name="Brown")
    operation = world.waiting(patient=allergy.patient, side="left", notes="Wheelchair", asa_class=3, infectious=True)
    world.booked(world.at(9), operation=operation, lead=world.surgeon, members=world.whole_team())
    page = coordinator.get(address(world)).content.decode()
    for words in ("BROWN", allergy.patient.mrn, "<b>Latex</b>", "LEFT", "General, ASA 3", "Wheelchair", "Infectious"):
        assert words in page
    for name in ("Mr A. Khan", "Dr F. Adeyinka", "I. Carvalho", "C-arm 1", "09:00–10:00"):
        assert name in page


def test_kit_on_loan_is_on_the_list_with_how_far_it_is(world: World, coordinator: Client) -> None:
    operation = world.booked(world.at(9))
    for state in ("ordered", "returned", "not_needed"):
        LoanKitFactory(operation=operation, what=f"Set {state}", quantity=2, state=state)
    page = coordinator.get(address(world)).content.decode()
    assert "On loan: 2 x Set ordered <b>ordered</b>" in page
    assert "Set returned" not in page
    assert "Set not_needed" not in page
    assert "On loan" not in client_of(UserFactory(role="manager")).get(address(world)).content.decode()


def test_the_order_is_that_of_the_day_and_same_names_are_marked(world: World, coordinator: Client) -> None:
    for hour, name in ((13, "Smith"), (9, "smith"), (11, "Brown")):
        world.booked(world.at(hour), operation=world.waiting(patient=PatientFactory(family_name=name)))
    shown = coordinator.get(address(world)).context["list"]
    assert [case.operation.patient.family_name for case in shown.cases] == ["smith", "Brown", "Smith"]
    assert [case.same_name for case in shown.cases] == [True, False, True]


def test_who_may_not_know_the_patients_sees_cases(world: World) -> None:
    allergy = AllergyFactory(substance="latex")
    operation = world.booked(world.at(9), operation=world.waiting(patient=allergy.patient, notes="Wheelchair"))
    page = client_of(UserFactory(role="manager")).get(address(world)).content.decode()
    assert f"Case {operation.pk}" in page
    for words in (operation.patient.family_name.upper(), "Latex", "Wheelchair", operation.patient.mrn):
        assert words not in page
    confidential = world.booked(world.at(11), operation=world.waiting(patient=PatientFactory(confidential=True)))
    page = client_of(UserFactory(role="booking_clerk")).get(address(world)).content.decode()
    assert "Confidential" in page
    assert confidential.patient.mrn not in page


def test_notes_of_the_list_and_of_the_day(world: World, coordinator: Client) -> None:
    note = f"{address(world)}note/"
    assert coordinator.post(note, {"text": "Start at 8:30"}).status_code == 302
    assert coordinator.post(note, {"text": "Fire drill at noon", "whole_day": "on"}).status_code == 302
    page = coordinator.get(address(world)).content.decode()
    assert page.index("Fire drill at noon") < page.index("Start at 8:30")
    other = coordinator.get(f"/theatres/{world.two.pk}/list/{world.day}/").content.decode()
    assert "Fire drill at noon" in other
    assert "Start at 8:30" not in other
    coordinator.post(note, {"text": " "})
    assert [one.theatre for one in ListNote.objects.all()] == [None]
    tomorrow = coordinator.get(f"/theatres/{world.one.pk}/list/{world.day + timedelta(days=1)}/").content.decode()
    assert "Fire drill" not in tomorrow


def test_a_note_that_is_too_long_stays_in_its_field(world: World, coordinator: Client) -> None:
    answer = coordinator.post(f"{address(world)}note/", {"text": "x" * 1001})
    assert answer.status_code == 422
    assert "x" * 1001 in answer.content.decode()
    with refused(InvalidPlanError):
        write_list_note(actor=world.coordinator, day=world.day, theatre_id=None, text="x" * 1001)


def test_who_writes_notes(world: World) -> None:
    nurse = UserFactory(role="theatre_nurse")
    with refused(NotAllowedError):
        write_list_note(actor=nurse, day=world.day, theatre_id=None, text="x")
    assert "Save the note" not in client_of(nurse).get(address(world)).content.decode()


def test_a_role_of_one_site_writes_to_its_lists_only(world: World) -> None:
    site = SiteFactory()
    clerk = UserFactory(role="booking_clerk")
    RoleAssignment.objects.get(user=clerk).sites.add(site)
    client = client_of(clerk)
    assert client.post(f"{address(world)}note/", {"text": "x"}).status_code == 403
    world.one.site = site
    world.one.save()
    assert client.post(f"{address(world)}note/", {"text": "x"}).status_code == 302
    assert client.post(f"{address(world)}note/", {"text": "x", "whole_day": "on"}).status_code == 422
    assert ListNote.objects.count() == 1


@pytest.mark.parametrize("path", ["/theatres/0/list/2026-11-23/", "/theatres/1/list/2026-02-30/"])
def test_a_list_that_does_not_exist(world: World, coordinator: Client, path: str) -> None:
    assert coordinator.get(path).status_code == 404


def test_a_longer_list_takes_no_more_queries(world: World, coordinator: Client) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            coordinator.get(address(world))
        return len(captured)

    world.booked(world.at(9), members=world.whole_team())
    count()
    one = count()
    world.booked(world.at(12))
    world.booked(world.at(14), members=[(world.nurse, "scrub_nurse")])
    assert count() == one
