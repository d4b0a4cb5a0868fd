"""The coordinator moves cases on the day board."""

import re
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from playwright.sync_api import Locator, Page, Route, expect

from scheduling.models import Operation, OperationChange
from scheduling.services import Override, book_operation, move_operation
from tests.browser.conftest import Hospital, OpenPage
from tests.factories import TheatreFactory, UserFactory, open_all_week
from tests.scheduling.world import clock_change

pytestmark = pytest.mark.browser


def card(page: Page, operation: Operation) -> Locator:
    return page.locator(f"#case-{operation.pk}")


def waiting_card(page: Page, operation: Operation) -> Locator:
    return page.locator(f"#waiting-{operation.pk}")


def drag(page: Page, what: Locator, theatre: int, clock: str, *, grab: float = 20) -> None:
    """Drag the left end of ``what`` to a time in a theatre."""
    hours, minutes = map(int, clock.split(":"))
    lane = page.locator(f"#theatre-{theatre} .tl-lane").bounding_box()
    start = what.bounding_box()
    assert lane
    assert start
    span = float(page.locator("#tl").get_attribute("data-span") or 0)
    x = lane["x"] + (hours * 60 + minutes - 7 * 60) / span * lane["width"] + grab
    page.mouse.move(start["x"] + grab, start["y"] + 12)
    page.mouse.down()
    page.mouse.move(start["x"] + grab - 12, start["y"] + 20, steps=3)
    page.mouse.move(x, lane["y"] + lane["height"] / 2, steps=6)
    page.mouse.up()


def test_a_clash_is_refused_and_a_free_slot_taken_and_undone(board: Page, hospital: Hospital) -> None:
    drag(board, waiting_card(board, hospital.waiting), hospital.first.pk, "09:15")
    dialog = board.get_by_role("alertdialog")
    expect(dialog).to_contain_text("BROWN, Bob can’t go to Theatre 1, 09:15–10:15")
    expect(dialog).to_contain_text("Theatre 1 is already booked")
    expect(dialog).to_contain_text("Mr A. Khan is already")
    expect(dialog).to_contain_text("born 17 May 1970")
    assert hospital.place(hospital.waiting) is None

    slot = dialog.locator(".slot").first
    label = slot.inner_text()
    slot.click()
    expect(card(board, hospital.waiting)).to_be_visible()
    expect(waiting_card(board, hospital.waiting)).to_have_count(0)
    theatre, start = hospital.place(hospital.waiting) or ("", "")
    assert label.startswith(f"{theatre}, ")
    assert f" {start}–" in label

    board.get_by_role("button", name="Undo", exact=True).click()
    expect(waiting_card(board, hospital.waiting)).to_be_visible()
    expect(card(board, hospital.waiting)).to_have_count(0)
    assert hospital.place(hospital.waiting) is None


def test_a_card_is_dragged_to_another_theatre_and_back_by_ctrl_z(board: Page, hospital: Hospital) -> None:
    drag(board, card(board, hospital.booked), hospital.second.pk, "13:30")
    expect(board.locator(f"#cases-{hospital.second.pk} .case")).to_contain_text("13:30–14:30")
    expect(board.locator(".toast-x")).to_contain_text("Theatre 2")
    assert hospital.place(hospital.booked) == ("Theatre 2", "13:30")

    board.keyboard.press("Control+z")
    expect(card(board, hospital.booked)).to_contain_text("09:00–10:00")
    expect(board.locator("#undo")).to_be_disabled()
    assert hospital.place(hospital.booked) == ("Theatre 1", "09:00")


def test_the_end_is_dragged(board: Page, hospital: Hospital) -> None:
    booked = card(board, hospital.booked)
    box = booked.bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    board.mouse.move(box["x"] + box["width"] - 4, y)
    board.mouse.down()
    board.mouse.move(box["x"] + box["width"] * 1.5 - 4, y, steps=6)
    board.mouse.up()
    expect(board.locator(".toast-x")).to_contain_text("09:00–10:30")
    expect(booked).to_contain_text("09:00–10:30")
    assert Operation.objects.get(pk=hospital.booked.pk).in_room_minutes == 90


def test_escape_ends_a_drag_without_a_trace(board: Page, hospital: Hospital) -> None:
    box = card(board, hospital.booked).bounding_box()
    assert box
    board.mouse.move(box["x"] + 20, box["y"] + 12)
    board.mouse.down()
    board.mouse.move(box["x"] + 200, box["y"] + 12, steps=4)
    board.keyboard.press("Escape")
    board.mouse.up()
    expect(card(board, hospital.booked)).to_contain_text("09:00–10:00")
    assert OperationChange.objects.filter(operation=hospital.booked, verb="moved").count() == 0


def test_the_keyboard_moves_and_resizes(board: Page, hospital: Hospital) -> None:
    booked, said = card(board, hospital.booked), board.locator("#announcer")
    booked.focus()
    board.keyboard.press("m")
    expect(said).to_contain_text("Moving ADAMS, Ann")
    board.keyboard.press("ArrowDown")
    expect(said).to_have_text("Theatre 2, 09:00 to 10:00, free")
    board.keyboard.press("Control+ArrowRight")
    board.keyboard.press("ArrowRight")
    board.keyboard.press("Shift+ArrowRight")
    expect(said).to_have_text("Theatre 2, 10:05 to 11:10, free")
    board.keyboard.press("Enter")
    expect(board.locator(".toast-x")).to_contain_text("Theatre 2")
    expect(booked).to_be_focused()
    assert hospital.place(hospital.booked) == ("Theatre 2", "10:05")
    assert Operation.objects.get(pk=hospital.booked.pk).in_room_minutes == 65


def test_escape_leaves_move_mode(board: Page, hospital: Hospital) -> None:
    card(board, hospital.booked).focus()
    for key in ("m", "ArrowDown", "Escape"):
        board.keyboard.press(key)
    expect(board.locator("#announcer")).to_contain_text("Move cancelled")
    expect(board.locator(f"#cases-{hospital.first.pk} .case")).to_contain_text("09:00–10:00")
    assert hospital.place(hospital.booked) == ("Theatre 1", "09:00")


def test_a_soft_conflict_is_overridden_with_a_reason(board: Page, hospital: Hospital) -> None:
    drag(board, waiting_card(board, hospital.other), hospital.second.pk, "17:30")
    dialog = board.get_by_role("alertdialog")
    expect(dialog).to_contain_text("outside opening hours")
    dialog.get_by_label("Go ahead all the same").fill("Agreed with the night team")
    dialog.get_by_role("button", name="Override with this reason").click()
    expect(card(board, hospital.other)).to_be_visible()
    change = OperationChange.objects.get(operation=hospital.other, verb="booked")
    assert [item["reason"] for item in change.overrides] == ["Agreed with the night team"]


def test_a_change_by_somebody_else_is_not_overwritten(board: Page, hospital: Hospital) -> None:
    move_operation(
        actor=hospital.coordinator,
        operation_id=hospital.booked.pk,
        version=2,
        theatre_id=hospital.second.pk,
        start=hospital.at("15:00"),
    )
    drag(board, card(board, hospital.booked), hospital.first.pk, "11:00")
    expect(board.get_by_role("alert")).to_contain_text("This was changed meanwhile (Jo Marsh – moved)")
    expect(card(board, hospital.booked)).to_contain_text("15:00–16:00")
    assert hospital.place(hospital.booked) == ("Theatre 2", "15:00")


def test_news_moves_the_card_and_keeps_the_focus(hospital: Hospital, open_page: OpenPage) -> None:
    page = open_page(f"/schedule/{hospital.day}/", hospital.coordinator)
    card(page, hospital.booked).focus()
    move_operation(
        actor=hospital.coordinator,
        operation_id=hospital.booked.pk,
        version=2,
        theatre_id=hospital.second.pk,
        start=hospital.at("15:00"),
    )
    news = f'event: changed\ndata: {{"days": ["{hospital.day}"]}}\n\n'
    page.unroute("**/live/")
    page.route("**/live/", lambda route: route.fulfill(content_type="text/event-stream", body=news))
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    expect(page.locator(f"#cases-{hospital.second.pk} .case")).to_contain_text("15:00–16:00")
    expect(card(page, hospital.booked)).to_be_focused()


def test_typing_finds_cases_of_the_day(board: Page, hospital: Hospital) -> None:
    board.keyboard.press("f")
    board.keyboard.type("adams")
    expect(card(board, hospital.booked)).to_have_attribute("data-hit", "")
    board.keyboard.press("Enter")
    expect(card(board, hospital.booked)).to_be_focused()


def test_who_may_only_look_can_not_drag(hospital: Hospital, open_page: OpenPage) -> None:
    page = open_page(f"/schedule/{hospital.day}/", UserFactory(role="ward_nurse"))
    expect(card(page, hospital.booked)).to_be_visible()
    drag(page, card(page, hospital.booked), hospital.second.pk, "13:00")
    assert hospital.place(hospital.booked) == ("Theatre 1", "09:00")
    expect(page.get_by_role("link", name=re.compile("^Schedule BROWN"))).to_have_count(0)
    expect(page.get_by_role("link", name="Add case")).to_have_count(0)


@pytest.fixture
def over_midnight(hospital: Hospital) -> Operation:
    """Book a case from 22:00 to 02:00 in a theatre that is open day and night."""
    theatre = TheatreFactory(name="Theatre 3", position=3)
    open_all_week(theatre, opens=time.min, closes=time(23, 59))
    return book_operation(
        actor=hospital.coordinator,
        operation_id=hospital.other.pk,
        version=1,
        theatre_id=theatre.pk,
        start=hospital.at("22:00"),
        minutes=240,
        override=Override("The last minute before midnight"),
    )


@pytest.mark.parametrize(("days", "key", "start"), [(0, "ArrowLeft", "21:55"), (1, "ArrowRight", "22:05")])
def test_a_case_over_midnight_keeps_its_length(
    hospital: Hospital, open_page: OpenPage, over_midnight: Operation, days: int, key: str, start: str
) -> None:
    page = open_page(f"/schedule/{hospital.day + timedelta(days=days)}/", hospital.coordinator)
    page.locator("#zoom-out[disabled]").wait_for()
    card(page, over_midnight).focus()
    for pressed in ("m", key, "Enter"):
        page.keyboard.press(pressed)
    expect(page.locator(".toast-x")).to_contain_text(start)
    assert hospital.place(over_midnight) == ("Theatre 3", start)
    assert Operation.objects.get(pk=over_midnight.pk).in_room_minutes == 240


def test_a_case_over_midnight_is_dragged_from_the_part_that_is_seen(
    hospital: Hospital, open_page: OpenPage, over_midnight: Operation
) -> None:
    page = open_page(f"/schedule/{hospital.day + timedelta(days=1)}/", hospital.coordinator)
    page.locator("#zoom-out[disabled]").wait_for()
    box = card(page, over_midnight).bounding_box()
    lane = page.locator(f"#theatre-{over_midnight.theatre_id} .tl-lane").bounding_box()
    span = float(page.locator("#tl").get_attribute("data-span") or 0)
    assert box
    assert lane
    page.mouse.move(box["x"] + 10, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(box["x"] + 10 + 60 * lane["width"] / span, box["y"] + 12, steps=6)
    page.mouse.up()
    expect(page.locator(".toast-x")).to_contain_text("23:00")
    assert hospital.place(over_midnight) == ("Theatre 3", "23:00")
    assert Operation.objects.get(pk=over_midnight.pk).in_room_minutes == 240


def test_the_end_of_a_case_over_midnight_is_taken_on_the_day_it_is_on(
    hospital: Hospital, open_page: OpenPage, over_midnight: Operation
) -> None:
    evening = open_page(f"/schedule/{hospital.day}/", hospital.coordinator)
    expect(card(evening, over_midnight)).to_be_visible()
    expect(card(evening, over_midnight).locator(".rsz")).to_have_count(0)

    page = open_page(f"/schedule/{hospital.day + timedelta(days=1)}/", hospital.coordinator)
    page.locator("#zoom-out[disabled]").wait_for()
    box = card(page, over_midnight).bounding_box()
    assert box
    x, y = box["x"] + box["width"] - 4, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + box["width"] / 4, y, steps=6)  # of the two hours that are seen
    page.mouse.up()
    expect(page.locator(".toast-x")).to_contain_text("22:00")
    assert hospital.place(over_midnight) == ("Theatre 3", "22:00")
    assert Operation.objects.get(pk=over_midnight.pk).in_room_minutes == 270


@pytest.mark.parametrize(("forward", "end"), [(True, "05:00"), (False, "03:00")])
def test_a_case_over_a_change_of_clocks_keeps_its_length(
    hospital: Hospital,
    open_page: OpenPage,
    forward: bool,  # noqa: FBT001
    end: str,
) -> None:
    zone = ZoneInfo(settings.TIME_ZONE)
    day = clock_change(zone, forward=forward).astimezone(zone).date() - timedelta(days=1)
    operation = book_operation(
        actor=hospital.coordinator,
        operation_id=hospital.other.pk,
        version=1,
        theatre_id=hospital.second.pk,
        start=datetime.combine(day, time(22, 5), tzinfo=zone),
        minutes=360,
        override=Override("At night"),
    )
    page = open_page(f"/schedule/{day}/", hospital.coordinator)
    page.locator("#zoom-out[disabled]").wait_for()
    card(page, operation).focus()
    page.keyboard.press("m")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#announcer")).to_contain_text(f"Theatre 2, 22:00 to {end}")
    page.keyboard.press("Enter")
    expect(page.locator(".toast-x")).to_contain_text("22:00")
    assert hospital.place(operation) == ("Theatre 2", "22:00")
    assert Operation.objects.get(pk=operation.pk).in_room_minutes == 360


class Finger:
    """One finger on the screen, as the browser itself reports it."""

    def __init__(self, page: Page) -> None:
        self.devtools = page.context.new_cdp_session(page)

    def touch(self, kind: str, x: float = 0, y: float = 0) -> None:
        points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
        self.devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


@pytest.fixture
def tablet(hospital: Hospital, open_page: OpenPage) -> Page:
    """Open the day on a tablet."""
    size = {"width": 1180, "height": 820}
    page = open_page(f"/schedule/{hospital.day}/", hospital.coordinator, has_touch=True, viewport=size)
    page.locator("#zoom-out[disabled]").wait_for()
    return page


def middle(what: Locator) -> tuple[float, float]:
    """Return where to touch the left end of a card, or the middle of anything narrow."""
    box = what.bounding_box()
    assert box
    return box["x"] + min(20, box["width"] / 2), box["y"] + min(12, box["height"] / 2)


def test_a_finger_that_rests_picks_a_card_up(tablet: Page, hospital: Hospital) -> None:
    box = card(tablet, hospital.booked).bounding_box()
    lane = tablet.locator(f"#theatre-{hospital.second.pk} .tl-lane").bounding_box()
    assert box
    assert lane
    finger = Finger(tablet)
    finger.touch("touchStart", box["x"] + 20, box["y"] + 12)
    expect(card(tablet, hospital.booked)).to_have_class(re.compile("dragging"))
    for step in range(1, 6):
        finger.touch("touchMove", box["x"] + 20, box["y"] + 12 + (lane["y"] + 20 - box["y"] - 12) * step / 5)
    finger.touch("touchEnd")
    expect(tablet.locator(".toast-x")).to_contain_text("Theatre 2")
    assert hospital.place(hospital.booked) == ("Theatre 2", "09:00")


def test_a_finger_takes_a_card_from_the_waiting_list(tablet: Page, hospital: Hospital) -> None:
    x, y = middle(waiting_card(tablet, hospital.waiting))
    lane = tablet.locator(f"#theatre-{hospital.second.pk} .tl-lane").bounding_box()
    assert lane
    finger = Finger(tablet)
    finger.touch("touchStart", x, y)
    expect(tablet.locator(".clone")).to_be_visible()
    to = lane["x"] + lane["width"] / 2 + 20, lane["y"] + 20  # the board shows 7:00 to 19:00
    for step in range(1, 6):
        finger.touch("touchMove", x + (to[0] - x) * step / 5, y + (to[1] - y) * step / 5)
    finger.touch("touchEnd")
    expect(tablet.locator(".toast-x")).to_contain_text("Theatre 2")
    assert hospital.place(hospital.waiting) == ("Theatre 2", "13:00")


@pytest.mark.parametrize(("axis", "dx", "dy"), [("scrollLeft", -30, 0), ("scrollTop", 0, -30)])
def test_a_finger_that_swipes_over_a_card_scrolls(
    hospital: Hospital, tablet: Page, axis: str, dx: int, dy: int
) -> None:
    for position in range(3, 16):  # more theatres than fit
        TheatreFactory(name=f"Theatre {position}", position=position)
    tablet.reload()
    tablet.locator("#zoom-out[disabled]").wait_for()
    tablet.locator("#zoom-in").click()
    x, y = middle(card(tablet, hospital.booked))
    finger = Finger(tablet)
    finger.touch("touchStart", x, y)
    for step in range(1, 5):
        finger.touch("touchMove", x + dx * step, y + dy * step)
    tablet.wait_for_timeout(500)  # longer than a finger has to rest
    expect(card(tablet, hospital.booked)).not_to_have_class(re.compile("dragging"))
    finger.touch("touchEnd")
    assert tablet.evaluate(f"document.getElementById('tl').{axis}") > 0
    assert OperationChange.objects.filter(operation=hospital.booked, verb="moved").count() == 0


def test_an_answer_that_is_lost_is_called_unknown_and_the_board_shows_what_is(board: Page, hospital: Hospital) -> None:
    def lose(route: Route) -> None:
        route.fetch()  # the server does it
        route.abort()

    board.route("**/move/", lose)
    drag(board, card(board, hospital.booked), hospital.second.pk, "13:30")
    expect(board.get_by_role("alert")).to_contain_text("not known whether this was saved")
    expect(board.locator(f"#cases-{hospital.second.pk} .case")).to_contain_text("13:30–14:30")


BAD_GATEWAY = {"status": 502, "content_type": "text/html", "body": "Bad gateway"}
HALF_AN_ANSWER = {"status": 200, "content_type": "application/json", "body": '{"ok": tr'}
NO_TOKEN = {"status": 403, "content_type": "text/html", "body": "CSRF"}


@pytest.mark.parametrize("answer", [BAD_GATEWAY, HALF_AN_ANSWER], ids=["502", "half"])
def test_an_answer_that_says_nothing_is_called_unknown_too(
    board: Page, hospital: Hospital, answer: dict[str, Any]
) -> None:
    def spoil(route: Route) -> None:
        route.fetch()  # the server does it
        route.fulfill(**answer)

    board.route("**/move/", spoil)
    drag(board, card(board, hospital.booked), hospital.second.pk, "13:30")
    expect(board.get_by_role("alert")).to_contain_text("not known whether this was saved")
    expect(board.locator(f"#cases-{hospital.second.pk} .case")).to_contain_text("13:30–14:30")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "not known whether this was saved"),
        (BAD_GATEWAY, "not known whether this was saved"),
        (NO_TOKEN, "nothing was changed"),
    ],
    ids=["offline", "502", "403"],
)
def test_an_undo_that_was_not_decided_can_be_tried_again(
    board: Page, hospital: Hospital, answer: dict[str, Any] | None, words: str
) -> None:
    drag(board, card(board, hospital.booked), hospital.second.pk, "13:30")
    expect(board.locator(".toast-x")).to_contain_text("Theatre 2")
    board.route("**/undo/", lambda route: route.fulfill(**answer) if answer else route.abort())
    board.keyboard.press("Control+z")
    expect(board.get_by_role("alert")).to_contain_text(words)
    expect(board.locator("#undo")).to_be_enabled()
    board.unroute("**/undo/")
    board.keyboard.press("Control+z")
    expect(board.locator("#undo")).to_be_disabled()
    assert hospital.place(hospital.booked) == ("Theatre 1", "09:00")


def test_an_undo_that_meets_a_conflict_opens_its_page(board: Page, hospital: Hospital) -> None:
    drag(board, card(board, hospital.booked), hospital.second.pk, "13:30")
    expect(board.locator(".toast-x")).to_contain_text("Theatre 2")
    book_operation(
        actor=hospital.coordinator,
        operation_id=hospital.other.pk,
        version=1,
        theatre_id=hospital.first.pk,
        start=hospital.at("09:00"),
    )
    board.keyboard.press("Control+z")
    expect(board.get_by_role("alert")).to_contain_text("Theatre 1 is already booked")
    assert hospital.place(hospital.booked) == ("Theatre 2", "13:30")


def test_an_undo_that_comes_too_late_is_forgotten(board: Page, hospital: Hospital) -> None:
    drag(board, card(board, hospital.booked), hospital.second.pk, "13:30")
    expect(board.locator(".toast-x")).to_contain_text("Theatre 2")
    move_operation(
        actor=hospital.coordinator,
        operation_id=hospital.booked.pk,
        version=3,
        theatre_id=hospital.second.pk,
        start=hospital.at("15:00"),
    )
    board.keyboard.press("Control+z")
    expect(board.get_by_role("alert")).to_contain_text("Not undone. This was changed meanwhile")
    expect(card(board, hospital.booked)).to_contain_text("15:00–16:00")
    expect(board.locator("#undo")).to_be_disabled()


@pytest.mark.parametrize("kept", ["{broken", "null", "7", '{"zoom": "wide"}'])
def test_a_view_that_can_not_be_read_is_forgotten(hospital: Hospital, open_page: OpenPage, kept: str) -> None:
    page = open_page(f"/schedule/{hospital.day}/", hospital.coordinator)
    page.evaluate("kept => localStorage.setItem('board-view', kept)", kept)
    page.reload()
    expect(page.locator("#zoom-out[disabled]")).to_be_visible()
