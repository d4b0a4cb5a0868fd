"""Who wrote, from where, in which request: right for everybody who shares a connection."""

from types import SimpleNamespace
from uuid import UUID

import pytest
from auditlog.models import LogEntry
from django.db import connection, transaction
from django.test import Client, RequestFactory
from psycopg2 import sql

from accounts.audit import who
from accounts.audit.models import Event
from accounts.audit.who import Who
from accounts.models import User
from accounts.tasks import forget_ended_sessions
from resources.models import Feature
from tests.factories import PatientFactory, UserFactory

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
NUMBER = UUID("9f0c6f5e-0000-4000-8000-000000000001")


def authors(table: str = "resources_feature") -> list[tuple[int | None, str, str | None]]:
    rows = Event.objects.filter(table_name=table).order_by("id")
    return list(rows.values_list("actor_id", "source", "address"))


def signed_in(user: User, address: str = "192.0.2.7") -> Client:
    client = Client(headers={"X-Forwarded-For": f"6.6.6.6, {address}"})
    client.force_login(user, backend=BACKEND)
    return client


def add(code: str) -> Feature:
    return Feature.objects.create(code=code, name=code)


def acting(number: int, source: str = "web") -> object:
    return who.acting(Who(source=source, actor=lambda: number, address="192.0.2.1", request_id=NUMBER))


@pytest.mark.django_db
def test_a_page_writes_as_the_person_who_is_signed_in() -> None:
    user = UserFactory(is_staff=True, is_superuser=True, role="administrator")
    form = {"code": "laser", "name": "Laser"}
    answer = signed_in(user).post("/admin/resources/feature/add/", form, headers={"X-Request-ID": "forged"})
    assert answer.status_code == 302
    assert authors() == [(user.pk, "web", "192.0.2.7")]
    event, entry = Event.objects.get(table_name="resources_feature"), LogEntry.objects.get(object_repr="Laser")
    assert (str(event.request_id), entry.cid) == (answer["X-Request-ID"], answer["X-Request-ID"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("inside", [False, True], ids=["autocommit", "transaction"])
def test_the_next_one_on_the_connection_writes_in_their_own_name(*, inside: bool, empty_record: None) -> None:
    def write(code: str) -> None:
        if inside:
            with transaction.atomic():
                add(code)
        else:
            add(code)

    with acting(1):
        write("one")
        kept = connection.connection
    write("nobody")
    with acting(2):
        write("two")
    assert connection.connection is kept
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('audit.who', true)")
        assert cursor.fetchone()[0] in ("", None)
    assert authors() == [(1, "web", "192.0.2.1"), (None, "sql", None), (2, "web", "192.0.2.1")]


@pytest.mark.django_db(transaction=True)
def test_two_people_on_one_connection(empty_record: None) -> None:
    people = [UserFactory(is_staff=True, is_superuser=True, role="administrator") for _ in range(2)]
    for n, person in enumerate(people):
        answer = signed_in(person, f"192.0.2.{n}").post("/admin/resources/feature/add/", {"code": f"c{n}", "name": "N"})
        assert answer.status_code == 302
    assert authors() == [(people[0].pk, "web", "192.0.2.0"), (people[1].pk, "web", "192.0.2.1")]


@pytest.mark.django_db
def test_saying_who_costs_no_query_and_reads_are_left_alone(django_assert_num_queries) -> None:
    asked: list[int] = []

    def actor() -> int:
        asked.append(1)
        return 5

    with who.acting(Who(source="web", actor=actor)):
        with django_assert_num_queries(1):
            assert list(Feature.objects.all()) == []
        assert asked == []
        with django_assert_num_queries(1), connection.cursor() as cursor:
            cursor.execute("INSERT INTO resources_feature (code, name) VALUES ('laser', 'Laser')")
    assert authors() == [(5, "web", None)]


@pytest.mark.django_db
def test_many_rows_returned_values_and_percent_signs_come_through() -> None:
    with acting(3), connection.cursor() as cursor:
        cursor.execute("INSERT INTO resources_feature (code, name) VALUES ('50%', '%s')")
        cursor.executemany(
            "INSERT INTO resources_feature (code, name) VALUES (%s, %s)", [("a", "100%"), ("b", "'; --")]
        )
        cursor.execute(
            "WITH t AS (DELETE FROM resources_feature WHERE code = %s RETURNING name) SELECT * FROM t", ["a"]
        )
        assert cursor.fetchall() == [("100%",)]
        cursor.execute(sql.SQL("UPDATE {} SET name = 'x'").format(sql.Identifier("resources_feature")))
        assert cursor.rowcount == 2
    assert authors() == [(3, "web", "192.0.2.1")] * 6


@pytest.mark.django_db
def test_a_task_writes_in_its_own_name_and_not_afterwards() -> None:
    task = SimpleNamespace(name="accounts.tasks.something")
    who.begin_task(task_id="1", task=task)
    add("inside")
    who.end_task(task_id="1")
    add("outside")
    assert [source for _, source, _ in authors()] == ["task:accounts.tasks.something", "sql"]


@pytest.mark.django_db
def test_celery_calls_both_ends_of_a_task() -> None:
    seen = []
    PatientFactory()
    forget_ended_sessions.apply()
    seen.append(who.current())
    assert seen == [None]
    assert who._tasks == {}


@pytest.mark.django_db
def test_a_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["manage.py", "load_demo", "--x"])
    add("laser")
    assert authors() == [(None, "command:load_demo", None)]


@pytest.mark.django_db
def test_nothing_that_a_client_sends_reaches_the_statement() -> None:
    request = RequestFactory().post("/", REMOTE_ADDR="fe80::1%25eth0'; DROP TABLE x; --")
    with who.acting(who.of_request(request)):
        add("zone")
    with who.acting(Who(source="task:x', true); DROP TABLE resources_feature; --|")):
        add("source")
    request = RequestFactory().post("/", REMOTE_ADDR="nonsense' --")
    with who.acting(who.of_request(request)):
        add("address")
    assert authors() == [
        (None, "web", "fe80::1"),
        (None, "task:xtrueDROPTABLEresources_feature--", None),
        (None, "web", None),
    ]


@pytest.mark.django_db
def test_a_user_who_is_found_by_writing_is_not_looked_for_again() -> None:
    def found() -> int:
        Feature.objects.update(name="while looking")
        return 7

    add("before")
    with who.acting(Who(source="web", actor=found)):
        add("after")
    assert [actor for actor, _, _ in authors()][:3] == [None, None, 7]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("INSERT INTO t VALUES (1)", True),
        ("  -- words\n update t SET a = 1", True),
        ("/* words */ DELETE FROM t", True),
        ("TRUNCATE t", True),
        ("MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE", True),
        ("WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a", True),
        ("WITH a AS (SELECT 1) SELECT * FROM a", False),
        ("SELECT 'INSERT INTO t'", False),
        ("SAVEPOINT update_1", False),
        ("SELECT updated FROM t FOR UPDATE", False),
    ],
)
def test_which_statements_write(statement: str, *, expected: bool) -> None:
    assert who.writes(statement) == expected
