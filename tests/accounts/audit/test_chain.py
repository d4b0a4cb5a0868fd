"""The chain: whatever is done to the record behind the application's back is found and named."""

import json
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from accounts.audit import tasks
from accounts.audit.anchors import anchors, drop_anchor
from accounts.audit.chain import append_note, head, seal, watermark
from accounts.audit.models import Event, Link
from accounts.audit.verifying import Scope, verify
from resources.models import Feature
from tests.accounts.audit.conftest import empty, wait_for_other_databases

pytestmark = pytest.mark.django_db(transaction=True)
ALL = Scope()


@pytest.fixture(autouse=True)
def record(empty_record: None, settings: Any, tmp_path: Path) -> None:
    """An empty record and an anchor file of its own."""
    settings.AUDIT_ANCHOR_FILE = str(tmp_path / "anchors" / "audit.jsonl")


def add(*codes: str) -> list[int]:
    """Write one row each, sealed; return the numbers of the events."""
    for code in codes:
        Feature.objects.create(code=code, name=code)
    seal()
    found = Event.objects.filter(table_name="resources_feature", action="insert").order_by("id")
    return list(found.values_list("id", flat=True))[-len(codes) :]


def tamper(statement: str, *params: object) -> None:
    """Do what only a superuser can, and say nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement, params or None)
        cursor.execute("SET session_replication_role = origin")


def found(scope: Scope = ALL) -> list[tuple[str, str, int | None]]:
    return [(finding.what, finding.table, finding.row_id) for finding in verify(scope)]


def test_an_untouched_record_is_whole_and_every_row_is_sealed_once() -> None:
    add("a", "b", "c")
    assert found() == []
    assert Link.objects.filter(kind="event").count() == Event.objects.count()
    assert list(Link.objects.order_by("seq").values_list("seq", flat=True)) == [*range(1, head().seq + 1)]
    assert seal() == 0


@pytest.mark.parametrize(
    "change",
    [
        "changed = '{}'",
        "actor_id = 5",
        "at = at + interval '1 second'",
        "at = at - interval '3 years'",
        "row_id = '0'",
        "table_name = 'x'",
        "source = 'web'",
        "address = '192.0.2.1'",
        "request_id = gen_random_uuid()",
        "action = 'delete'",
        "xid = '3'",
    ],
)
def test_a_changed_row_is_named(change: str) -> None:
    _, second, _ = add("a", "b", "c")
    tamper(f"UPDATE audit_event SET {change} WHERE id = %s", second)
    assert found() == [("changed", "audit_event", second)]


def test_a_removed_row_is_named() -> None:
    _, second, _ = add("a", "b", "c")
    tamper("DELETE FROM audit_event WHERE id = %s", second)
    assert found() == [("removed", "audit_event", second)]


def test_a_row_put_among_sealed_ones_is_named() -> None:
    first, *_ = add("a", "b", "c")
    tamper(
        "INSERT INTO audit_event (id, at, xid, table_name, action, source) OVERRIDING SYSTEM VALUE "
        "SELECT 900000, at, xid, table_name, action, source FROM audit_event WHERE id = %s",
        first,
    )
    assert found() == [("inserted", "audit_event", 900000)]


def test_two_rows_that_were_swapped_are_named() -> None:
    first, second, _ = add("a", "b", "c")
    tamper(
        "UPDATE audit_event AS one SET changed = other.changed, row_id = other.row_id FROM audit_event AS other "
        "WHERE (one.id, other.id) IN ((%s, %s), (%s, %s))",
        *(first, second, second, first),
    )
    assert found() == [("changed", "audit_event", first), ("changed", "audit_event", second)]


def test_a_row_that_was_removed_with_its_link_is_named_by_its_number_in_the_chain() -> None:
    _, second, _ = add("a", "b", "c")
    seq = Link.objects.get(kind="event", row_id=second).seq
    tamper("DELETE FROM audit_link WHERE row_id = %s AND kind = 'event'", second)
    tamper("DELETE FROM audit_event WHERE id = %s", second)
    findings = list(verify())
    assert [(finding.what, finding.seq) for finding in findings] == [("removed", seq)]


def test_a_row_changed_with_its_hash_breaks_the_chain_at_its_link_alone() -> None:
    _, second, _ = add("a", "b", "c")
    tamper("UPDATE audit_link SET row_hash = sha256('forged') WHERE kind = 'event' AND row_id = %s", second)
    assert found() == [("broken", "audit_event", second), ("changed", "audit_event", second)]


def test_a_link_that_was_made_to_point_elsewhere_is_found() -> None:
    _, second, _ = add("a", "b", "c")
    tamper("UPDATE audit_link SET row_at = row_at - interval '7 years' WHERE kind = 'event' AND row_id = %s", second)
    tamper("UPDATE audit_link SET note = '{\"xid\": 3}' WHERE kind = 'mark'")
    assert ("broken", "audit_event", second) in found()
    assert "changed" in {what for what, table, _ in found() if table == "audit_link"}


def test_another_key_makes_no_link_that_fits(settings: Any) -> None:
    add("a")
    settings.AUDIT_KEY = "the key of somebody who has the database alone"
    assert {what for what, _, _ in found()} == {"broken"}


def test_an_end_that_was_cut_off_is_found_by_the_anchor() -> None:
    add("a")
    add("b")
    anchor = drop_anchor()
    tamper("DELETE FROM audit_event WHERE id > (SELECT min(id) FROM audit_event)")
    tamper("DELETE FROM audit_link WHERE seq > 1")
    assert found()[-1] == ("cut off", "audit_link", None)
    add(*(f"more{n}" for n in range(anchor.seq + 2)))  # the chain grows over the place
    findings = [finding for finding in verify() if finding.table == "audit_link"]
    assert [(finding.what, finding.seq) for finding in findings] == [("changed", anchor.seq)]


def test_a_record_that_was_emptied_is_found() -> None:
    add("a")
    drop_anchor()
    empty()
    assert found() == [("cut off", "audit_link", None)]


def test_a_damaged_anchor_file_is_a_finding(settings: Any) -> None:
    add("a")
    drop_anchor()
    with Path(settings.AUDIT_ANCHOR_FILE).open("a") as file:
        file.write("{not an anchor\n")
    assert [(finding.what, finding.at) for finding in verify()] == [
        ("broken", "Line 2 of the anchor file is not an anchor.")
    ]


def test_an_anchor_says_where_the_chain_stands(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    add("a")
    tasks.anchor.apply()
    last = head()
    line = json.loads(Path(settings.AUDIT_ANCHOR_FILE).read_text())
    assert (line["seq"], line["hash"]) == (last.seq, last.hash.hex())
    assert [anchor.seq for anchor in anchors()] == [last.seq]
    assert last.hash.hex() in caplog.text


def test_what_an_open_transaction_wrote_is_sealed_once_it_ended() -> None:
    with transaction.atomic():
        Feature.objects.create(code="open", name="open")
        other = Thread(target=_seal_elsewhere)
        other.start()
        other.join()
        assert Link.objects.filter(kind="event", row_id__in=Event.objects.values("id")).count() == 0
    add("after")
    wait_for_other_databases()
    assert found() == []
    assert Link.objects.filter(kind="event").count() == Event.objects.count()


def _seal_elsewhere() -> None:
    try:
        seal()
    finally:
        connection.close()


def test_no_alarm_while_many_write_and_two_seal() -> None:
    findings: list[object] = []

    def write(writer: int) -> None:
        try:
            for n in range(25):
                with transaction.atomic():
                    Feature.objects.create(code=f"{writer}-{n}", name="x")
                    Feature.objects.create(code=f"{writer}-{n}-too", name="x")
                    transaction.set_rollback(n % 5 == 4)
        finally:
            connection.close()

    def look() -> None:
        try:
            for _ in range(8):
                findings.extend(verify())
        finally:
            connection.close()

    threads = [*(Thread(target=write, args=[n]) for n in range(6)), Thread(target=look), Thread(target=look)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for_other_databases()
    assert [*findings, *verify()] == []
    assert Feature.objects.count() == 6 * 20 * 2
    assert Link.objects.filter(kind="event").count() == Event.objects.count()


def test_a_database_restored_into_a_server_that_counts_from_the_start_goes_on() -> None:
    add("a", "b")
    with transaction.atomic():
        append_note(head(), "mark", 0, {"xid": watermark() + 1_000_000})  # as from a server far ahead
    add("c", "d")
    add("e")
    assert Link.objects.filter(kind="event").count() == Event.objects.count()
    assert [what for what, _, _ in found()] == []


def test_only_a_span_of_days_is_read() -> None:
    _, second = add("a", "b")
    tamper("DELETE FROM audit_event WHERE id = %s", second)
    tomorrow, yesterday = timezone.now() + timedelta(days=1), timezone.now() - timedelta(days=1)
    assert found(Scope(since=tomorrow)) == []
    assert found(Scope(until=yesterday)) == []
    assert found(Scope(since=yesterday, until=tomorrow)) == [("removed", "audit_event", second)]


def test_the_command_names_what_it_finds_and_fails() -> None:
    _, second = add("a", "b")
    said = StringIO()
    call_command("verify_audit", stdout=said)
    assert "Nothing removed, changed or inserted" in said.getvalue()
    tamper("DELETE FROM audit_event WHERE id = %s", second)
    errors = StringIO()
    with pytest.raises(CommandError, match="1 found"):
        call_command("verify_audit", "--quiet", stderr=errors)
    assert f"removed: audit_event row {second}, link" in errors.getvalue()


def test_the_nightly_task_logs_each_finding_as_an_error(caplog: pytest.LogCaptureFixture) -> None:
    _, second = add("a", "b")
    assert tasks.verify_audit.apply().get() == 0
    tamper("DELETE FROM audit_event WHERE id = %s", second)
    assert tasks.verify_audit.apply().get() == 1
    assert f"audit_event row {second}" in caplog.text


@pytest.fixture
def old_month() -> Iterator[str]:
    """A month of seven years ago, with one row."""
    starts = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    starts = starts.replace(year=starts.year - 7)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE audit_event_old PARTITION OF audit_event FOR VALUES FROM (%s) TO (%s)",
            [starts, starts + timedelta(days=28)],
        )
    tamper("INSERT INTO audit_event (at, table_name, action, source) VALUES (%s, 'x', 'insert', 'sql')", starts)
    yield "audit_event_old"
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS audit_event_old")


def test_old_months_are_dropped_without_an_alarm(old_month: str) -> None:
    add("a")
    said = StringIO()
    call_command("drop_old_audit", "--dry-run", stdout=said)
    assert said.getvalue() == f"Would drop {old_month}.\n"
    assert Event.objects.filter(table_name="x").count() == 1
    call_command("drop_old_audit", stdout=StringIO())
    assert Event.objects.filter(table_name="x").count() == 0
    assert found() == []
    note = json.loads(Link.objects.get(kind="dropped").note)
    assert (note["partition"], note["rows"]) == (old_month, 1)
    with pytest.raises(CommandError, match="6 years at least"):
        call_command("drop_old_audit", "--older-than-years", "5")


def test_an_old_month_that_is_dropped_by_hand_is_found(old_month: str) -> None:
    add("a")
    number = Event.objects.get(table_name="x").pk
    tamper(f"DROP TABLE {old_month}")
    assert found() == [("removed", "audit_event", number)]
