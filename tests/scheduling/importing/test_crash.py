"""Killed half-way, or run twice at once: nothing half-written, nothing twice."""

import os
import signal
import subprocess
import sys
from contextlib import closing
from threading import Thread
from time import monotonic, sleep
from urllib.parse import quote

import psycopg2
import pytest
from django.conf import settings
from django.db import connection

from patients.models import Patient
from resources.models import Theatre
from scheduling.importing.mapping import Mapping
from scheduling.importing.reading import read_cases
from scheduling.integrity import find_breaches
from scheduling.models import Operation
from scheduling.services.importing import import_cases
from tests.factories import UserFactory
from tests.scheduling.importing.files import row, save

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 60
"""Seconds for another process to get so far."""


def database_url():
    chosen = connection.settings_dict
    names = {key: quote(str(chosen[key]), safe="") for key in ("USER", "PASSWORD", "HOST", "NAME")}
    port = f":{chosen['PORT']}" if chosen["PORT"] else ""
    return f"postgres://{names['USER']}:{names['PASSWORD']}@localhost{port}/{names['NAME']}?host={names['HOST']}"


def wait_for(cursor, statement, wanted):
    until = monotonic() + PATIENCE
    while monotonic() < until:
        cursor.execute(statement)
        if cursor.fetchone()[0] == wanted:
            return
        sleep(0.05)
    pytest.fail(f"not {wanted}: {statement}")


@pytest.fixture
def beside():
    """Return a cursor of another session of the same database."""
    parameters = connection.get_connection_params()
    for ours in ("cursor_factory", "isolation_level", "context", "prepare_threshold"):
        parameters.pop(ours, None)
    with closing(psycopg2.connect(**parameters)) as session:
        yield session.cursor()


def test_a_killed_import_leaves_nothing_and_can_be_run_again(tmp_path, beside):
    actor = UserFactory(role="coordinator")
    path = save(tmp_path, *[row(n, f"2022-02-01 {n:02}:00") for n in range(24)])
    beside.execute("LOCK TABLE scheduling_operationchange IN SHARE MODE")  # the import's last insert waits
    environment = os.environ | {
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "DJANGO_SETTINGS_MODULE": "hospital.settings.test",
    }
    command = [sys.executable, "manage.py", "import_theatre_log", str(path)]
    with subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.DEVNULL) as child:
        wait_for(
            beside,
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())",
            1,
        )
        child.send_signal(signal.SIGKILL)
    beside.connection.rollback()
    beside.connection.autocommit = True  # within a transaction, what sessions do would be read once
    wait_for(
        beside,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' "
        "AND pid <> pg_backend_pid()",
        0,
    )
    assert (Operation.objects.count(), Patient.objects.count(), Theatre.objects.count()) == (0, 0, 0)
    done = import_cases(actor=actor, cases=read_cases(path, Mapping()).cases, source=path.name, mapping=Mapping())
    assert {entry.outcome for entry in done.entries} == {"booked"}
    assert Operation.objects.count() == 24
    assert find_breaches() == []


def test_two_imports_of_one_file_at_once_book_it_once(tmp_path):
    actor = UserFactory(role="coordinator")
    cases = read_cases(save(tmp_path, *[row(n, f"2022-02-01 {n:02}:00") for n in range(24)]), Mapping()).cases
    found = []

    def bring():
        with closing(connection):
            done = import_cases(actor=actor, cases=cases, source="list.csv", mapping=Mapping())
        found.append({str(entry.outcome) for entry in done.entries})

    threads = [Thread(target=bring) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found, key=str) == [{"already there"}, {"booked"}]
    assert Operation.objects.count() == 24
    assert find_breaches() == []
