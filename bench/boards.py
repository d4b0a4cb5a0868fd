"""Two hundred boards open at once: how soon all are told of a change and show it, and what that does to pages.

The site as it is served, front, pages and live process with their own numbers of workers, over loopback. Each board is
a display with a stream of its own that fetches its board once it is told, as the script on the wall does.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import RoleAssignment, User
from bench.cases import place_cases, settle
from bench.figures import percentile, table
from bench.house import build_house
from bench.site import whole_site
from scheduling.displays import COOKIE
from scheduling.models import EventKind, Operation
from scheduling.services import record_event
from scheduling.services.displays import create_display, open_display

BOARDS, CASES_A_DAY = 200, 300
GATHER_SECONDS = 0.12
"""As static/js/wall.js waits for more news before it asks."""
PATIENCE_SECONDS = 60
BETWEEN_SECONDS = 2.0
MARK = b"event: changed"
HEAD = b"\r\n\r\n"


def measure(*, quick: bool) -> dict[str, Any]:
    """Measure, print the tables and return the figures."""
    changes, loads = (3, 10) if quick else (12, 40)
    house = build_house()
    RoleAssignment.objects.create(user=house.actor, role="manager")
    today = timezone.localdate()
    first = place_cases(house, first_day=today, days=1, a_day=CASES_A_DAY, status="scheduled").first
    settle()
    _, secret = create_display(actor=house.actor, name="Bench", board="theatres")
    key, session = open_display(secret=secret), _session_of(house.actor)
    connection.close()
    with whole_site() as (host, port):
        crowd = Crowd(host, port, key)
        return asyncio.run(_measure(crowd, session, house.actor, range(first, first + changes), loads))


def _session_of(actor: User) -> str:
    client = Client()
    client.force_login(actor, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@dataclass(slots=True)
class Board:
    """One open board: the connections it has, and when it was told of the last change and showed it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    told: float = 0.0
    shown: float = 0.0
    news: asyncio.Event = field(default_factory=asyncio.Event)


class Crowd:
    """All the boards, and what they ask of the site."""

    def __init__(self, host: str, port: int, key: str) -> None:
        self.host, self.port = host, port
        self.cookie = f"{COOKIE}={key}"
        self.boards: list[Board] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def open(self, count: int) -> None:
        """Open so many boards, a few at a time, and follow their streams."""
        for _ in range(count):
            reader, writer = await self._ask("/display/live/", self.cookie)
            await reader.readuntil(HEAD)
            board = Board(reader, writer)
            self.boards.append(board)
            self.tasks.append(asyncio.create_task(self._follow(board)))

    async def close(self) -> None:
        """Close them."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for board in self.boards:
            board.writer.close()

    async def get(self, path: str, cookie: str, *, background: bool = False) -> float:
        """Fetch a page on a connection of its own; return the seconds it took."""
        began = perf_counter()
        reader, writer = await self._ask(path, cookie, closes=True, background=background)
        status = (await reader.readline()).split()[1]
        await reader.read()
        writer.close()
        if status != b"200":
            message = f"{path} answered {status.decode()}"
            raise AssertionError(message)
        return perf_counter() - began

    async def _ask(
        self, path: str, cookie: str, *, closes: bool = False, background: bool = False
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", f"Cookie: {cookie}"]
        lines += ["Connection: close"] if closes else []
        lines += ["X-Background: 1"] if background else []
        writer.write("\r\n".join([*lines, "", ""]).encode())
        return reader, writer

    async def _follow(self, board: Board) -> None:
        while line := await board.reader.readline():
            if not line.startswith(MARK):
                continue
            board.told = perf_counter()
            await asyncio.sleep(GATHER_SECONDS)
            await self.get("/display/", self.cookie, background=True)
            board.shown = perf_counter()
            board.news.set()

    async def hear(self, change: Any) -> tuple[list[float], list[float], float]:
        """Make a change; return after how many seconds each board was told and showed it, and the change's own."""
        for board in self.boards:
            board.news.clear()
        began = perf_counter()
        await asyncio.to_thread(change)
        took = perf_counter() - began
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*(board.news.wait() for board in self.boards))
        return [board.told - began for board in self.boards], [board.shown - began for board in self.boards], took


async def _measure(crowd: Crowd, session: str, actor: User, operations: Sequence[int], loads: int) -> dict[str, Any]:
    day = f"/schedule/{timezone.localdate()}/"
    cookie = f"{settings.SESSION_COOKIE_NAME}={session}"
    pages = {"no board open": await _pages(crowd, day, cookie, loads)}
    began = perf_counter()
    await crowd.open(BOARDS)
    opening = perf_counter() - began
    pages[f"{BOARDS} boards open"] = await _pages(crowd, day, cookie, loads)
    told, shown, commands = [], [], []
    for number in operations:
        heard, seen, took = await crowd.hear(lambda number=number: _change(actor, number))
        told += heard
        shown += seen
        commands.append(took)
    changing = asyncio.create_task(_keep_changing(actor, operations))
    pages[f"{BOARDS} boards open, a change every {BETWEEN_SECONDS:.0f} s"] = await _pages(crowd, day, cookie, loads)
    changing.cancel()
    await asyncio.gather(changing, return_exceptions=True)
    await crowd.close()
    return _shown({"the change itself": commands, "told": told, "shown": shown}, pages, opening)


def _change(actor: User, number: int) -> None:
    """Record a milestone, or take it back: by its own service, as a tap does."""
    operation = Operation.objects.get(pk=number)
    taken = set(operation.events.filter(current=True).values_list("kind", flat=True))
    kind = next(kind for kind in EventKind.values if kind not in taken)
    try:
        record_event(actor=actor, operation_id=number, kind=kind, at=timezone.now())
    finally:
        connection.close()


async def _keep_changing(actor: User, operations: Sequence[int]) -> None:
    for number in operations:
        await asyncio.to_thread(_change, actor, number)
        await asyncio.sleep(BETWEEN_SECONDS)


async def _pages(crowd: Crowd, path: str, cookie: str, loads: int) -> list[float]:
    await crowd.get(path, cookie)
    return [await crowd.get(path, cookie) for _ in range(loads)]


def _shown(heard: dict[str, list[float]], pages: dict[str, list[float]], opening: float) -> dict[str, Any]:
    found = {
        title: {name: _spread(seconds) for name, seconds in group.items()}
        for title, group in ((f"{BOARDS} boards, milliseconds after a tap began", heard), ("the day's page", pages))
    }
    for title, group in found.items():
        table(title, ("", "p50 ms", "p95 ms", "max ms"), [[name, *row.values()] for name, row in group.items()])
    print(f"{BOARDS} boards opened in {opening:.1f} s")
    return {"boards": BOARDS, "opened_in_s": round(opening, 1), **json.loads(json.dumps(found))}


def _spread(seconds: list[float]) -> dict[str, float]:
    values = [one * 1000 for one in seconds]
    return {
        "p50_ms": round(percentile(values, 0.5)),
        "p95_ms": round(percentile(values, 0.95)),
        "max_ms": round(max(values)),
    }
