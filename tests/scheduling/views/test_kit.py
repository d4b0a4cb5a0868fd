"""Kit on loan: the card of an operation's page, and the list of all that is to come."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.audit.models import Access
from scheduling.models import LoanKit, Operation, Status
from scheduling.period import Period
from tests.factories import LoanKitFactory, PatientFactory, SpecialtyFactory, UserFactory
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World

TODAY = timezone.localdate()


def fields(**more: Any) -> dict[str, Any]:
    return {"kit-what": "Knee set", "kit-quantity": 1, "kit-days_before": 2, **more}


def listed(client: Client, query: str = "") -> list[str]:
    return [line.kit.what for line in client.get(f"/kit/{query}").context["lines"]]


def on(operation: Operation, days: int) -> Operation:
    """Put the operation on a day from today, whatever the rules say."""
    start = timezone.now().replace(hour=3, minute=0, second=0, microsecond=0) + timedelta(days=days)
    Operation.objects.filter(pk=operation.pk).update(period=Period.lasting(start, 60).as_range())
    operation.refresh_from_db()
    return operation


def test_kit_is_added_changed_and_tapped_on_the_page(world: World, coordinator: Client) -> None:
    operation = world.booked(world.at(10))
    url = f"/operations/{operation.pk}/"
    assert "Nothing has to come from outside" in coordinator.get(url).content.decode()

    answer = coordinator.post(f"{url}kit/", fields(**{"kit-supplier": "Acme", "kit-note": "Size 3"}))

    assert (answer.status_code, answer["Location"]) == (302, f"{url}#kit")
    kit = LoanKit.objects.get()
    page = coordinator.get(url).content.decode()
    for words in ("Knee set", "Acme", "Size 3", "To be ordered", f"by {world.day - timedelta(days=2):%a %d %b %Y}"):
        assert words in page
    assert "Knee set on loan (to be ordered)" in page  # still missing

    changed = {name.replace("kit-", f"kit-{kit.pk}-"): value for name, value in fields().items()}
    changed |= {f"kit-{kit.pk}-quantity": 3, f"kit-{kit.pk}-version": 1}
    coordinator.post(f"{url}kit/{kit.pk}/", changed)
    coordinator.post(f"{url}kit/{kit.pk}/state/", {"state": "arrived", "version": 2})
    kit.refresh_from_db()
    assert (kit.quantity, kit.state, kit.supplier) == (3, "arrived", "")
    assert [words for words in coordinator.get(url).context["page"].missing if "loan" in words] == []


def test_what_was_refused_keeps_what_was_typed(world: World, coordinator: Client) -> None:
    operation = world.booked(world.at(10))
    url = f"/operations/{operation.pk}/kit/"
    for wrong, words in (
        ({"kit-what": ""}, "required"),
        ({"kit-quantity": 100}, "99"),
        ({"kit-days_before": -1}, "0"),
        ({"kit-expected_on": "soon"}, "valid date"),
        ({"kit-expected_on": "2999-01-01"}, "Check the year"),
    ):
        answer = coordinator.post(url, fields(**{"kit-supplier": "Acme", **wrong}))
        page = answer.content.decode()
        assert answer.status_code == 422
        assert words in page
        assert 'value="Acme"' in page
    assert LoanKit.objects.count() == 0


def test_somebody_was_faster(world: World, coordinator: Client) -> None:
    kit = LoanKitFactory(operation=world.booked(world.at(10)), what="Knee set", version=2, state="ordered")
    url = f"/operations/{kit.operation_id}/kit/{kit.pk}/"
    answer = coordinator.post(f"{url}state/", {"state": "arrived", "version": 1})
    assert answer.status_code == 409
    assert "This was changed meanwhile (Knee set: ordered" in answer.content.decode()
    stale = {f"kit-{kit.pk}-{name}": value for name, value in (("what", "Hip set"), ("quantity", 1))}
    answer = coordinator.post(url, {**stale, f"kit-{kit.pk}-days_before": 2, f"kit-{kit.pk}-version": 1})
    assert answer.status_code == 409
    assert 'value="Hip set"' in answer.content.decode()


@pytest.mark.parametrize("state", ["", "lost"])
def test_a_tap_that_can_t_be_read(world: World, coordinator: Client, state: str) -> None:
    kit = LoanKitFactory(operation=world.booked(world.at(10)))
    answer = coordinator.post(f"/operations/{kit.operation_id}/kit/{kit.pk}/state/", {"state": state, "version": 1})
    assert answer.status_code == 422
    assert "This can’t be done as it is" in answer.content.decode()


def test_kit_of_another_operation(world: World, coordinator: Client) -> None:
    kit, other = LoanKitFactory(), world.waiting()
    for path in ("", "state/"):
        assert coordinator.post(f"/operations/{other.pk}/kit/{kit.pk}/{path}", {"version": 1}).status_code == 404


def test_the_list_is_by_the_day_on_which_it_is_needed(world: World, coordinator: Client) -> None:
    soon, later, waits = on(world.booked(world.at(10)), 3), on(world.booked(world.at(13)), 20), world.waiting()
    LoanKitFactory(operation=waits, what="No date")
    LoanKitFactory(operation=later, what="In ten days", days_before=10)
    LoanKitFactory(operation=soon, what="Overdue", days_before=5, state="not_coming")
    LoanKitFactory(operation=soon, what="Today", days_before=3, state="ordered", expected_on=TODAY + timedelta(days=1))
    LoanKitFactory(operation=soon, what="Here", state="arrived")
    LoanKitFactory(operation=soon, what="Not needed", state="not_needed")

    answer = coordinator.get("/kit/")

    lines = answer.context["lines"]
    assert [line.kit.what for line in lines] == ["Overdue", "Today", "In ten days", "No date"]
    assert [line.days_overdue for line in lines] == [2, 0, 0, 0]
    assert [line.is_late for line in lines] == [False, True, False, False]
    page = answer.content.decode()
    assert "2 days overdue" in page
    assert soon.patient.mrn in page
    assert Access.objects.filter(view="scheduling:kit-list", patient_id=waits.patient_id).count() == 1


def test_filters(world: World, coordinator: Client) -> None:
    soon = on(world.booked(world.at(10)), 3)
    over, cancelled = on(world.booked(world.at(13)), -2), world.waiting()
    Operation.objects.filter(pk=over.pk).update(status=Status.COMPLETED)
    Operation.objects.filter(pk=cancelled.pk).update(status=Status.CANCELLED)
    for operation, name in ((soon, "Soon"), (over, "Over"), (cancelled, "Cancelled")):
        for state in ("ordered", "arrived"):
            LoanKitFactory(operation=operation, what=f"{name} {state}", state=state)
    LoanKitFactory(what="Elsewhere", operation__procedure__specialty=SpecialtyFactory(name="Eyes"))

    assert listed(coordinator) == ["Soon ordered", "Cancelled ordered", "Elsewhere"]
    assert "call the order off" in coordinator.get("/kit/").content.decode()
    assert listed(coordinator, f"?specialty={world.specialty.pk}") == ["Soon ordered", "Cancelled ordered"]
    assert listed(coordinator, "?state=arrived") == ["Over arrived", "Soon arrived", "Cancelled arrived"]
    assert listed(coordinator, "?state=send_back") == ["Over arrived", "Cancelled arrived"]
    assert listed(coordinator, "?state=returned") == []
    assert "Nothing matches" in coordinator.get("/kit/?state=returned").content.decode()
    assert listed(coordinator, "?state=x&specialty=y&page=z") == listed(coordinator)


def test_a_tap_on_the_list_goes_on_there(world: World, coordinator: Client) -> None:
    kit = LoanKitFactory(operation=world.booked(world.at(10)), what="Knee set", state="ordered")
    page = coordinator.get("/kit/?state=ordered").content.decode()
    assert f'action="/operations/{kit.operation_id}/kit/{kit.pk}/state/?state=ordered"' in page
    answer = coordinator.post(
        f"/operations/{kit.operation_id}/kit/{kit.pk}/state/?state=ordered",
        {"state": "arrived", "version": 1, "from": "list"},
        follow=True,
    )
    assert answer.redirect_chain == [("/kit/?state=ordered", 302)]
    assert "Knee set: arrived." in answer.content.decode()


def test_who_may_only_look_gets_no_buttons(world: World, anaesthetist: Client) -> None:
    kit = LoanKitFactory(operation=world.booked(world.at(10)), what="Knee set")
    for url in ("/kit/", f"/operations/{kit.operation_id}/"):
        page = anaesthetist.get(url).content.decode()
        assert "Knee set" in page
        assert f"/kit/{kit.pk}/" not in page
        assert "Add kit on loan" not in page


def test_only_kit_of_patients_who_are_open_to_one(world: World) -> None:
    LoanKitFactory(operation=world.waiting(patient=PatientFactory(confidential=True)))
    assert listed(client_of(UserFactory(role="theatre_nurse"))) == []
    elsewhere = UserFactory(role="theatre_nurse", role__specialties=[SpecialtyFactory()])
    LoanKitFactory(operation=world.waiting())
    assert listed(client_of(elsewhere)) == []


def test_as_many_queries_for_three_as_for_one(world: World, coordinator: Client) -> None:
    operation = world.booked(world.at(10))
    for url in ("/kit/", f"/operations/{operation.pk}/", f"/theatres/{world.one.pk}/list/{world.day}/"):
        counts = []
        for more in (1, 2):
            for _ in range(more):
                LoanKitFactory(operation=operation if "/kit/" not in url else world.waiting())
            coordinator.get(url)
            with CaptureQueriesContext(connection) as captured:
                coordinator.get(url)
            counts.append(len(captured))
        assert counts[0] == counts[1], url
