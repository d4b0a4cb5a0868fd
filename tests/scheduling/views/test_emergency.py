"""From the telephone call to a place."""

import re
from datetime import time, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import RoleAssignment
from patients.models import Patient
from resources.models import OpeningHours, Unavailability
from scheduling.models import Operation, OperationEvent, Priority, Status
from scheduling.period import Period
from scheduling.selectors.emergency_places import emergency_places
from tests.factories import (
    CancellationReasonFactory,
    FeatureFactory,
    PatientFactory,
    PriorityFactory,
    SiteFactory,
    UserFactory,
)
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World


@pytest.fixture
def soon(world: World) -> Priority:
    return PriorityFactory(code="E2", emergency=True, target_minutes=60)


def fields_of(page: str, button: str) -> dict[str, str]:
    """Return the hidden fields of the form with this button."""
    form = next(form for form in page.split("<form")[1:] if button in form.partition("</form>")[0])
    return dict(re.findall(r'name="(\w+)"\s+value="([^"]*)"', form.partition("</form>")[0]))


def test_somebody_unknown_is_taken_down_and_placed(world: World, coordinator: Client, soon: Priority) -> None:
    assert coordinator.get("/emergency/").status_code == 200
    wanted = {"sex": "male", "procedure": world.procedure.pk, "side": "not_applicable", "priority": soon.pk}
    answer = coordinator.post("/emergency/", wanted)

    operation = Operation.objects.get(priority=soon)
    assert answer.url == f"/operations/{operation.pk}/emergency/"
    assert (operation.status, operation.patient.family_name, operation.patient.sex) == ("waiting", "Unknown", "male")
    assert operation.patient.mrn.startswith("UNKNOWN-")
    page = coordinator.get(answer.url).content.decode()
    assert "Nobody is displaced." in page
    assert coordinator.post(answer.url, fields_of(page, "Take Theatre 1")).status_code == 302
    operation.refresh_from_db()
    assert (operation.status, operation.theatre) == (Status.SCHEDULED, world.one)
    assert operation.starts_at - timezone.now() < timedelta(minutes=20)


def test_somebody_known(world: World, coordinator: Client, soon: Priority) -> None:
    patient = PatientFactory()
    text = coordinator.get(f"/emergency/?patient={patient.pk}").content.decode()
    assert patient.mrn in text
    wanted = {"patient": patient.pk, "procedure": world.procedure.pk, "side": "not_applicable", "priority": soon.pk}
    assert coordinator.post("/emergency/", wanted).status_code == 302
    assert Operation.objects.get(priority=soon).patient == patient


def test_what_is_missing_is_said_and_nobody_is_added(world: World, coordinator: Client) -> None:
    before = Patient.objects.count()
    answer = coordinator.post("/emergency/", {"sex": "male", "priority": world.priority.pk})
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"procedure", "side", "priority"}
    assert Patient.objects.count() == before


def now_in_theatre(world: World, operation: Operation, since: int) -> None:
    at = timezone.now() - timedelta(minutes=since)
    OperationEvent.objects.create(operation=operation, kind="in_theatre", at=at, recorded_by=world.coordinator)


def today(world: World, start: int, theatre=None, **fields) -> Operation:
    """Return an operation of today that begins in so many minutes."""
    operation = world.waiting(**fields)
    period = Period.lasting(timezone.now() + timedelta(minutes=start), 60)
    Operation.objects.filter(pk=operation.pk).update(
        status=Status.SCHEDULED, theatre=theatre or world.one, period=period.as_range()
    )
    operation.refresh_from_db()
    return operation


@pytest.fixture
def all_day(world: World) -> None:
    OpeningHours.objects.update(opens=time(0), closes=time(0))


@pytest.mark.usefixtures("all_day")
def test_an_emergency_bumps_and_tells_at_what_cost(world: World, coordinator: Client, soon: Priority) -> None:
    """The second theatre is closed; in the first somebody is next."""
    CancellationReasonFactory(code="emergency-displaced")
    Unavailability.objects.create(
        resource=world.two, kind="closure", period=Period.lasting(timezone.now() - timedelta(hours=1), 600).as_range()
    )
    following = today(world, 20)
    emergency = world.waiting(priority=soon)

    (proposal,) = emergency_places(emergency, world.coordinator)

    assert proposal.theatre == world.one
    displaced = [one.pk for one, _, _ in proposal.moved] + [one.pk for one in proposal.bumped]
    assert displaced == [following.pk]
    page = coordinator.get(f"/operations/{emergency.pk}/emergency/").content.decode()
    assert following.patient.display_name in page
    answer = coordinator.post(f"/operations/{emergency.pk}/emergency/", fields_of(page, "Take Theatre 1"))
    assert answer.status_code == 302, answer.content.decode()
    following.refresh_from_db()
    assert following.version == 2


@pytest.mark.usefixtures("all_day")
def test_three_places_the_one_that_costs_nothing_first(world: World, soon: Priority) -> None:
    running = today(world, -30)
    now_in_theatre(world, running, 30)
    Operation.objects.filter(pk=running.pk).update(status=Status.IN_THEATRE)
    emergency = world.waiting(priority=soon)

    proposals = emergency_places(emergency, world.coordinator)

    assert [proposal.theatre for proposal in proposals] == [world.two, world.one]
    assert proposals[1].place.period.start > proposals[0].place.period.start


@pytest.mark.usefixtures("all_day")
def test_an_emergency_as_urgent_is_not_displaced(world: World, soon: Priority) -> None:
    first = today(world, 10, priority=soon)
    today(world, 10, theatre=world.two, priority=PriorityFactory(emergency=True, target_minutes=360))
    emergency = world.waiting(priority=soon)

    places = {one.theatre: one for one in emergency_places(emergency, world.coordinator)}

    assert places[world.one].place.period.start >= first.ends_at
    assert not places[world.one].moved
    assert places[world.two].place.period.start < first.ends_at


def test_a_theatre_without_what_is_needed_is_not_proposed(world: World, soon: Priority) -> None:
    emergency = world.waiting(priority=soon)
    laser = FeatureFactory()
    emergency.features.add(laser)
    assert emergency_places(emergency, world.coordinator) == []
    world.two.features.add(laser)
    assert [proposal.theatre for proposal in emergency_places(emergency, world.coordinator)] == [world.two]


def test_where_nothing_is_possible_the_page_says_what_to_do(world: World, coordinator: Client, soon: Priority) -> None:
    emergency = world.waiting(priority=soon)
    emergency.features.add(FeatureFactory())
    assert "No theatre can take it" in coordinator.get(f"/operations/{emergency.pk}/emergency/").content.decode()


@pytest.mark.parametrize("displaces", ["x", "1:2:3:4", "1", "1:99999999999999999999", "1:1:999999999999999999"])
def test_what_can_t_be_read_is_refused(world: World, coordinator: Client, soon: Priority, displaces: str) -> None:
    emergency = world.waiting(priority=soon)
    fields = {"version": 1, "theatre": world.one.pk, "start": 1_800_000_000, "displaces": displaces}
    assert coordinator.post(f"/operations/{emergency.pk}/emergency/", fields).status_code == 422


def test_it_is_placed_once(world: World, coordinator: Client, soon: Priority) -> None:
    emergency = world.booked(world.at(10), operation=world.waiting(priority=soon))
    assert coordinator.get(f"/operations/{emergency.pk}/emergency/").status_code == 409


@pytest.mark.usefixtures("all_day")
def test_others_patients_are_numbers(world: World, soon: Priority) -> None:
    following = today(world, 20)
    emergency = world.waiting(priority=soon)
    text = client_of(world.coordinator).get(f"/operations/{emergency.pk}/emergency/").content.decode()
    assert following.patient.family_name.upper() in text
    assert client_of(UserFactory(role="manager")).get(f"/operations/{emergency.pk}/emergency/").status_code == 403


@pytest.mark.usefixtures("all_day")
def test_a_longer_list_takes_no_more_queries(world: World, coordinator: Client, soon: Priority) -> None:
    emergency = world.waiting(priority=soon)

    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            coordinator.get(f"/operations/{emergency.pk}/emergency/")
        return len(captured)

    today(world, 100)
    count()
    one = count()
    today(world, 180)
    today(world, 260)
    assert count() == one


def test_no_writing_of_a_number_opens_a_record(world: World, soon: Priority) -> None:
    """What is asked about has to be what is used, however it is written."""
    clerk = UserFactory(role="booking_clerk")
    patient = PatientFactory(confidential=True)
    client = client_of(clerk)
    wanted = {"procedure": world.procedure.pk, "side": "not_applicable", "priority": soon.pk}
    for written in (str(patient.pk), f"+{patient.pk}", f" {patient.pk} ", f"0{patient.pk}"):
        assert client.post("/emergency/", {**wanted, "patient": written}).status_code in (403, 422)
    assert not Operation.objects.filter(patient=patient).exists()


def test_a_refused_request_leaves_nobody_behind(world: World, coordinator: Client, soon: Priority) -> None:
    world.procedure.laterality = "required"
    world.procedure.save()
    before = Patient.objects.count()
    wanted = {"procedure": world.procedure.pk, "side": "not_applicable", "priority": soon.pk}
    answer = coordinator.post("/emergency/", wanted)
    assert answer.status_code == 422
    assert "side" in answer.context["form"].errors
    assert Patient.objects.count() == before


@pytest.mark.usefixtures("all_day")
@pytest.mark.parametrize("kind", ["anaesthesia", "time_out", "knife_to_skin"])
def test_a_theatre_with_a_patient_is_not_empty_whatever_was_tapped(world: World, soon: Priority, kind: str) -> None:
    running = today(world, -100)
    at = timezone.now() - timedelta(minutes=90)
    OperationEvent.objects.create(operation=running, kind=kind, at=at, recorded_by=world.coordinator)
    Operation.objects.filter(pk=running.pk).update(status=Status.IN_THEATRE)
    emergency = world.waiting(priority=soon)
    places = {one.theatre: one.place for one in emergency_places(emergency, world.coordinator)}
    assert places[world.one].period.start >= timezone.now() + timedelta(minutes=19)  # clean-up and set-up


@pytest.mark.usefixtures("all_day")
def test_places_where_the_viewer_may_book_only(world: World, soon: Priority) -> None:
    site = SiteFactory()
    world.two.site = site
    world.two.save()
    clerk = UserFactory(role="booking_clerk")
    RoleAssignment.objects.get(user=clerk).sites.add(site)
    emergency = world.waiting(priority=soon)
    assert [one.theatre for one in emergency_places(emergency, clerk)] == [world.two]


@pytest.mark.usefixtures("all_day")
def test_a_warning_that_was_not_shown_is_not_accepted(world: World, coordinator: Client, soon: Priority) -> None:
    emergency = world.waiting(priority=soon)
    page = coordinator.get(f"/operations/{emergency.pk}/emergency/").content.decode()
    fields = fields_of(page, "Take Theatre 1")
    OpeningHours.objects.all().delete()
    answer = coordinator.post(f"/operations/{emergency.pk}/emergency/", fields)
    assert answer.status_code == 409
    assert Operation.objects.get(pk=emergency.pk).status == Status.WAITING
