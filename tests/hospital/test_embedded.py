"""The embedded servers: they come, they heal, they keep what was committed, and they go."""

import contextlib
import os
import pwd
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from redis import Redis

from hospital.embedded import postgres, rootless
from hospital.embedded.errors import EmbeddedError
from hospital.embedded.place import ROOT, Place
from hospital.embedded.using import are_ready, running
from hospital.processes import Manager
from tests.hospital.watching import processes_naming, wait_until

BOTH = ["postgres", "redis"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    found = Place(folder=tmp_path_factory.mktemp("data"), durable=False)
    yield found
    wait_until(lambda: left_by(found) == {})


def left_by(place: Place) -> dict[int, str]:
    return processes_naming(str(place.folder))


def ask(place: Place, statement: str) -> object:
    """Run one statement in a connection of its own and return its first value."""
    with contextlib.closing(psycopg2.connect(place.database_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None


def test_the_servers_start_and_afterwards_leave_nothing(place: Place) -> None:
    with running(place, BOTH):
        assert str(ask(place, "SHOW server_version")).startswith("18.")
        assert ask(place, "SHOW timezone") == "UTC"
        assert ask(place, "SHOW synchronous_commit") == "on"
        assert ask(place, "SELECT datlocale FROM pg_database WHERE datname = 'hospital'") == "C.UTF-8"
        with Redis.from_url(place.redis_url) as client:
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert place.sockets.stat().st_mode & 0o777 == 0o700
    assert left_by(place) == {}
    assert not place.sockets.exists()


def test_they_run_on_for_a_second_user(place: Place) -> None:
    with running(place, BOTH):
        first = postgres.running_pid(place)
        with running(place, BOTH):
            assert postgres.running_pid(place) == first
        assert are_ready(place, BOTH)
        assert postgres.running_pid(place) == first
    assert left_by(place) == {}


def test_they_stop_when_their_user_is_killed(place: Place) -> None:
    script = (
        "import sys, time; from pathlib import Path\n"
        "from hospital.embedded.place import Place; from hospital.embedded.using import running\n"
        "place = Place(Path(sys.argv[1]), durable=False)\n"
        "with running(place, ['postgres', 'redis']): print('up', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", script, str(place.folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout
        assert user.stdout.readline() == "up\n"
        user.kill()
    wait_until(lambda: left_by(place) == {})


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT])
def test_a_crashed_server_comes_back_with_what_was_committed(place: Place, number: signal.Signals) -> None:
    with running(place, BOTH):
        ask(place, "CREATE TABLE IF NOT EXISTS kept (number int)")
        ask(place, "TRUNCATE kept")
        ask(place, "INSERT INTO kept SELECT generate_series(1, 1000)")
        pid = postgres.running_pid(place)
        assert pid
        os.kill(pid, number)
        wait_until(lambda: postgres.running_pid(place) not in (None, pid), 5)
        wait_until(lambda: are_ready(place, BOTH), 5)
        assert ask(place, "SELECT count(*) FROM kept") == 1000


def test_a_killed_keeper_is_replaced(place: Place) -> None:
    with running(place, BOTH) as keep_up:
        keeper = next(pid for pid, line in left_by(place).items() if "hospital.embedded.keeper postgres" in line)
        os.kill(keeper, signal.SIGKILL)
        wait_until(lambda: keep_up() or (keeper not in left_by(place) and are_ready(place, BOTH)), 10)
    assert left_by(place) == {}


def test_a_restart_by_hand_is_accepted(place: Place) -> None:
    """An administrator's ``pg_ctl restart`` starts a server that the keeper did not start: it lets it be."""
    with running(place, ["postgres"]):
        first = postgres.running_pid(place)
        restart = [postgres.program("pg_ctl"), "-D", str(postgres.data_folder(place)), "-m", "immediate", "-t", "2"]
        with (place.logs / "by-hand.log").open("w") as log:
            done = subprocess.run([*rootless.prefix(), *restart, "restart"], stdout=log, stderr=log, check=False)
        assert done.returncode in (0, 1)  # 1: the keeper was quicker
        wait_until(lambda: are_ready(place, ["postgres"]), 10)
        assert postgres.running_pid(place) != first
    wait_until(lambda: left_by(place) == {})


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that others may enter; pytest's own are closed to them."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs this")
@pytest.mark.parametrize("namespaces", [True, False])
def test_root_can_run_it_from_a_closed_folder(
    tmp_path: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch, *, namespaces: bool
) -> None:
    if not namespaces:  # as in most containers
        monkeypatch.setattr(rootless, "_has_user_namespaces", lambda: False)
        monkeypatch.setattr(rootless, "_is_open", lambda _program: False)
        monkeypatch.setattr(rootless, "COPIES", open_folder)
    tmp_path.chmod(0o700)
    place = Place(folder=tmp_path / "data", durable=False)
    place.make_folders()
    postgres.prepare(place)
    with Manager(place.logs) as manager:
        manager.start(postgres.service(place))
        assert manager.run(until=lambda: postgres.is_ready(place), poll=0.1)
        pid = postgres.running_pid(place)
        effective = Path(f"/proc/{pid}/status").read_text().partition("Uid:")[2].split()[1]
        assert effective == ("0" if namespaces else str(pwd.getpwnam("nobody").pw_uid))
    assert left_by(place) == {}


def test_a_folder_of_another_version_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(EmbeddedError, match=r"was made by PostgreSQL 15, and this needs PostgreSQL 18\. Move it away"):
        with running(Place(folder=tmp_path, durable=False), BOTH):
            pass


def test_a_socket_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    place = Place(folder=tmp_path / "data")
    place.sockets.mkdir(mode=0o755)
    with pytest.raises(EmbeddedError, match="open to others"):
        place.make_folders()
