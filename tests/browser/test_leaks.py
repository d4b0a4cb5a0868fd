"""A whole journey in a browser with a marked patient: what stays behind, and what passed by, names nobody."""

import json
from typing import Any

import pytest
from django.core import mail
from playwright.sync_api import Page, Request, expect

from patients.models import Patient
from scheduling.models import Operation
from tests.browser.conftest import Hospital, OpenPage
from tests.factories import CancellationReasonFactory, PriorityFactory
from tests.hospital.leaks import MARKED, Watcher, leaks, values_in_redis

pytestmark = pytest.mark.browser

STORED = """async () => ({
    local: {...localStorage},
    session: {...sessionStorage},
    databases: await indexedDB.databases(),
    caches: await caches.keys(),
    cookies: document.cookie,
    state: JSON.stringify(history.state),
    window: window.name,
})"""


class Trace:
    """Notes what the browser asks for, says on its console, and keeps."""

    def __init__(self, page: Page, watcher: Watcher) -> None:
        self.page = page
        self.seen = watcher.seen | {"console": [], "storage": [], "referrer": []}
        page.on("request", self._asked)
        page.on("console", lambda message: self.seen["console"].append(message.text))

    def _asked(self, request: Request) -> None:
        self.seen["address"].append(request.url)
        self.seen["referrer"].append(request.headers.get("referer", ""))

    def look(self) -> None:
        """Note what this page has left in the browser so far."""
        self.seen["title"].append(self.page.title())
        self.seen["storage"].append(json.dumps(self.page.evaluate(STORED)))
        self.seen["cookie"] += [json.dumps(dict(cookie)) for cookie in self.page.context.cookies()]


@pytest.fixture
def trace(hospital: Hospital, open_page: OpenPage, watcher: Watcher) -> Trace:
    """Open the site with every value that passes noted."""
    PriorityFactory()
    CancellationReasonFactory()
    return Trace(open_page("/find/", hospital.coordinator), watcher)


def add_patient(trace: Trace) -> None:
    page = trace.page
    page.get_by_role("link", name="New patient").click()
    for label, name in (("Family name", "family_name"), ("Given name", "given_name"), ("Phone", "phone")):
        page.get_by_label(label).fill(MARKED[name])
    page.locator("[name=mrn]").fill(MARKED["mrn"])
    page.locator("[name=national_number]").fill(MARKED["national_number"])
    page.locator("[name=email]").fill(MARKED["email"])
    page.locator("[name=allergies]").fill(MARKED["substance"])
    page.get_by_label("Date of birth").fill("1931-02-03")
    page.get_by_label("Sex").select_option("female")
    trace.look()  # while it is typed in
    page.get_by_role("button", name="Save and go on").click()
    expect(page.locator("main")).to_contain_text(MARKED["family_name"].upper())
    trace.look()


def request_operation(trace: Trace) -> Operation:
    page = trace.page
    page.locator("[name=notes]").fill(MARKED["notes"])
    choose(page, "procedure")
    choose(page, "priority")
    page.locator("main form button[type=submit]").last.click()
    expect(page.locator("#history")).to_be_visible()
    trace.look()
    return Operation.objects.get(patient__mrn=MARKED["mrn"])


def choose(page: Page, name: str) -> None:
    """Take the first choice of a list, whichever widget shows it."""
    page.evaluate(
        """name => { const list = document.querySelector(`select[name=${name}]`);
            const value = [...list.options].find(option => option.value).value;
            if (list.tomselect) list.tomselect.setValue(value);
            else { list.value = value; list.dispatchEvent(new Event("change", {bubbles: true})); } }""",
        name,
    )


def test_a_journey_leaves_nothing_of_the_patient_behind(trace: Trace, hospital: Hospital) -> None:
    page = trace.page
    add_patient(trace)
    operation = request_operation(trace)

    page.goto("/find/")
    page.locator("#patient-text").fill(MARKED["family_name"])
    expect(page.locator("#patients")).to_contain_text(MARKED["mrn"])
    trace.look()

    page.goto("/waiting-list/")
    page.keyboard.press("/")
    page.keyboard.type(MARKED["family_name"])
    expect(page.locator("#find-options > li")).to_contain_text(MARKED["mrn"])
    trace.look()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text(MARKED["mrn"])
    trace.look()

    page.goto(f"/schedule/{hospital.day}/")
    page.locator(f"#waiting-{operation.pk}").wait_for()
    page.keyboard.press("?")
    page.keyboard.press("Escape")
    trace.look()

    page.goto(f"/operations/{operation.pk}/cancel/")
    page.locator("[name=note]").fill(MARKED["note"])
    choose(page, "reason")
    page.locator("main form button[type=submit]").last.click()
    expect(page.locator("#history")).to_contain_text(MARKED["note"])
    trace.look()

    assert Patient.objects.get(mrn=MARKED["mrn"]).phone == MARKED["phone"]
    seen = trace.seen | {
        "mail": [f"{message.subject} {message.body}" for message in mail.outbox],
        "redis now": values_in_redis(),
    }
    assert min(len(seen[place]) for place in ("address", "storage", "title", "cookie", "referrer")) > 4
    assert {place: leaks(" ".join(texts)) for place, texts in seen.items()} == {place: [] for place in seen}


def test_the_trace_would_see_what_is_stored(trace: Trace) -> None:
    name = json.dumps(MARKED["family_name"])
    page: Any = trace.page
    page.evaluate(f"sessionStorage.setItem('draft', {name})")
    page.evaluate(f"console.log({name})")
    page.evaluate(f"fetch('/healthz?q=' + {name})")
    trace.look()
    assert {place for place, texts in trace.seen.items() if leaks(" ".join(texts))} >= {"storage", "console", "address"}
