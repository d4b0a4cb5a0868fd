"""A small hospital, a Chromium, and pages signed in to it."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from accounts.models import User
from hospital.embedded.place import ROOT
from resources.models import StaffMember, Theatre
from scheduling.models import Operation
from scheduling.services import book_operation
from tests.factories import (
    OperationFactory,
    PatientFactory,
    ProcedureFactory,
    StaffMemberFactory,
    TheatreFactory,
    UserFactory,
    open_all_week,
)
from tests.hospital.watching import wait_until

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the machine's Chromium once; without one these tests are skipped, or fail where CI is set."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        missing = "No Chromium found: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    # Playwright keeps an event loop in this thread; Django would take that for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@dataclass(frozen=True)
class Hospital:
    """Two theatres, two surgeons, one booked operation at 9:00 in the first, and two that wait."""

    day: date
    first: Theatre
    second: Theatre
    khan: StaffMember
    doyle: StaffMember
    booked: Operation
    waiting: Operation
    other: Operation
    coordinator: User

    def at(self, clock: str) -> datetime:
        """Return an instant of the day."""
        return timezone.make_aware(datetime.combine(self.day, time.fromisoformat(clock)))

    def place(self, operation: Operation) -> tuple[str, str] | None:
        """Return theatre and local start of an operation, as the database has them now."""
        now = Operation.objects.select_related("theatre").get(pk=operation.pk)
        if now.theatre is None or now.starts_at is None:
            return None
        return now.theatre.name, f"{timezone.localtime(now.starts_at):%H:%M}"


@pytest.fixture
def hospital(transactional_db: None) -> Hospital:
    """Make the hospital, for a day next week."""
    day = timezone.localdate() + timedelta(days=7)
    theatres = TheatreFactory(name="Theatre 1", position=1), TheatreFactory(name="Theatre 2", position=2)
    open_all_week(*theatres, opens=time(7), closes=time(18))
    khan, doyle = StaffMemberFactory(name="Mr A. Khan"), StaffMemberFactory(name="Ms R. Doyle")
    coordinator = UserFactory(email="jo@example.org", given_name="Jo", family_name="Marsh", role="coordinator")
    hernia = ProcedureFactory(name="Hernia repair")
    booked, waiting, other = (
        OperationFactory(
            patient=PatientFactory(family_name=name, given_name=given),
            procedure=hernia,
            lead_surgeon=surgeon,
            actor=coordinator,
        )
        for name, given, surgeon in (("Adams", "Ann", khan), ("Brown", "Bob", khan), ("Clark", "Cleo", doyle))
    )
    hospital = Hospital(day, *theatres, khan, doyle, booked, waiting, other, coordinator)
    book_operation(
        actor=coordinator,
        operation_id=booked.pk,
        version=1,
        theatre_id=theatres[0].pk,
        start=hospital.at("09:00"),
    )
    return hospital


OpenPage = Callable[..., Page]
Stream = Callable[[Route], None]
QUIET = "retry: 600000\n\n"


@pytest.fixture
def open_page(browser: Browser, live_server: Any) -> Iterator[OpenPage]:
    """Return a function that opens a path signed in as somebody; any script error fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_page(path: str, user: User | None, *, stream: Stream | None = None, **options: Any) -> Page:
        options = {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce", **options}
        context = browser.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        if user:
            client = Client()
            client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
            session = client.cookies["sessionid"].value
            context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if "Content Security" in message.text else None)
        # The stream is a process of its own; here it has no news, or is the one that a test runs.
        page.route("**/live/", stream or (lambda route: route.fulfill(content_type="text/event-stream", body=QUIET)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def board(hospital: Hospital, open_page: OpenPage) -> Page:
    """Open the day as the coordinator, with the script running."""
    page = open_page(f"/schedule/{hospital.day}/", hospital.coordinator)
    page.locator("#zoom-out[disabled]").wait_for()  # the script has started
    return page


@pytest.fixture(scope="session")
def stream(django_db_setup: None) -> Iterator[Stream]:
    """Run the live process beside the server, and lead a page's stream there."""
    with live_process() as stream:
        yield stream


@contextmanager
def live_process(**environment: str) -> Iterator[Stream]:
    """Have a live process on the test's database; give what leads a page's stream there."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    parts = connection.settings_dict
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgres:///{parts['NAME']}?host={parts['HOST']}&user={parts['USER']}",
        "LIVE_RECHECK_SECONDS": "600",  # a stream ends because it was told, not because it looked again
        **environment,
    }
    command = [sys.executable, "-m", "uvicorn", "hospital.live:app", "--port", str(port), "--log-level", "critical"]
    with subprocess.Popen([*command, "--timeout-graceful-shutdown", "1"], cwd=ROOT, env=environment) as process:
        wait_until(lambda: _answers(port), 30)
        yield lambda route: _lead_to(port, route)
        process.terminate()


def _answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def _lead_to(port: int, route: Route) -> None:
    """Send the request on, as the proxy in front of both processes does."""
    url = re.sub(r":\d+/", f":{port}/", route.request.url, count=1)
    route.continue_(url=url, headers=route.request.headers | {"host": f"localhost:{port}"})
