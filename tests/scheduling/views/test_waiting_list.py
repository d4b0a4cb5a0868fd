"""The waiting list: filters, order, words."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from scheduling.models import Operation
from tests.factories import PatientFactory, PriorityFactory, ProcedureFactory
from tests.scheduling.world import World


def shown(client: Client, query: str = "", text: str = "") -> list[str]:
    """Return the family names on the page, in order."""
    url = f"/waiting-list/{query}"
    response = client.post(url, {"text": text}) if text else client.get(url)
    return [operation.patient.family_name for operation in response.context["page"].object_list]


@pytest.fixture
def listed(world: World) -> World:
    """Add three who wait: Ash is urgent, Birch has waited longest and is overdue, Cedar is of another kind."""
    today = timezone.localdate()
    urgent = PriorityFactory(code="URG", rank=1)
    rows = (
        ("Ash", {"priority": urgent, "listed_on": today - timedelta(days=2), "due_on": today + timedelta(days=1)}),
        ("Birch", {"listed_on": today - timedelta(days=90), "due_on": today - timedelta(days=3)}),
        (
            "Cedar",
            {
                "procedure": ProcedureFactory(name="Cataract"),
                "listed_on": today - timedelta(days=30),
                "due_on": today + timedelta(days=60),
                "lead_surgeon": world.surgeon,
            },
        ),
    )
    for name, fields in rows:
        world.waiting(patient=PatientFactory(family_name=name, mrn=f"X-{name.upper()}"), **fields)
    return world


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Ash", "Birch", "Cedar"]),
        ("?sort=-urgency", ["Cedar", "Birch", "Ash"]),
        ("?sort=waiting", ["Birch", "Cedar", "Ash"]),
        ("?sort=-waiting", ["Ash", "Cedar", "Birch"]),
        ("?sort=due", ["Birch", "Ash", "Cedar"]),
        ("?overdue=on", ["Birch"]),
        ("?sort=nonsense&specialty=nobody", ["Ash", "Birch", "Cedar"]),
    ],
)
def test_orders_and_filters(query: str, names: list[str], listed: World, coordinator: Client) -> None:
    assert shown(coordinator, query) == names


def test_filters_by_specialty_and_surgeon(listed: World, coordinator: Client) -> None:
    assert shown(coordinator, f"?specialty={listed.specialty.pk}") == ["Ash", "Birch"]
    assert shown(coordinator, f"?surgeon={listed.surgeon.pk}") == ["Cedar"]


@pytest.mark.parametrize(("text", "names"), [("birch", ["Birch"]), ("X-CED", ["Cedar"]), ("catar", ["Cedar"])])
def test_words_are_looked_for_in_names_numbers_and_procedures(
    text: str, names: list[str], listed: World, coordinator: Client
) -> None:
    listed.waiting(patient=PatientFactory(family_name="Dogwood", mrn="X-CEE"))
    assert shown(coordinator, text=text) == names


def test_a_character_that_no_text_holds_is_left_out(listed: World, coordinator: Client) -> None:
    assert shown(coordinator, text="bir\x00ch") == ["Birch"]
    found = coordinator.post(reverse("scheduling:patient-find"), {"text": "bir\x00ch"})
    assert [patient.family_name for patient in found.context["patients"]] == ["Birch"]


def test_more_rows_take_no_more_queries(world: World, coordinator: Client) -> None:
    counts = []
    for rows in (1, 2):
        for _ in range(rows):
            world.waiting(lead_surgeon=world.surgeon)
        with CaptureQueriesContext(connection) as captured:
            coordinator.get("/waiting-list/")
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_an_empty_list_says_what_to_do(world: World, coordinator: Client, ward_nurse: Client) -> None:
    assert "Add a case" in coordinator.get("/waiting-list/").content.decode()
    assert "Add a case" not in ward_nurse.get("/waiting-list/").content.decode()


def test_a_search_goes_on_over_its_pages(world: World, coordinator: Client) -> None:
    for number in range(52):
        world.waiting(patient=PatientFactory(family_name="Elm", mrn=f"E-{number:02}"))
    world.waiting(patient=PatientFactory(family_name="Fir", mrn="F-1"))
    first = coordinator.post("/waiting-list/", {"text": "elm"})
    assert '<button class="btn btn-sm"' in first.content.decode()
    assert "elm" not in first.content.decode().partition("<table")[2]

    second = coordinator.post("/waiting-list/", {"text": "elm", "page": "2", "sort": "-urgency"})

    assert (second.context["page"].number, second.context["sort"]) == (2, "-urgency")
    assert [operation.patient.family_name for operation in second.context["page"].object_list] == ["Elm", "Elm"]


def test_filters_by_anything_that_a_row_shows(listed: World, coordinator: Client) -> None:
    today = timezone.localdate()
    rows = Operation.objects.in_bulk(field_name="pk")
    ash, birch, cedar = (rows[key] for key in sorted(rows))
    ash.day_case, ash.short_notice, ash.surgery_minutes, ash.assessment = True, True, 20, "fit"
    birch.paused_since = today - timedelta(days=1)
    for operation in (ash, birch, cedar):
        operation.save()
    for query, names in (
        ("?pooling=own", ["Cedar"]),
        ("?pooling=pooled", ["Ash", "Birch"]),
        ("?stay=day", ["Ash"]),
        ("?stay=in", ["Birch", "Cedar"]),
        ("?due_within=0", ["Birch"]),
        ("?due_within=1", ["Ash", "Birch"]),
        ("?most_minutes=35", ["Ash"]),
        ("?most_minutes=34", []),
        ("?assessment=fit", ["Ash"]),
        ("?short_notice=on", ["Ash"]),
        ("?paused=on", ["Birch"]),
        (f"?priority={ash.priority_id}", ["Ash"]),
        ("?pooling=pooled&stay=in&due_within=60", ["Birch"]),
    ):
        assert shown(coordinator, query) == names, query


def test_what_can_t_be_read_is_left_out_and_said(listed: World, coordinator: Client) -> None:
    query = "?surgeon=999999&due_within=soon&most_minutes=0&stay=night&specialty=" + str(listed.specialty.pk)
    page = coordinator.get(f"/waiting-list/{query}")
    assert [one.patient.family_name for one in page.context["page"].object_list] == ["Ash", "Birch"]
    assert sorted(page.context["form"].left_out) == ["due within days", "minutes up to", "stay", "surgeon"]
    assert "Left out" in page.content.decode()
    assert "Left out" not in coordinator.get("/waiting-list/?due_within=3").content.decode()


def test_who_is_paused_in_time_does_not_become_overdue(world: World, coordinator: Client) -> None:
    today = timezone.localdate()
    due = {"due_on": today - timedelta(days=3)}
    for name, since in (("Early", 5), ("Late", 2)):
        patient = PatientFactory(family_name=name)
        world.waiting(patient=patient, paused_since=today - timedelta(days=since), **due)
    assert shown(coordinator, "?overdue=on") == ["Late"]
    assert [one.is_overdue for one in Operation.objects.order_by("pk")] == [False, True]


def test_a_row_says_where_its_minutes_come_from_and_whose_it_is(listed: World, coordinator: Client) -> None:
    page = coordinator.get("/waiting-list/").content.decode()
    assert "Procedure catalogue" in page
    assert page.count(" pooled</span>") == 2
    assert "Mr A. Khan" in page


def test_the_forecast_is_a_page_and_a_part_of_the_list(listed: World, coordinator: Client) -> None:
    page = coordinator.get("/waiting-list/forecast/?overdue=on")
    assert page.context["breaches"].total.waiting == 1
    assert "<html" in page.content.decode()
    part = coordinator.get("/waiting-list/forecast/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "How it is worked out" in part
    assert "/waiting-list/forecast/?overdue=on" in coordinator.get("/waiting-list/?overdue=on").content.decode()
    Operation.objects.update(status="cancelled")
    assert "Nobody waits here" in coordinator.get("/waiting-list/forecast/").content.decode()
