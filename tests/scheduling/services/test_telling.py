"""Open calendars are told after the commit, never before; and the booking stands when telling fails."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg2
import pytest
import redis
from django.conf import settings
from django.db import connection
from django.test import override_settings

from messaging import live
from scheduling.models import Operation
from scheduling.services import SchedulingConflictError
from tests.scheduling.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db: None) -> World:
    """Return the small hospital, committed."""
    return World.make()


@pytest.fixture
def listener() -> Iterator[redis.client.PubSub]:
    """Listen as the live stream does."""
    with redis.Redis.from_url(settings.REDIS_URL) as client, client.pubsub() as channel:
        channel.subscribe(live.CHANNEL)
        channel.get_message(timeout=5)
        yield channel


@pytest.fixture
def redis_at() -> Iterator[Callable[[str], None]]:
    """Point the product at another Redis for the test's time."""

    def point(url: str) -> None:
        live._connection.cache_clear()
        live._Pause.until = 0.0
        changed = override_settings(REDIS_URL=url)
        stack.enter_context(changed)

    with ExitStack() as stack:
        yield point
    live._connection.cache_clear()
    live._Pause.until = 0.0


def versions_seen_by_others(operation: Operation) -> int:
    at = connection.settings_dict
    raw = psycopg2.connect(dbname=at["NAME"], user=at["USER"], host=at["HOST"], port=at["PORT"] or None)
    try:
        with raw.cursor() as cursor:
            cursor.execute("SELECT version FROM scheduling_operation WHERE id = %s", [operation.pk])
            return int(cursor.fetchone()[0])
    finally:
        raw.close()


def test_tells_the_days_once_the_booking_can_be_seen(world: World, listener: redis.client.PubSub) -> None:
    operation = world.waiting()
    seen = []

    def listen() -> None:
        message = listener.get_message(timeout=5)
        seen.append((json.loads(message["data"]), versions_seen_by_others(operation)))

    thread = threading.Thread(target=listen)
    thread.start()
    world.booked(world.at(23, 30), operation=operation)
    thread.join()

    days = [f"{world.at(0, days=n):%Y-%m-%d}" for n in (0, 1)]
    assert seen == [({"days": days}, 2)]


def test_tells_nothing_when_refused(world: World, listener: redis.client.PubSub) -> None:
    world.booked(world.at(10))
    assert listener.get_message(timeout=5) is not None

    with pytest.raises(SchedulingConflictError):
        world.booked(world.at(10))

    assert listener.get_message(timeout=0.3) is None


def test_tells_no_patient(world: World, listener: redis.client.PubSub) -> None:
    world.booked(world.at(10))

    assert json.loads(listener.get_message(timeout=5)["data"]).keys() == {"days"}


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "unix:///nowhere/redis.sock", "no address"])
def test_books_when_redis_is_down(world: World, redis_at: Callable[[str], None], url: str) -> None:
    redis_at(url)

    operation = world.booked(world.at(10))

    assert Operation.objects.get(pk=operation.pk).version == 2


def test_does_not_wait_long_for_a_redis_that_hangs(world: World, redis_at: Callable[[str], None]) -> None:
    """It takes connections and never answers. The first booking waits a second or two, the next ones not."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        redis_at(f"redis://127.0.0.1:{server.getsockname()[1]}/0")
        waited = []
        for hour in (8, 10, 12, 14):
            started = time.monotonic()
            world.booked(world.at(hour))
            waited.append(time.monotonic() - started)

    assert Operation.objects.filter(version=2).count() == 4
    assert max(waited) < 3
    assert sum(waited[1:]) < 1
