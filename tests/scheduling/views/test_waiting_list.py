"""The waiting list: filters, order, words."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

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
