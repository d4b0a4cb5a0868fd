"""The live stream: a small ASGI app that tells open pages which days changed.

It runs in a process of its own, so that streams use up neither the workers that serve pages nor
database connections: a connection is opened to look at the session when a stream begins and once a
minute after that, and closed at once. What travels is days, never patients; the page then fetches
what it shows, with its own rights. Start it with ``uvicorn hospital.live:app``.
"""

import asyncio
import contextlib
import json
import logging
import os
import random
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hospital.settings.dev")
django.setup()

import redis.asyncio as redis  # noqa: E402  # Django comes first
from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user  # noqa: E402
from django.contrib.sessions.backends.base import SessionBase  # noqa: E402
from django.db import Error as DatabaseError  # noqa: E402
from django.db import connections  # noqa: E402
from django.http import HttpRequest  # noqa: E402
from django.utils.module_loading import import_string  # noqa: E402
from redis.exceptions import RedisError  # noqa: E402

from accounts.integration import opens_no_page  # noqa: E402
from accounts.models import User  # noqa: E402
from accounts.second_factor import is_lacking, is_outside  # noqa: E402
from accounts.sessions import ENDED_CHANNEL, why_over  # noqa: E402
from messaging.live import CHANNEL  # noqa: E402
from scheduling.displays import COOKIE, display_of, name_of  # noqa: E402
from scheduling.displays import PATH as DISPLAYS  # noqa: E402

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

OK, UNAUTHORIZED, NOT_FOUND, METHOD_NOT_ALLOWED, SERVICE_UNAVAILABLE = 200, 401, 404, 405, 503
PATH, DISPLAY_PATH = "/live/", f"{DISPLAYS}live/"
"""Of whoever is signed in, and of a screen on a wall, whose browser sends its key to no other address."""
HEARTBEAT_SECONDS = 15.0
RECHECK_SECONDS = float(os.environ.get("LIVE_RECHECK_SECONDS", "60"))
RECONNECT_SECONDS = 0.5
RETRY_MS = (2000, 3000)
logger = logging.getLogger(__name__)
checkers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="session-check")


class Stream:
    """One open page, whose it is, and the days it has yet to be told about."""

    def __init__(self, owner: int | str | None = None) -> None:
        self.owner = owner
        self.days: set[str] = set()
        self.is_blind = False
        self.news = asyncio.Event()
        self.ended = asyncio.Event()

    def add(self, days: Iterable[str]) -> None:
        """Note changed days. A page that reads slowly gets them together, so nothing piles up."""
        self.days.update(days)
        self.news.set()

    def blind(self) -> None:
        """Let the page know that changes are not heard of for now; once they are, its stream ends and begins anew."""
        self.is_blind = True
        self.news.set()

    async def next(self) -> str:
        """Wait at most one heartbeat; return the event to send, or a comment that keeps the connection open."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.news.wait(), HEARTBEAT_SECONDS)
        self.news.clear()
        days, self.days = sorted(self.days), set()
        blind, self.is_blind = self.is_blind, False
        if blind:
            return "event: blind\ndata: {}\n\n"
        return f"event: changed\ndata: {json.dumps({'days': days})}\n\n" if days else ": still here\n\n"


@dataclass(frozen=True, slots=True)
class Caller:
    """What a connection says of itself: whose session or which screen's key, and where from."""

    session_key: str
    address: str = ""
    display_key: str = ""

    @classmethod
    def of(cls, scope: dict[str, Any]) -> "Caller":
        """Read the headers. The proxy wrote the last address of the forwarded ones."""
        forwarded = b",".join(content for name, content in scope["headers"] if name == b"x-forwarded-for")
        address = forwarded.decode("latin-1").rpartition(",")[2].strip()
        address = address or (scope.get("client") or ("",))[0]
        if scope["path"] == DISPLAY_PATH:
            return cls("", address, display_key=_cookie(scope, COOKIE))
        return cls(_cookie(scope, settings.SESSION_COOKIE_NAME), address)


streams: set[Stream] = set()


class _Hearing:
    """Whether this process hears what is published; while Redis is away it tells its pages that it does not."""

    is_so = False


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Answer one connection."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["type"] != "http" or scope["path"] not in (PATH, DISPLAY_PATH):
        await _refuse(send, NOT_FOUND)
    elif scope["method"] != "GET":
        await _refuse(send, METHOD_NOT_ALLOWED)
    else:
        await _stream(Caller.of(scope), receive, send)


async def _live(receive: Receive, send: Send) -> None:
    """Listen to Redis from the process's start to its end."""
    await receive()
    listener = asyncio.create_task(listen())
    await send({"type": "lifespan.startup.complete"})
    await receive()
    listener.cancel()
    await asyncio.gather(listener, return_exceptions=True)
    await send({"type": "lifespan.shutdown.complete"})


async def listen() -> None:
    """Pass on what is published; connect again, for as long as it takes, whenever Redis goes away."""
    while True:
        try:
            async with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2) as connection:
                async with connection.pubsub(ignore_subscribe_messages=True) as subscription:
                    await subscription.subscribe(CHANNEL, ENDED_CHANNEL)
                    _Hearing.is_so = True
                    _end_all()
                    async for message in subscription.listen():
                        _hear(message["channel"].decode(), message["data"])
        except (RedisError, OSError) as error:
            logger.warning("Redis is away (%s); open pages poll until it is back.", type(error).__name__)
        _blind_all()
        await asyncio.sleep(RECONNECT_SECONDS)


def _blind_all() -> None:
    if _Hearing.is_so:
        _Hearing.is_so = False
        for stream in streams:
            stream.blind()


def _end_all() -> None:
    """End the streams that may have missed something: a page that opens its stream again looks again."""
    for stream in streams:
        stream.ended.set()


def _hear(channel: str, text: bytes) -> None:
    try:
        _tell_all(text) if channel == CHANNEL else _end_those_of(text)
    except (ValueError, KeyError, TypeError):
        logger.warning("A message on %s is not of the agreed form.", channel)


def _tell_all(text: bytes) -> None:
    days = [str(day) for day in json.loads(text)["days"]]
    for stream in streams:
        stream.add(days)


def _end_those_of(text: bytes) -> None:
    """End the streams of people and displays that may be over; a page that may go on opens its own again."""
    owners = {one if isinstance(one, str) else int(one) for one in json.loads(text)}
    for stream in streams:
        if stream.owner is None or stream.owner in owners:
            stream.ended.set()


async def _stream(caller: Caller, receive: Receive, send: Send) -> None:
    """Serve one page until it closes, its session ends, or the process stops."""
    status, owner = await _check(caller)
    if status == UNAUTHORIZED:
        await _refuse(send, status)
        return
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
    await send({"type": "http.response.start", "status": OK, "headers": headers})
    # Pages that lost their streams together don't come back all in the same instant.
    await _write(send, f"retry: {random.randint(*RETRY_MS)}\n\n")  # noqa: S311
    if status == OK:
        await _serve(Stream(owner), caller, receive, send)
    # A browser gives up a stream that once answered with an error; one that just ends, it opens again.
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _serve(stream: Stream, caller: Caller, receive: Receive, send: Send) -> None:
    streams.add(stream)
    if not _Hearing.is_so:
        stream.blind()
    tell = asyncio.create_task(_tell(stream, send))
    ends = (stream.ended.wait(), _until_closed(receive), _until_signed_out(caller))
    tasks = [tell, *(asyncio.ensure_future(end) for end in ends)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        streams.discard(stream)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _tell(stream: Stream, send: Send) -> None:
    while True:
        await _write(send, await stream.next())


async def _until_closed(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _until_signed_out(caller: Caller) -> None:
    status = OK
    while status in (OK, SERVICE_UNAVAILABLE):  # while the database is away, nobody is thrown out
        await asyncio.sleep(RECHECK_SECONDS)
        status, _ = await _check(caller)


async def _check(caller: Caller) -> tuple[int, int | str | None]:
    return await asyncio.get_running_loop().run_in_executor(checkers, check, caller)


def check(caller: Caller) -> tuple[int, int | str | None]:
    """Return an HTTP status (200, 401 nobody's, or 503 can't tell) and whose stream it is."""
    return check_display(caller) if caller.display_key else check_session(caller)


def check_display(caller: Caller) -> tuple[int, str | None]:
    """Return an HTTP status (200, 401 taken off, or 503 can't tell) and which display it is."""
    try:
        display = None if is_outside(caller.address) else display_of(caller.display_key)
        return (OK, name_of(display.pk)) if display else (UNAUTHORIZED, None)
    except DatabaseError:
        return SERVICE_UNAVAILABLE, None
    finally:
        connections.close_all()


def check_session(caller: Caller) -> tuple[int, int | None]:
    """Return an HTTP status (200, 401 signed out, or 503 can't tell) and whose session it is."""
    if not caller.session_key:
        return UNAUTHORIZED, None
    try:
        session: SessionBase = import_string(f"{settings.SESSION_ENGINE}.SessionStore")(caller.session_key)
        request = HttpRequest()
        request.session = session
        request.META["REMOTE_ADDR"] = caller.address
        user = get_user(request)
        if not isinstance(user, User) or why_over(session, user) or is_lacking(request, user) or opens_no_page(user):
            return UNAUTHORIZED, None
        return OK, user.pk  # noqa: TRY300  # beside the other answer
    except DatabaseError:
        return SERVICE_UNAVAILABLE, None
    finally:
        connections.close_all()


def _cookie(scope: dict[str, Any], wanted: str) -> str:
    cookies: SimpleCookie = SimpleCookie()
    for name, content in scope["headers"]:
        if name == b"cookie":
            with contextlib.suppress(CookieError):
                cookies.load(content.decode("latin-1"))
    found = cookies.get(wanted)
    return found.value if found else ""


async def _refuse(send: Send, status: int) -> None:
    headers = [(b"content-type", b"text/plain"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _write(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
