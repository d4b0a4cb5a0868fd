"""The day of 40 theatres and 300 cases, and its week, in a real Chromium: painting, dragging, accessibility."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, sync_playwright

from bench.cases import list_cases, place_cases, settle
from bench.figures import percentile, table
from bench.house import House, build_house
from bench.site import site
from scheduling.models import Operation
from scheduling.selectors.week import monday_of

CASES_A_DAY = 300
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
DAYS = 7
WATCH_PAINTING = """
const look = () => {{
  if (document.getElementsByClassName("{mark}").length < {cases}) requestAnimationFrame(look);
  else setTimeout(() => {{ window.painted = performance.now(); }});  // after this frame has been painted
}};
requestAnimationFrame(look);
"""
"""Counts and nothing else: asking for a case's place would make the browser lay out again and again."""
NO_STREAM = "window.EventSource = class extends EventTarget { close() {} };"
"""The live stream is another process. Answering in its place would switch the browser's cache off."""
PAINTED = """(mark) => {
  const page = performance.getEntriesByType("navigation")[0];
  const first = performance.getEntriesByName("first-contentful-paint")[0];
  const ready = performance.getEntriesByName("timeline-ready")[0] || { startTime: NaN };
  const cases = [...document.getElementsByClassName(mark)];
  return {
    cases: cases.filter((item) => item.getBoundingClientRect().width > 0).length,
    html: page.decodedBodySize, server: page.responseStart - page.requestStart,
    received: page.responseEnd - page.responseStart, painted: window.painted - page.responseStart,
    painted_after_receipt: window.painted - page.responseEnd,
    first_paint: first ? first.startTime - page.responseStart : null, ready: ready.startTime - page.responseStart,
  };
}"""
WATCH_FRAMES = """() => {
  window.framesTaken = [];
  let before = performance.now();
  const next = (now) => {
    window.framesTaken.push(now - before);
    before = now;
    window.watching = requestAnimationFrame(next);
  };
  window.watching = requestAnimationFrame(next);
}"""
DRAG_STEPS = 150


def measure(*, quick: bool) -> dict[str, Any]:
    """Measure, print the tables and return the figures."""
    house = build_house()
    day = monday_of(timezone.localdate()) + timedelta(days=7)
    booked = place_cases(house, first_day=day, days=DAYS, a_day=CASES_A_DAY, status="scheduled").first
    waiting = list_cases(house, CASES_A_DAY).first
    settle()
    session = _signed_in(house)
    times = 5 if quick else 15
    patient = Operation.objects.get(pk=waiting).patient_id
    with site() as address, chromium() as browser:
        loads = [_load(browser, address, session, day) for _ in range(times)]
        weeks = [_load_week(browser, address, session, day) for _ in range(times)]
        cards = ("case", "wl") * (2 if quick else 5)
        drags = [_drag(browser, address, session, day, card) for card in cards]
        paths = _paths(day, booked, waiting, patient)
        faults = {scheme: _faults(browser, address, session, paths, scheme) for scheme in ("light", "dark")}
    return _shown(loads, weeks, drags, faults)


def _signed_in(house: House) -> str:
    client = Client()
    client.force_login(house.actor, backend="allauth.account.auth_backends.AuthenticationBackend")
    return str(client.cookies["sessionid"].value)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Have the machine's Chromium running."""
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path is None:
        message = "No Chromium found: apt-get install chromium"
        raise SystemExit(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


def _page(browser: Browser, address: str, session: str, **options: Any) -> Page:
    context = browser.new_context(base_url=address, viewport={"width": 1440, "height": 900}, **options)
    context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
    page = context.new_page()
    page.add_init_script(NO_STREAM)
    return page


def _open(page: Page, day: date) -> None:
    page.goto(f"/schedule/{day}/")
    page.wait_for_function("performance.getEntriesByName('timeline-ready').length && window.painted !== 0")


def _load(browser: Browser, address: str, session: str, day: date) -> dict[str, float]:
    """Open the day twice in a fresh window and return the second time, when styles and scripts are there."""
    page = _page(browser, address, session)
    _open(page, day)
    return _watched(page, lambda: _open(page, day), "case-item", CASES_A_DAY)


def _load_week(browser: Browser, address: str, session: str, day: date) -> dict[str, float]:
    """Open the week twice in a fresh window and return the second time."""
    page = _page(browser, address, session)
    page.goto(f"/schedule/week/{day}/")
    return _watched(page, lambda: page.goto(f"/schedule/week/{day}/"), "wk", DAYS * CASES_A_DAY)


def _watched(page: Page, load: Callable[[], object], mark: str, cases: int) -> dict[str, float]:
    page.add_init_script(WATCH_PAINTING.format(mark=mark, cases=cases))
    load()
    page.wait_for_function("window.painted > 0")
    found: dict[str, float] = page.evaluate(PAINTED, mark)
    page.context.close()
    if found["cases"] != cases:
        message = f"{found['cases']} cases were laid out"
        raise AssertionError(message)
    return found


def _drag(browser: Browser, address: str, session: str, day: date, card: str) -> dict[str, Any]:
    """Drag a case (or a card of the waiting list) all over the board and let go by Escape."""
    page = _page(browser, address, session)
    _open(page, day)
    box = page.locator(".case[data-movable]" if card == "case" else ".wl-card[data-movable]").first.bounding_box()
    if box is None:
        message = f"There is no {card} to drag"
        raise AssertionError(message)
    x, y = box["x"] + 20, box["y"] + 12
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(400, 300)
    page.evaluate(WATCH_FRAMES)
    for step in range(DRAG_STEPS):
        page.mouse.move(300 + step * 4 % 600, 200 + step * 7 % 500)
    frames = page.evaluate("() => { cancelAnimationFrame(window.watching); return window.framesTaken.slice(2); }")
    page.keyboard.press("Escape")
    page.mouse.up()
    page.context.close()
    return {"card": card, "frames": frames}


def _paths(day: date, booked: int, waiting: int, patient: int) -> dict[str, str]:
    return {
        "day, 40 x 300": f"/schedule/{day}/",
        "empty day": f"/schedule/{day + timedelta(days=30)}/",
        "waiting list": "/waiting-list/",
        "operation": f"/operations/{booked}/",
        "waiting operation": f"/operations/{waiting}/",
        "book": f"/operations/{waiting}/book/",
        "move": f"/operations/{booked}/move/",
        "postpone": f"/operations/{booked}/postpone/",
        "cancel": f"/operations/{booked}/cancel/",
        "push": f"/operations/{booked}/push/",
        "swap": f"/operations/swap/?first={booked}",
        "add case": "/operations/new/",
        "request": f"/operations/new/?patient={patient}",
        "find": "/find/",
        "new patient": "/patients/new/",
        "change password": "/accounts/password/change/",
        "not found": "/nothing-here/",
        "sign in": "/accounts/login/",
        "reset password": "/accounts/password/reset/",
    }


def _faults(browser: Browser, address: str, session: str, paths: dict[str, str], scheme: Any) -> dict[str, list[str]]:
    page = _page(browser, address, session, color_scheme=scheme, reduced_motion="reduce")
    found = {}
    for name, path in paths.items():
        if name == "sign in":
            page.context.clear_cookies()
        page.goto(path)
        violations = Axe().run(page).response["violations"]
        found[name] = [f"{item['id']}: {node['html'][:120]}" for item in violations for node in item["nodes"]]
    page.context.close()
    return found


PAINTING = {
    "server's answer begins": "server",
    "HTML received": "received",
    "begin of data to painted": "painted",
    "end of data to painted": "painted_after_receipt",
    "begin of data to first paint of anything": "first_paint",
    "begin of data to ready for hands": "ready",
}
OF_A_WEEK = {label: key for label, key in PAINTING.items() if key != "ready"}
"""A week is for reading; no script makes it ready."""
DRAGGING = {"case": "a case between theatres", "wl": "a card from the waiting list"}


def _shown(
    loads: list[dict[str, float]],
    weeks: list[dict[str, float]],
    drags: list[dict[str, Any]],
    faults: dict[str, dict[str, list[str]]],
) -> dict[str, Any]:
    painting = {label: _spread([load[key] for load in loads], 50, 95) for label, key in PAINTING.items()}
    size = loads[0]["html"]
    title = f"40 theatres x {CASES_A_DAY} cases, {len(loads)} loads, HTML {size / 1000:.0f} kB"
    table(title, ("", "p50 ms", "p95 ms"), [[label, *row.values()] for label, row in painting.items()])
    week = {label: _spread([load[key] for load in weeks], 50, 95) for label, key in OF_A_WEEK.items()}
    title = (
        f"a week, 40 theatres x {DAYS * CASES_A_DAY} cases, {len(weeks)} loads, HTML {weeks[0]['html'] / 1000:.0f} kB"
    )
    table(title, ("", "p50 ms", "p95 ms"), [[label, *row.values()] for label, row in week.items()])
    dragging = {
        label: _spread([frame for drag in drags if drag["card"] == card for frame in drag["frames"]], 50, 95, 99)
        for card, label in DRAGGING.items()
    }
    rows = [[label, *row.values()] for label, row in dragging.items()]
    table("from frame to frame while dragging", ("", "p50 ms", "p95 ms", "p99 ms"), rows)
    counts = [[name, *(len(faults[scheme][name]) for scheme in faults)] for name in faults["light"]]
    table("axe violations", ("", *faults), counts)
    for scheme, pages in faults.items():
        for name, found in pages.items():
            for fault in found:
                print(f"{scheme}, {name}: {fault}")
    return {"html_bytes": size, "painting": painting, "week": week, "dragging": dragging, "axe": faults, "loads": loads}


def _spread(values: list[float], *shares: int) -> dict[str, float]:
    return {f"p{share}_ms": round(percentile(values, share / 100), 1) for share in shares}
