"""One drawing for many screens, and never an old one."""

import threading
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from messaging import live
from scheduling.views import shared_drawing
from scheduling.views.shared_drawing import shared

DAY = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    shared_drawing._kept.clear()
    yield
    shared_drawing._kept.clear()


class Board:
    """Counts its drawings."""

    def __init__(self) -> None:
        self.drawn = 0

    def __call__(self) -> str:
        self.drawn += 1
        return f"drawing {self.drawn}"


def test_it_is_drawn_once_until_something_is_told() -> None:
    board = Board()
    assert [shared("a", board) for _ in range(3)] == ["drawing 1"] * 3
    live.publish_changed([DAY])
    assert shared("a", board) == "drawing 2"
    assert shared("b", board) == "drawing 3"  # another board


def test_what_is_told_while_it_is_drawn_counts() -> None:
    """The drawing may have been made from before the change: who asks after it gets a new one."""

    def draw() -> str:
        live.publish_changed([DAY])
        return "from before"

    assert shared("a", draw) == "from before"
    assert shared("a", lambda: "from after") == "from after"


def test_time_passes_on_a_board_too(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    shared("a", board)
    monkeypatch.setattr(shared_drawing, "FRESH_SECONDS", 0.0)
    assert shared("a", board) == "drawing 2"
    shared("b", board)
    assert list(shared_drawing._kept) == ["b"]  # what is old is not kept


def test_without_redis_each_draws_its_own(settings: Any) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    live._connection.cache_clear()
    try:
        board = Board()
        assert [shared("a", board) for _ in range(2)] == ["drawing 1", "drawing 2"]
    finally:
        live._connection.cache_clear()


def test_who_waits_too_long_draws_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_drawing, "WAIT_SECONDS", 0.05)
    started, go_on = threading.Event(), threading.Event()

    def slow() -> str:
        started.set()
        go_on.wait(5)
        return "slow"

    thread = threading.Thread(target=shared, args=("a", slow))
    thread.start()
    started.wait(5)
    assert shared("a", lambda: "mine") == "mine"
    go_on.set()
    thread.join()
    assert not shared_drawing._drawing.locked()


def test_a_drawing_that_fails_is_not_kept_and_blocks_nobody() -> None:
    def fail() -> str:
        raise RuntimeError("no database")

    with pytest.raises(RuntimeError, match="no database"):
        shared("a", fail)
    assert shared("a", lambda: "well") == "well"
