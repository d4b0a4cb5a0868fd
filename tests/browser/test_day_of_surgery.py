"""A day played in one window, and followed on the wall in another."""

from datetime import time, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from resources.models import OpeningHours, Theatre
from scheduling.models import ChecklistPart, EventKind, Operation, Status
from scheduling.period import Period
from tests.browser.conftest import Hospital, OpenPage, Stream
from tests.factories import CancellationReasonFactory, ChecklistItemFactory, PriorityFactory, UserFactory

pytestmark = pytest.mark.browser
AT_ONCE = 5_000
"""Milliseconds after which another window would not have heard of a change by the stream, but by asking again."""


@pytest.fixture
def today(hospital: Hospital) -> Operation:
    """Put an operation on the list of now, in twenty minutes."""
    operation = hospital.waiting
    start = timezone.now().replace(second=0, microsecond=0) + timedelta(minutes=20)
    Operation.objects.filter(pk=operation.pk).update(
        status=Status.SCHEDULED, theatre=hospital.first, period=Period(start, start + timedelta(hours=1)).as_range()
    )
    operation.refresh_from_db()
    return operation


@pytest.fixture
def wall(hospital: Hospital, today: Operation, open_page: OpenPage, stream: Stream) -> Page:
    """Open the board on the wall, and see that its stream is open."""
    page = open_page("/", UserFactory(role="manager"), stream=stream, viewport={"width": 1920, "height": 1080})
    with page.expect_response("**/live/") as opened:
        page.goto("/board/")
    assert opened.value.status == 200
    expect(page.locator("#wall")).to_contain_text(f"Case {today.pk}")
    return page


def answer_all(page: Page) -> None:
    for box in page.get_by_label("Yes", exact=True).all():
        box.check()
    page.locator("form.checklist button[type=submit]").click()


def test_a_day_from_sent_for_to_cleaned_shows_on_the_wall(
    hospital: Hospital, today: Operation, wall: Page, open_page: OpenPage
) -> None:
    for part in ("sign_in", "time_out", "sign_out"):
        ChecklistItemFactory.create_batch(2, part=part)
    nurse = open_page(f"/operations/{today.pk}/", UserFactory(role="theatre_nurse"))
    row = wall.locator("#wall tbody tr").first
    for kind in EventKind.values:
        with nurse.expect_navigation():
            nurse.locator(".tap-next").click()
        if kind in ChecklistPart.values:
            with nurse.expect_navigation():
                answer_all(nurse)
        expect(nurse.locator(".milestones")).to_contain_text(EventKind(kind).label, timeout=15_000)
        if kind in (EventKind.SENT_FOR, EventKind.ARRIVED, EventKind.TIME_OUT, EventKind.CLOSING):
            expect(row).to_contain_text(str(EventKind(kind).label), timeout=AT_ONCE)

    expect(row).to_contain_text("List done", timeout=AT_ONCE)
    today.refresh_from_db()
    assert today.status == Status.COMPLETED
    assert list(today.events.order_by("pk").values_list("kind", flat=True)) == EventKind.values


def test_a_wrong_tap_is_gone_from_the_wall(today: Operation, wall: Page, open_page: OpenPage) -> None:
    nurse = open_page(f"/operations/{today.pk}/", UserFactory(role="theatre_nurse"))
    nurse.locator(".tap-next").click()
    expect(wall.locator("#wall")).to_contain_text("Sent for", timeout=AT_ONCE)
    nurse.get_by_role("button", name="Wrong tap").click()
    expect(wall.locator("#wall")).not_to_contain_text("Sent for", timeout=AT_ONCE)


def test_a_wall_without_a_connection_says_so_and_recovers(today: Operation, wall: Page, hospital: Hospital) -> None:
    lost = wall.locator("[data-lost]")
    expect(lost).to_be_hidden()
    wall.context.set_offline(True)
    wall.evaluate("dispatchEvent(new Event('online'))")  # it asks, and gets no answer
    expect(lost).to_be_visible()
    Operation.objects.filter(pk=today.pk).update(status=Status.ARRIVED)
    wall.context.set_offline(False)
    expect(lost).to_be_hidden(timeout=10_000)


def test_the_clock_is_the_hospitals(today: Operation, wall: Page) -> None:
    shown = wall.locator(".wall-clock").inner_text()
    times = {f"{timezone.localtime() - timedelta(minutes=late):%H:%M}" for late in (0, 1)}
    assert shown in times


def test_an_emergency_is_placed_with_a_bump_and_taken_back(
    hospital: Hospital, today: Operation, wall: Page, open_page: OpenPage
) -> None:
    """In the only theatre that is open somebody is next; the wall shows the emergency at once."""
    CancellationReasonFactory(code="emergency-displaced")
    PriorityFactory(code="E1", name="Immediate", emergency=True, target_minutes=15)
    OpeningHours.objects.update(opens=time(0), closes=time(0))
    Theatre.objects.filter(pk=hospital.second.pk).update(in_use=False)
    desk = open_page("/emergency/", hospital.coordinator)
    desk.get_by_label("How soon").select_option("E1 Immediate")
    desk.get_by_label("Procedure").select_option("Hernia repair")
    desk.get_by_role("button", name="Show the best places").click()
    expect(desk.locator(".place-card")).to_contain_text("BROWN, Bob")
    desk.get_by_role("button", name="Take Theatre 1").click()
    emergency = Operation.objects.get(priority__code="E1")
    expect(wall.locator("#wall")).to_contain_text(f"Case {emergency.pk}", timeout=AT_ONCE)
    expect(desk.locator("h1")).to_contain_text("Scheduled")
    assert Operation.objects.get(pk=today.pk).version == today.version + 1

    desk.get_by_role("button", name="Undo this").first.click()
    expect(wall.locator("#wall")).not_to_contain_text(f"Case {emergency.pk}", timeout=AT_ONCE)
    assert Operation.objects.get(pk=today.pk).period == today.period
