"""Tick rows, change them, undo it: the pages."""

from datetime import timedelta
from uuid import uuid4

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from scheduling.models import Operation
from tests.factories import PatientFactory, PriorityFactory
from tests.scheduling.world import World

CHANGE = "/waiting-list/change/"
TODAY = timezone.localdate()


def ticks(*operations: Operation) -> list[str]:
    return [f"{operation.pk}:{operation.version}" for operation in operations]


def three(world: World) -> list[Operation]:
    return [world.waiting(patient=PatientFactory(family_name=name)) for name in ("Ash", "Birch", "Cedar")]


def test_ticked_rows_are_changed_and_the_list_offers_to_undo_it(world: World, coordinator: Client) -> None:
    operations = three(world)
    priority = PriorityFactory(code="PX")
    fields = {"bulk-action": "priority", "bulk-priority": priority.pk, "query": "overdue=on&sort=due&evil=1"}
    answer = coordinator.post(CHANGE, {**fields, "row": ticks(*operations[:2])})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/waiting-list/?sort=due") is False
    assert answer["Location"].startswith("/waiting-list/?overdue=on&sort=due&changed=")
    assert list(Operation.objects.order_by("pk").values_list("priority__code", flat=True))[:2] == ["PX", "PX"]

    page = coordinator.get(answer["Location"])
    assert "2 operations changed." in page.content.decode()
    undo = coordinator.post(f"/waiting-list/undo/{page.context['changed']}/", {"query": "overdue=on"})
    assert undo["Location"] == "/waiting-list/?overdue=on"
    assert not Operation.objects.filter(priority=priority).exists()
    assert "operations changed." not in coordinator.get(answer["Location"]).content.decode()


def test_each_action_by_its_form(world: World, coordinator: Client) -> None:
    operation = world.waiting(listed_on=TODAY - timedelta(days=20))
    for version, fields in enumerate(
        (
            {"action": "assessment", "assessment": "fit", "fit_until": TODAY + timedelta(days=9)},
            {"action": "short_notice"},
            {"action": "no_short_notice"},
            {"action": "pause", "kind": "unfit", "starts": TODAY - timedelta(days=2), "note": "Cold"},
            {"action": "resume", "resumes": TODAY},
            {"action": "own", "surgeon": world.surgeon.pk},
            {"action": "pool"},
        ),
        start=1,
    ):
        given = {f"bulk-{name}": value for name, value in fields.items()}
        answer = coordinator.post(CHANGE, {**given, "row": f"{operation.pk}:{version}"})
        assert answer.status_code == 302, fields
    operation.refresh_from_db()
    assert (operation.assessment, operation.fit_until) == ("fit", TODAY + timedelta(days=9))
    assert (operation.short_notice, operation.paused_since, operation.lead_surgeon) == (False, None, None)
    assert operation.pauses.get().days == 2
    assert [change.note for change in operation.changes.order_by("version")][-2:] == [
        "Surgeon’s own: Mr A. Khan",
        "Pooled: any surgeon",
    ]


def test_those_refused_are_listed_with_the_reason(world: World, coordinator: Client) -> None:
    good, stale, _ = three(world)
    fields = {"bulk-action": "short_notice", "query": "overdue=on"}
    answer = coordinator.post(CHANGE, {**fields, "row": [*ticks(good), f"{stale.pk}:9"]})
    page = answer.content.decode()
    assert answer.status_code == 200
    for words in ("1 operation changed, 1 not", "BIRCH", "changed meanwhile", "Undo the 1", "?overdue=on"):
        assert words in page
    assert "ASH" not in page

    again = coordinator.post(CHANGE, {**fields, "row": ticks(good)})
    assert again.status_code == 409
    assert "Nothing was changed" in again.content.decode()


def test_what_is_missing_is_asked_for_and_the_ticks_stay(world: World, coordinator: Client) -> None:
    operations = three(world)
    rows = ticks(*operations[:2])
    for fields, words in (
        ({}, "This field is required"),
        ({"bulk-action": "priority"}, "Say which."),
        ({"bulk-action": "pause", "bulk-kind": "unfit"}, "Say which."),
        ({"bulk-action": "resume", "bulk-resumes": "yesterday"}, "Enter a valid date"),
        ({"bulk-action": "fly"}, "Select a valid choice"),
        ({"bulk-action": "assessment", "bulk-assessment": "unfit", "bulk-fit_until": f"{TODAY}"}, "Only somebody"),
    ):
        answer = coordinator.post(CHANGE, {**fields, "row": rows})
        page = answer.content.decode()
        assert answer.status_code == 422, fields
        assert words in page
        assert page.count('name="row"') == 2
    assert set(Operation.objects.values_list("version", flat=True)) == {1}


def test_nothing_ticked_and_ticks_that_can_t_be_read(world: World, coordinator: Client) -> None:
    for rows, words in (([], "Tick the operations"), (["1"], "can’t be read"), (["1:x"], "can’t be read")):
        answer = coordinator.post(CHANGE, {"bulk-action": "short_notice", "row": rows})
        assert answer.status_code == 422
        assert words.replace("’", "&#x27;") in answer.content.decode() or words in answer.content.decode()


def test_who_may_not_book_sees_no_ticks(world: World, anaesthetist: Client, clerk: Client) -> None:
    three(world)
    assert 'name="row"' not in anaesthetist.get("/waiting-list/").content.decode()
    assert clerk.get("/waiting-list/").content.decode().count('name="row"') == 3
    assert anaesthetist.post(CHANGE, {}).status_code == 403


def test_somebody_else_s_bulk_action_is_not_offered(world: World, coordinator: Client, clerk: Client) -> None:
    (operation, *_) = three(world)
    answer = clerk.post(CHANGE, {"bulk-action": "short_notice", "row": ticks(operation)})
    assert "operation changed." in clerk.get(answer["Location"]).content.decode()
    assert "operation changed." not in coordinator.get(answer["Location"]).content.decode()
    assert coordinator.post(f"/waiting-list/undo/{uuid4()}/").status_code == 404
    for wrong in ("x", "1", "0" * 40):
        assert coordinator.get(f"/waiting-list/?changed={wrong}").status_code == 200


def test_confidential_patients_are_not_named(world: World, clerk: Client) -> None:
    secret = world.waiting(patient=PatientFactory(family_name="Secret", confidential=True))
    answer = clerk.post(CHANGE, {"bulk-action": "short_notice", "row": ticks(secret)})
    assert answer.status_code == 409
    assert "SECRET" not in answer.content.decode()
    assert "Confidential" in answer.content.decode()


def test_more_refusals_take_no_more_queries_to_show(world: World, coordinator: Client) -> None:
    def count(rows: int) -> int:
        operations = [world.waiting() for _ in range(rows)]
        with CaptureQueriesContext(connection) as captured:
            coordinator.post(CHANGE, {"bulk-action": "priority", "row": ticks(*operations)})
        return len(captured)

    count(1)
    assert count(1) == count(3)
