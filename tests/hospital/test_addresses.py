"""``DATABASE_URL`` and ``REDIS_URL``: what is understood, and what is refused in words."""

import os
import runpy
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from django.db import connection

from hospital import addresses
from hospital.embedded.place import Place

PLACE = Place(folder=Path("/srv/hospital/.data"))


def test_database_url_names_everything() -> None:
    url = "postgres://app:p%40ss@db.example:6432/theatres?sslmode=verify-full"
    found = addresses.database({"DATABASE_URL": url})
    assert {key: found[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")} == {
        "NAME": "theatres",
        "USER": "app",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": "6432",
    }
    assert found["OPTIONS"] == {"connect_timeout": 5, "sslmode": "verify-full"}
    assert found["CONN_HEALTH_CHECKS"] is True


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["", "?options=-c%20work_mem%3D8MB"])
def test_web_processes_wait_for_nothing_for_ever(monkeypatch: pytest.MonkeyPatch, query: str) -> None:
    """Whatever options the address names, the limits of ``gunicorn.conf.py`` hold."""
    monkeypatch.setenv("PGOPTIONS", "restored afterwards")
    monkeypatch.delenv("PGOPTIONS")
    runpy.run_path("gunicorn.conf.py")
    found = addresses.database({**os.environ, "DATABASE_URL": f"postgres:///any{query}"})
    here = connection.get_connection_params() | found["OPTIONS"]
    with closing(psycopg2.connect(**here)) as web, web.cursor() as cursor:
        limits = {}
        for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "work_mem"):
            cursor.execute(f"SHOW {name}")
            limits[name] = cursor.fetchone()[0]
    assert limits == {
        "lock_timeout": "10s",
        "statement_timeout": "25s",
        "idle_in_transaction_session_timeout": "1min",
        "work_mem": "8MB" if query else "4MB",
    }


@pytest.mark.parametrize("url", ["postgres:///theatres?host=/run/pg", "postgresql://%2Frun%2Fpg/theatres"])
def test_database_url_names_a_socket_folder(url: str) -> None:
    assert addresses.database({"DATABASE_URL": url})["HOST"] == "/run/pg"


def test_without_database_url_the_embedded_server_is_used() -> None:
    found = addresses.database({}, PLACE)
    assert (found["HOST"], found["NAME"], found["USER"]) == (str(PLACE.sockets), "hospital", "hospital")
    assert addresses.embedded_servers({}) == ["postgres", "redis"]
    assert addresses.embedded_servers({"DATABASE_URL": "postgres:///x"}) == ["redis"]
    assert addresses.embedded_servers({"DATABASE_URL": "postgres:///x", "REDIS_URL": "redis://x"}) == []


@pytest.mark.parametrize(
    "url", ["mysql://secret@db/x", "postgres://secret@db/", "postgres://secret@db:port/x", "postgres://db/x?ssl=on"]
)
def test_a_database_url_that_can_not_be_used_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(addresses.AddressError, match="DATABASE_URL can't be used") as caught:
        addresses.database({"DATABASE_URL": url})
    assert "secret" not in str(caught.value)


def test_redis_address_in_both_spellings() -> None:
    assert addresses.redis_url({"REDIS_URL": "rediss://cache:6380/1"}) == "rediss://cache:6380/1"
    assert addresses.broker_url("redis://cache/1") == "redis://cache/1"
    assert addresses.broker_url("unix:///run/r.sock?db=3") == "redis+socket:///run/r.sock?virtual_host=3"
    assert addresses.redis_url({}, PLACE) == f"unix://{PLACE.redis_socket}"


def test_a_redis_url_that_can_not_be_used_is_refused() -> None:
    with pytest.raises(addresses.AddressError, match="REDIS_URL can't be used"):
        addresses.redis_url({"REDIS_URL": "http://cache"})


def test_socket_paths_stay_short_however_deep_the_checkout() -> None:
    place = Place(folder=Path("/srv" + "/a-long-folder-name" * 20))
    assert len(str(place.sockets / ".s.PGSQL.5432.lock")) < 107
    assert len(str(place.redis_socket)) < 107


@pytest.mark.parametrize(
    ("url", "prefix"),
    [("redis://h:6379", "0:"), ("rediss://:p@h:6380/3", "3:"), ("unix:///run/redis.sock?db=2", "2:")],
)
def test_sites_that_share_a_redis_have_channels_of_their_own(url: str, prefix: str) -> None:
    assert addresses.channel_prefix(url) == prefix
