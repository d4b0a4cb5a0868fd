"""The panel with which a team records its day."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from scheduling.models import Operation, OperationEvent, Status
from tests.factories import ChecklistItemFactory, DelayReasonFactory, UserFactory
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World


@pytest.fixture
def operation(world: World) -> Operation:
    return world.booked(world.at(10))


def tap(client: Client, operation: Operation, kind: str, **fields: str):
    return client.post(f"/operations/{operation.pk}/record/", {"kind": kind, **fields})


def event_of(operation: Operation, kind: str) -> OperationEvent:
    return operation.events.get(kind=kind, current=True)


def test_one_tap_records_now(coordinator: Client, operation: Operation) -> None:
    answer = tap(coordinator, operation, "arrived")

    assert answer.status_code == 302
    assert answer.url == f"/operations/{operation.pk}/#day-of-surgery"
    assert abs(event_of(operation, "arrived").at - timezone.now()) < timedelta(seconds=20)
    text = coordinator.get(answer.url).content.decode()
    assert "Arrived " in text
    assert "Wrong tap" in text
    assert 'value="sign_in"' in text


def test_a_typed_time_is_the_last_one_that_the_clock_showed(coordinator: Client, operation: Operation) -> None:
    wanted = timezone.localtime() - timedelta(hours=2)
    tap(coordinator, operation, "arrived", time=f"{wanted:%H:%M}")

    assert event_of(operation, "arrived").at == wanted.replace(second=0, microsecond=0)


def test_a_refused_time_stays_in_its_field(coordinator: Client, operation: Operation) -> None:
    later = f"{timezone.localtime() + timedelta(hours=2):%H:%M}"
    answer = tap(coordinator, operation, "arrived", time=later)

    assert answer.status_code == 422
    assert "This time has not come yet." in answer.content.decode()
    assert f'value="{later}"' in answer.content.decode()
    assert not operation.events.exists()


@pytest.mark.parametrize("fields", [{}, {"kind": "lunch"}, {"kind": "out", "time": "25:61"}])
def test_what_can_t_be_read(coordinator: Client, operation: Operation, fields: dict[str, str]) -> None:
    assert coordinator.post(f"/operations/{operation.pk}/record/", fields).status_code == 422
    assert not operation.events.exists()


def test_two_people_tap_at_once(coordinator: Client, operation: Operation) -> None:
    tap(coordinator, operation, "arrived")
    answer = tap(client_of(UserFactory(role="theatre_nurse")), operation, "arrived")

    assert answer.status_code == 409
    assert "“Arrived” is recorded" in answer.content.decode()
    assert operation.events.count() == 1


def test_correct_and_take_back(coordinator: Client, operation: Operation) -> None:
    tap(coordinator, operation, "arrived")
    first = event_of(operation, "arrived")
    wanted = timezone.localtime(first.at) - timedelta(minutes=30)
    fields = {f"event-{first.pk}-time": f"{wanted:%H:%M}", f"event-{first.pk}-reason": "Tapped late"}

    assert coordinator.post(f"/operations/{operation.pk}/events/{first.pk}/correct/", fields).status_code == 302
    second = event_of(operation, "arrived")
    assert second.at == wanted.replace(second=0, microsecond=0)
    text = coordinator.get(f"/operations/{operation.pk}/").content.decode()
    assert "1 corrected or taken back" in text
    assert "Tapped late" in text

    answer = coordinator.post(f"/operations/{operation.pk}/events/{second.pk}/take-back/")
    assert answer.status_code == 302
    operation.refresh_from_db()
    assert operation.status == Status.SCHEDULED
    assert "2 corrected or taken back" in coordinator.get(f"/operations/{operation.pk}/").content.decode()


def test_a_correction_without_a_reason_keeps_what_was_typed(coordinator: Client, operation: Operation) -> None:
    tap(coordinator, operation, "arrived")
    event = event_of(operation, "arrived")
    wanted = f"{timezone.localtime(event.at) - timedelta(minutes=7):%H:%M}"
    answer = coordinator.post(
        f"/operations/{operation.pk}/events/{event.pk}/correct/", {f"event-{event.pk}-time": wanted}
    )

    assert answer.status_code == 422
    assert "Say why: the record keeps it." in answer.content.decode()
    assert f'value="{wanted}"' in answer.content.decode()


def test_a_milestone_of_another_operation(world: World, coordinator: Client, operation: Operation) -> None:
    other = world.booked(world.at(14))
    tap(coordinator, other, "arrived")
    event = event_of(other, "arrived")

    for what in ("correct", "take-back"):
        assert coordinator.post(f"/operations/{operation.pk}/events/{event.pk}/{what}/").status_code == 404
    assert event_of(other, "arrived") == event


def test_an_operation_of_another_day_offers_no_big_button(coordinator: Client, operation: Operation) -> None:
    text = coordinator.get(f"/operations/{operation.pk}/").content.decode()

    assert "nothing is expected today" in text
    assert "tap-next" not in text


def test_who_may_only_look_sees_times_and_no_buttons(world: World, coordinator: Client, operation: Operation) -> None:
    tap(coordinator, operation, "arrived")
    text = client_of(UserFactory(role="booking_clerk")).get(f"/operations/{operation.pk}/").content.decode()

    assert "Arrived</b>" in text
    for words in ("/record/", "/correct/", "/take-back/"):
        assert words not in text


def test_a_longer_day_takes_no_more_queries(world: World, coordinator: Client, operation: Operation) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            coordinator.get(f"/operations/{operation.pk}/")
        return len(captured)

    tap(coordinator, operation, "sent_for")
    coordinator.get("/")
    one = count()
    for kind in ("arrived", "sign_in"):  # still movable: the page asks the same questions
        tap(coordinator, operation, kind)
    coordinator.get("/")
    assert count() == one


def test_the_checklist_has_a_page(coordinator: Client, operation: Operation) -> None:
    first, second = ChecklistItemFactory(), ChecklistItemFactory(may_not_apply=True)
    url = f"/operations/{operation.pk}/checklist/sign_in/"
    text = coordinator.get(url).content.decode()
    assert first.text in text
    assert operation.patient.mrn in text
    assert text.count('value="not_applicable"') == 1

    refused = coordinator.post(url, {f"answer-{first.pk}": "yes", "time": "00:00"})
    assert refused.status_code == 422
    assert "Not answered. Put it right first if it is not so." in refused.content.decode()
    assert refused.context["form"][f"answer-{first.pk}"].value() == "yes"

    answers = {f"answer-{first.pk}": "yes", f"answer-{second.pk}": "not_applicable"}
    assert coordinator.post(url, answers).status_code == 302
    page = coordinator.get(f"/operations/{operation.pk}/").content.decode()
    assert "2 answers" in page
    assert coordinator.post(url, answers).status_code == 409


def test_the_tap_of_a_part_with_questions_leads_to_them(coordinator: Client, operation: Operation) -> None:
    ChecklistItemFactory()
    tap(coordinator, operation, "arrived")
    page = coordinator.get(f"/operations/{operation.pk}/").content.decode()
    assert f'href="/operations/{operation.pk}/checklist/sign_in/"' in page
    assert "Knife to skin waits for: Sign-in." in page
    assert tap(coordinator, operation, "sign_in").status_code == 422


def test_there_are_three_parts(coordinator: Client, operation: Operation) -> None:
    assert coordinator.get(f"/operations/{operation.pk}/checklist/out/").status_code == 404


def test_the_knife_takes_a_reason_from_the_form(coordinator: Client, operation: Operation) -> None:
    ChecklistItemFactory()
    refused = tap(coordinator, operation, "knife_to_skin")
    assert refused.status_code == 422
    assert "If nobody can wait for it, say why." in refused.content.decode()
    assert tap(coordinator, operation, "knife_to_skin", reason="Bleeding").status_code == 302


def test_a_delay_is_noted_and_taken_back(coordinator: Client, operation: Operation) -> None:
    reason = DelayReasonFactory()
    fields = {"delay-reason": reason.pk, "delay-minutes": "15", "delay-note": "Lift"}
    assert coordinator.post(f"/operations/{operation.pk}/delay/", fields).status_code == 302
    page = coordinator.get(f"/operations/{operation.pk}/").content.decode()
    assert "15 min</b>" in page
    delay = operation.delays.get()
    assert coordinator.post(f"/operations/{operation.pk}/delays/{delay.pk}/take-back/").status_code == 302
    assert "15 min</b>" not in coordinator.get(f"/operations/{operation.pk}/").content.decode()
    assert coordinator.post(f"/operations/{operation.pk}/delays/{delay.pk + 1}/take-back/").status_code == 404


def test_a_refused_delay_keeps_what_was_typed(coordinator: Client, operation: Operation) -> None:
    answer = coordinator.post(f"/operations/{operation.pk}/delay/", {"delay-minutes": "0", "delay-note": "Lift"})
    assert answer.status_code == 422
    assert answer.context["day"].delay_form["note"].value() == "Lift"
