"""The application's role writes what it must and can take nothing from the record."""

from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, ProgrammingError, connection, transaction

from accounts.audit import partitions, role, who
from accounts.audit.chain import seal
from accounts.audit.models import Event
from accounts.audit.verifying import verify
from hospital import addresses
from scheduling.services import book_operation
from tests.factories import PatientFactory
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World

RECORD = ("audit_event", "audit_access", "audit_link", "audit_event_default")


@pytest.fixture
def as_application(db: None) -> None:
    """Work as the web process does, until the test's transaction is rolled back."""
    role.prepare()
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role.ROLE}")


def refused(statement: str) -> str:
    """Run a statement that must fail; return the reason as PostgreSQL's class of it."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    return str(caught.value.__cause__.pgcode)


@pytest.mark.parametrize("table", RECORD)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET {c} = {c}",
        "DELETE FROM {}",
        "TRUNCATE {}",
        "ALTER TABLE {} DISABLE TRIGGER ALL",
        "ALTER TABLE {} ADD COLUMN x int",
        "DROP TABLE {}",
        "DROP TRIGGER audit_no_truncate ON {}",
    ],
)
def test_the_application_can_not_touch_the_record(as_application: None, table: str, statement: str) -> None:
    assert refused(statement.format(table, c="seq" if table == "audit_link" else "xid")) == "42501"


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_event (table_name, action, source) VALUES ('x', 'insert', 'sql')",
        "SET session_replication_role = replica",
        "ALTER TABLE patients_patient DISABLE TRIGGER audit_note",
        "DROP TRIGGER audit_note ON patients_patient",
        "DROP FUNCTION audit_note()",
        "CREATE OR REPLACE FUNCTION audit_note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "TRUNCATE patients_patient CASCADE",
        "DELETE FROM auditlog_logentry",
        "TRUNCATE auditlog_logentry",
        "UPDATE auditlog_logentry SET changes = '{}'",
        "DELETE FROM django_migrations",
        "CREATE TABLE public.mine (id int)",
        "CREATE ROLE somebody",
    ],
)
def test_the_application_can_not_blind_or_forge_the_record(as_application: None, statement: str) -> None:
    assert refused(statement) == "42501"


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["audit_event", "audit_access", "audit_link"])
def test_even_the_owner_is_refused_while_the_triggers_stand(table: str) -> None:
    PatientFactory()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_access (patient_id, view, kind) VALUES (1, 'x', 'view');"
            "INSERT INTO audit_link (seq, kind, row_id, row_at, row_hash, hash) VALUES (1, 'mark', 1, now(), '', '')"
        )
    column = "seq" if table == "audit_link" else "xid"
    for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        assert refused(statement) == "42501"


@pytest.mark.django_db
def test_a_partition_can_not_be_emptied_past_its_parent() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE relkind = 'r'")
        parts = [name for (name,) in cursor.fetchall()]
    assert len(parts) == 2 * (partitions.MONTHS_AHEAD + 2)
    assert {refused(f"TRUNCATE {part}") for part in parts} == {"42501"}


@pytest.fixture
def world(db: None) -> World:
    """Return the small hospital."""
    return World.make()


def test_a_booking_goes_through_and_is_recorded(world: World, as_application: None) -> None:
    operation = world.waiting(lead_surgeon=world.surgeon)
    with who.acting(who.Who(source="web", actor=lambda: world.coordinator.pk)):
        booked = book_operation(
            actor=world.coordinator,
            operation_id=operation.pk,
            version=operation.version,
            theatre_id=world.one.pk,
            start=world.at(10),
        )
    event = Event.objects.get(table_name="scheduling_operation", action="update")
    assert (event.row_id, event.actor_id) == (str(booked.pk), world.coordinator.pk)
    assert event.changed["status"] == ["waiting", "scheduled"]
    assert client_of(world.coordinator).get(f"/operations/{booked.pk}/").status_code == 200


@pytest.mark.django_db
def test_readable_history_can_not_be_flushed(as_application: None) -> None:
    PatientFactory()
    with pytest.raises(ProgrammingError, match="permission denied"):
        call_command("auditlogflush", "--yes")


@pytest.mark.django_db(transaction=True)
def test_the_worker_seals_verifies_and_makes_partitions(empty_record: None, settings: Any, tmp_path: Path) -> None:
    settings.AUDIT_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    role.prepare()
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role.ROLE}")
    PatientFactory()
    assert Event.objects.filter(table_name="patients_patient", action="insert").count() == 1
    assert seal() > 0
    assert list(verify()) == []
    assert partitions.ensure() == 0
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def test_the_role_is_taken_at_the_start_of_each_connection() -> None:
    found = addresses.database({"DATABASE_URL": "postgres:///x", "DATABASE_ROLE": "theatres_app"})
    assert found["OPTIONS"]["options"] == "-c role=theatres_app"
    with pytest.raises(addresses.AddressError, match="DATABASE_ROLE"):
        addresses.database({"DATABASE_URL": "postgres:///x", "DATABASE_ROLE": "a -c role=b"})


@pytest.mark.django_db(transaction=True)
def test_time_outs_and_the_role_hold_together() -> None:
    role.prepare()  # committed: another connection takes the role
    environ = {"DATABASE_URL": "postgres:///x", "DATABASE_ROLE": role.ROLE, "PGOPTIONS": "-c lock_timeout=10s"}
    options = addresses.database(environ)["OPTIONS"]
    here = connection.get_connection_params() | options
    web = psycopg2.connect(**here)
    with web.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('lock_timeout')")
        assert cursor.fetchone() == (role.ROLE, "10s")
        cursor.execute("RESET ROLE; SELECT current_user")
        assert cursor.fetchone() == (role.ROLE,)
    web.close()


@pytest.mark.django_db
def test_preparing_as_the_application_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    options = connection.settings_dict["OPTIONS"] | {"options": "-c role=theatres_app"}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    with pytest.raises(CommandError, match="unset DATABASE_ROLE"):
        call_command("prepare", "--no-static")


@pytest.mark.django_db
def test_the_role_may_sign_in_once_it_has_a_password(settings: Any) -> None:
    settings.DATABASE_ROLE_PASSWORD = "it's"
    role.prepare()
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolcanlogin, rolsuper, rolcreaterole FROM pg_roles WHERE rolname = %s", [role.ROLE])
        assert cursor.fetchone() == (True, False, False)
