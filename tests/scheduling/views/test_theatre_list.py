"""The list of a theatre as theatres print it, and its notes."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import RoleAssignment
from accounts.permissions import NotAllowedError
from scheduling.models import ListNote, Operation
from scheduling.period import Period
from scheduling.services import InvalidPlanError, Override, move_operation
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
    assert [case.similar for case in shown.cases] == [
        "2 patients named Smith on this day",
        "",
        "2 patients named Smith on this day",
    ]


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


def test_a_list_is_closed_and_what_is_changed_since_stands_on_it(world: World, coordinator: Client) -> None:
    operation = world.booked(world.at(9))
    close = f"{address(world)}close/"
    assert coordinator.post(close, {"reason": "Agreed"}).status_code == 302
    again = coordinator.post(close)
    assert again.status_code == 409
    assert "already" in again.content.decode()
    page = coordinator.get(address(world)).content.decode()
    assert "List closed" in page
    assert "there were none since" in page
    assert "Jo Marsh: Agreed" in page

    fields = {"theatre": world.one.pk, "start": world.at(13).isoformat(), "minutes": 60, "version": operation.version}
    move = f"/operations/{operation.pk}/move/"
    refused_page = coordinator.post(move, fields)
    assert refused_page.status_code == 409
    assert "is closed since" in refused_page.content.decode()
    assert coordinator.post(move, {**fields, "override_reason": "Late plane"}).status_code == 302
    page = coordinator.get(address(world)).content.decode()
    for words in ("Changed since, 1 time", "09:00–10:00 → 13:00–14:00", "Late plane"):
        assert words in page
    manager = client_of(UserFactory(role="manager")).get(address(world)).content.decode()
    assert "09:00–10:00 → 13:00–14:00" in manager
    assert "Late plane" not in manager
    assert operation.patient.family_name.upper() not in manager

    board = coordinator.get(f"/schedule/{world.day}/").content.decode()
    assert "List closed" in board
    assert '+1<span class="visually-hidden"> change since' in board


def test_a_list_is_opened_again_by_who_may_with_a_reason(world: World, coordinator: Client, clerk: Client) -> None:
    opened = f"{address(world)}open/"
    assert clerk.post(f"{address(world)}close/").status_code == 302
    assert "Open the list again" not in clerk.get(address(world)).content.decode()
    assert clerk.post(opened, {"reason": "x"}).status_code == 403
    without = coordinator.post(opened, {"reason": " "})
    assert without.status_code == 422
    assert "Say why" in without.content.decode()
    assert coordinator.post(opened, {"reason": "x" * 501}).status_code == 422
    assert coordinator.post(opened, {"reason": "Two more came"}).status_code == 302
    page = coordinator.get(address(world)).content.decode()
    assert "List open again" in page
    assert "Two more came" in page
    assert coordinator.post(opened, {"reason": "x"}).status_code == 409


def test_more_changes_take_no_more_queries(world: World, coordinator: Client) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            coordinator.get(address(world))
        return len(captured)

    operations = [world.booked(world.at(hour)) for hour in (8, 10, 12)]
    coordinator.post(f"{address(world)}close/")

    def move(operation: Operation) -> None:
        move_operation(
            actor=world.coordinator,
            operation_id=operation.pk,
            version=operation.version,
            theatre_id=world.one.pk,
            start=Period.of(operation.period).shifted(15).start,
            override=Override("Late plane"),
        )

    move(operations[2])
    count()
    one = count()
    for operation in operations[1::-1]:
        move(operation)
    assert count() == one


def test_the_wall_says_that_a_list_is_closed(world: World, coordinator: Client) -> None:
    today = timezone.localdate()
    assert "List closed" not in coordinator.get("/board/").content.decode()
    coordinator.post(f"/theatres/{world.one.pk}/list/{today}/close/")
    assert coordinator.get("/board/").content.decode().count("List closed") == 1
    assert "List closed" not in coordinator.get("/board/families/").content.decode()


def test_a_gap_of_a_closed_list_says_so(world: World, coordinator: Client) -> None:
    gap = f"/theatres/{world.one.pk}/gap/?start={int(world.at(10).timestamp())}&end={int(world.at(12).timestamp())}"
    assert "asks for a reason" not in coordinator.get(gap).content.decode()
    coordinator.post(f"{address(world)}close/")
    assert "asks for a reason" in coordinator.get(gap).content.decode()
