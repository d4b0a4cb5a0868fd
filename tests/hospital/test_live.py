"""The live stream in a process of its own, with a real Redis and a real browser's view of it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone
from redis import Redis

from accounts.models import RoleAssignment, User
from accounts.sessions import end_streams
from hospital.embedded.place import ROOT, Place
from hospital.embedded.using import are_ready, running
from messaging import live
from scheduling.models import Display
from scheduling.services.displays import create_display, open_display, revoke_display
from tests.hospital.watching import processes_naming, wait_until

DAY = date(2026, 11, 23)
NEWS = 'event: changed\ndata: {"days": ["2026-11-23"]}\n\n'


def connections_of_others() -> int:
    """Return how many clients beside this one are connected to the database."""
    query = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
    """
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0])


class Page:
    """A browser tab that holds a stream open."""

    def __init__(
        self, path: Path, session: str, method: str = "GET", *, address: str = "/live/", cookie: str = "sessionid"
    ) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(str(path))
        head = f"{method} {address} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}={session}\r\n\r\n"
        self.socket.sendall(head.encode())
        self.text = ""

    def read_until(self, words: str) -> str:
        """Read until ``words`` have come, or the stream has ended; return everything read so far."""
        while words not in self.text:
            part = self.socket.recv(65536).decode()
            if not part:
                break
            self.text += part
        return self.text

    def status(self) -> int:
        return int(self.read_until("\r\n").split()[1])

    def close(self) -> None:
        self.socket.close()


@pytest.fixture(scope="module")
def redis_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Give a Redis of our own, which we may kill."""
    place = Place(folder=tmp_path_factory.mktemp("live"), durable=False)
    with running(place, ["redis"]):
        yield place


@pytest.fixture(scope="module")
def stream_at(redis_place: Place, django_db_setup: None) -> Iterator[Path]:
    """Run the live process on the test database and give its socket."""
    parts = connection.settings_dict
    environment = os.environ | {
        "DATABASE_URL": f"postgres:///{parts['NAME']}?host={parts['HOST']}&user={parts['USER']}",
        "REDIS_URL": redis_place.redis_url,
        "LIVE_RECHECK_SECONDS": "0.3",
    }
    path = redis_place.sockets / "live.sock"
    command = [sys.executable, "-m", "uvicorn", "hospital.live:app", "--uds", str(path), "--log-level", "warning"]
    command += ["--timeout-graceful-shutdown", "1"]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        with Redis.from_url(redis_place.redis_url) as client:
            wait_until(lambda: path.exists() and client.pubsub_numsub(live.CHANNEL)[0][1] == 1, 30)
        yield path
        process.terminate()
    path.unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def publisher(redis_place: Place, settings: Any) -> Iterator[None]:
    """Publish where the stream listens."""
    settings.REDIS_URL = redis_place.redis_url
    live._connection.cache_clear()
    yield
    live._connection.cache_clear()


@pytest.fixture
def person(transactional_db: None) -> User:
    return User.objects.create_user("nurse@example.org", "a long enough password", given_name="Ines")


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def test_a_signed_in_page_hears_what_is_published(stream_at: Path, person: User) -> None:
    with contextlib.closing(Page(stream_at, session_of(person))) as page:
        assert page.status() == 200
        head = page.read_until("retry: ")
        assert "content-type: text/event-stream" in head
        assert "cache-control: no-store" in head
        live.publish_changed([DAY])
        assert NEWS in page.read_until(NEWS)


@pytest.mark.parametrize("session", ["", "made-up"])
def test_without_a_session_there_is_no_stream(stream_at: Path, session: str) -> None:
    with contextlib.closing(Page(stream_at, session)) as page:
        assert page.status() == 401


def test_only_get_is_answered(stream_at: Path, person: User) -> None:
    with contextlib.closing(Page(stream_at, session_of(person), method="POST")) as page:
        assert page.status() == 405


def test_somebody_who_was_switched_off_is_refused_and_an_open_stream_ends(stream_at: Path, person: User) -> None:
    session = session_of(person)
    with contextlib.closing(Page(stream_at, session)) as page:
        page.read_until("retry: ")
        person.is_active = False
        person.save(update_fields=["is_active"])
        assert "0\r\n\r\n" in page.read_until("\r\n0\r\n\r\n")
    with contextlib.closing(Page(stream_at, session)) as page:
        assert page.status() == 401


def test_a_change_of_roles_ends_the_stream(stream_at: Path, person: User) -> None:
    with contextlib.closing(Page(stream_at, session_of(person))) as page:
        page.read_until("retry: ")
        RoleAssignment.objects.create(user=person, role="surgeon")
        assert "0\r\n\r\n" in page.read_until("\r\n0\r\n\r\n")


def test_ending_somebody_s_sessions_ends_their_streams_at_once(stream_at: Path, person: User) -> None:
    other = User.objects.create_user("other@example.org", "a long enough password")
    with (
        contextlib.closing(Page(stream_at, session_of(person))) as page,
        contextlib.closing(Page(stream_at, session_of(other))) as others,
    ):
        page.read_until("retry: ")
        others.read_until("retry: ")
        end_streams([person.pk])
        assert "0\r\n\r\n" in page.read_until("\r\n0\r\n\r\n")
        live.publish_changed([DAY])
        assert NEWS in others.read_until(NEWS)


@pytest.fixture
def screen(person: User) -> tuple[User, str]:
    """Return who set up a screen on a wall, and its key."""
    RoleAssignment.objects.create(user=person, role="manager")
    _, secret = create_display(actor=person, name="Corridor", board="theatres")
    return person, open_display(secret=secret)


def screen_at(stream_at: Path, key: str) -> Page:
    return Page(stream_at, key, address="/display/live/", cookie="display")


def test_a_screen_hears_what_is_published_until_it_is_taken_off(stream_at: Path, screen: tuple[User, str]) -> None:
    manager, key = screen
    with contextlib.closing(screen_at(stream_at, key)) as page:
        assert page.status() == 200
        page.read_until("retry: ")
        live.publish_changed([DAY])
        assert NEWS in page.read_until(NEWS)
        began = time.monotonic()
        revoke_display(actor=manager, display_id=Display.objects.get().pk)
        assert "0\r\n\r\n" in page.read_until("\r\n0\r\n\r\n")
        assert time.monotonic() - began < 2
    with contextlib.closing(screen_at(stream_at, key)) as page:
        assert page.status() == 401


def test_another_screen_goes_on(stream_at: Path, screen: tuple[User, str]) -> None:
    manager, key = screen
    other, _ = create_display(actor=manager, name="Coffee room", board="families")
    with contextlib.closing(screen_at(stream_at, key)) as page:
        page.read_until("retry: ")
        revoke_display(actor=manager, display_id=other.pk)
        live.publish_changed([DAY])
        assert NEWS in page.read_until(NEWS)


def test_a_screen_past_its_last_day_goes_dark_by_itself(stream_at: Path, screen: tuple[User, str]) -> None:
    _, key = screen
    with contextlib.closing(screen_at(stream_at, key)) as page:
        page.read_until("retry: ")
        Display.objects.update(expires_on=timezone.localdate() - timedelta(days=1))
        assert "0\r\n\r\n" in page.read_until("\r\n0\r\n\r\n")


def test_each_stream_takes_its_own_cookie_only(stream_at: Path, screen: tuple[User, str]) -> None:
    manager, key = screen
    tries = [
        ("/display/live/", "display", ""),
        ("/display/live/", "display", "made-up"),
        ("/display/live/", "sessionid", session_of(manager)),
        ("/live/", "display", key),
        ("/live/", "sessionid", key),
    ]
    for address, cookie, content in tries:
        with contextlib.closing(Page(stream_at, content, address=address, cookie=cookie)) as page:
            assert page.status() == 401


def test_after_a_restart_of_redis_pages_open_their_streams_again(
    stream_at: Path, person: User, redis_place: Place
) -> None:
    session = session_of(person)
    with contextlib.closing(Page(stream_at, session)) as page:
        page.read_until("retry: ")
        (pid,) = (pid for pid in processes_naming(str(redis_place.redis_socket)) if pid)
        os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        text = page.read_until("\r\n0\r\n\r\n")  # ended: what was published meanwhile is lost, so look again
        assert time.monotonic() - began < 5
        assert text.index("event: blind") > text.index("retry: ")
    assert are_ready(redis_place, ["redis"])
    with contextlib.closing(Page(stream_at, session)) as page:
        page.read_until("retry: ")
        live.publish_changed([DAY])
        assert NEWS in page.read_until(NEWS)


def test_two_hundred_pages_hear_the_same_and_no_database_connection_is_held(stream_at: Path, person: User) -> None:
    session = session_of(person)
    with contextlib.ExitStack() as stack:
        pages = [stack.enter_context(contextlib.closing(Page(stream_at, session))) for _ in range(200)]
        for page in pages:
            page.read_until("retry: ")
        live.publish_changed([DAY])
        assert all(NEWS in page.read_until(NEWS) for page in pages)
        # The two that may look at sessions right now; one that was just closed may still be going.
        wait_until(lambda: connections_of_others() <= 2)


def test_publishing_never_raises_when_redis_is_away_and_is_heard_once_it_is_back(
    stream_at: Path, person: User, settings: Any, caplog: pytest.LogCaptureFixture, redis_place: Place
) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    live.publish_changed([DAY])
    assert "open pages will poll" in caplog.text
    settings.REDIS_URL = redis_place.redis_url
    live._connection.cache_clear()
    with contextlib.closing(Page(stream_at, session_of(person))) as page:
        page.read_until("retry: ")
        live.publish_changed([DAY])  # at once: who refuses at once is asked again
        assert NEWS in page.read_until(NEWS)
