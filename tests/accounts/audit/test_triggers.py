"""The row trigger sees every write, by whatever way it comes."""

import io

import pytest
from django.apps import apps
from django.db import connection, transaction

from accounts.audit import partitions, triggers
from accounts.audit.models import Event
from patients.models import Allergy
from resources.models import Feature, Specialty
from tests.factories import OperationFactory, PatientFactory, TheatreFactory, UserFactory

pytestmark = pytest.mark.django_db


def of(table: str) -> list[tuple[str, str | None, dict]]:
    rows = Event.objects.filter(table_name=table).order_by("id")
    return list(rows.values_list("action", "row_id", "changed"))


def sql(statement: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params or None)


def test_a_row_is_recorded_from_its_first_value_to_its_last() -> None:
    one = Feature.objects.create(code="laser", name="Laser")
    one.name = "Laser, green"
    one.save()
    number = str(one.pk)
    one.delete()
    assert of("resources_feature") == [
        ("insert", number, {"id": [None, int(number)], "code": [None, "laser"], "name": [None, "Laser"]}),
        ("update", number, {"name": ["Laser", "Laser, green"]}),
        ("delete", number, {"id": [int(number), None], "code": ["laser", None], "name": ["Laser, green", None]}),
    ]


def test_bulk_writes_and_update_without_save_are_recorded() -> None:
    Feature.objects.bulk_create([Feature(code="a", name="A"), Feature(code="b", name="B")])
    Feature.objects.update(name="C")
    rows = list(Feature.objects.all())
    for row in rows:
        row.name = row.code
    Feature.objects.bulk_update(rows, ["name"])
    Feature.objects.all().delete()
    assert [action for action, _, _ in of("resources_feature")] == [*["insert"] * 2, *["update"] * 4, *["delete"] * 2]


def test_raw_sql_copy_and_truncate_are_recorded() -> None:
    sql("INSERT INTO resources_feature (code, name) VALUES ('a', 'A')")
    with connection.cursor() as cursor:
        cursor.copy_expert("COPY resources_feature (code, name) FROM STDIN", io.StringIO("b\tB\nc\tC\n"))
    sql("TRUNCATE resources_feature CASCADE")
    assert [(action, changed.get("code")) for action, _, changed in of("resources_feature")] == [
        ("insert", [None, "a"]),
        ("insert", [None, "b"]),
        ("insert", [None, "c"]),
        ("truncate", None),
    ]


def test_the_tables_between_two_models_are_recorded() -> None:
    theatre, feature = TheatreFactory(), Feature.objects.create(code="laser", name="Laser")
    theatre.features.add(feature)
    theatre.features.clear()
    seen = of("resources_theatre_features")
    assert [(action, changed["feature_id"]) for action, _, changed in seen] == [
        ("insert", [None, feature.pk]),
        ("delete", [feature.pk, None]),
    ]


def test_a_model_that_extends_another_is_recorded_in_both_tables() -> None:
    theatre = TheatreFactory(name="Blue")
    assert [row for _, row, _ in of("resources_theatre")] == [str(theatre.pk)]
    assert [changed["name"] for _, _, changed in of("resources_resource")] == [[None, "Blue"]]


def test_secrets_contacts_and_free_text_are_noted_as_changed_without_their_values() -> None:
    user = UserFactory()
    user.set_password("marked-secret")
    user.save()
    PatientFactory(phone="555marked", email="marked@example.org")
    operation = OperationFactory(notes="marked words")
    operation.notes = "other marked words"
    operation.save()
    assert {"password": "changed"} in [changed for _, _, changed in of("accounts_user")]
    assert {key: of("patients_patient")[0][2][key] for key in ("phone", "email", "mrn")} == {
        "phone": "changed",
        "email": "changed",
        "mrn": "changed",
    }
    assert of("scheduling_operation")[-1][2] == {"notes": "changed"}
    assert not [changed for (changed,) in Event.objects.values_list("changed") if "marked" in str(changed)]


def test_a_write_that_changes_nothing_is_no_event() -> None:
    feature = Feature.objects.create(code="laser", name="Laser")
    feature.save()
    assert len(of("resources_feature")) == 1


def test_what_is_rolled_back_never_happened() -> None:
    with transaction.atomic():
        Feature.objects.create(code="laser", name="Laser")
        transaction.set_rollback(True)
    assert of("resources_feature") == []


def test_tampering_with_the_readable_history_is_recorded() -> None:
    feature = Specialty.objects.create(code="ent", name="ENT")
    sql("UPDATE auditlog_logentry SET changes = '{}' WHERE object_pk = %s", str(feature.pk))
    sql("DELETE FROM auditlog_logentry WHERE object_pk = %s", str(feature.pk))
    actions = [(action, changed.get("changes")) for action, _, changed in of("auditlog_logentry")]
    assert actions == [("update", "changed"), ("delete", "changed")]


def test_every_table_has_a_trigger_or_a_reason() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE tgname LIKE 'audit_note%'"
        )
        found = set(cursor.fetchall())
        tables = set(connection.introspection.table_names(cursor))
    ours = {name for name in tables if not name.startswith("audit_")}
    missing = {
        name
        for name in ours - triggers.EXEMPT.keys()
        if not {(name, triggers.NAME), (name, triggers.TRUNCATED)} <= found
    }
    assert missing == set()
    assert {name for name, _ in found} & triggers.EXEMPT.keys() == set()
    assert all(len(reason) > 20 for reason in triggers.EXEMPT.values())


def test_columns_named_for_hiding_exist() -> None:
    """A column that was renamed would else be kept in clear from then on."""
    columns = {m._meta.db_table: {f.column for f in m._meta.local_fields} for m in apps.get_models()}
    for table, hidden in [*triggers.HIDDEN.items(), *triggers.IGNORED.items()]:
        assert hidden - columns[table] == set()


def test_no_column_that_sounds_secret_is_kept_in_clear() -> None:
    words = ("password", "secret", "token", "session_key", "notes", "note")
    clear = {
        (watch.table, field.column)
        for watch in triggers.watches()
        for model in apps.get_models(include_auto_created=True)
        if model._meta.db_table == watch.table
        for field in model._meta.local_concrete_fields
        if field.column in words and field.column not in watch.arguments[1].split(",")
    }
    assert clear == set()


def test_installing_again_changes_nothing_and_repairs_what_is_missing() -> None:
    assert triggers.install() == []
    sql("DROP TRIGGER audit_note ON patients_allergy")
    sql("ALTER TABLE patients_patient DISABLE TRIGGER audit_note")
    assert triggers.install() == ["patients_allergy", "patients_patient"]
    Allergy.objects.create(patient=PatientFactory(), substance="Latex")
    assert [len(of(name)) for name in ("patients_allergy", "patients_patient")] == [1, 1]


def test_a_write_outside_every_partition_does_not_fail() -> None:
    sql(f"DROP TABLE audit_event_{_month()}")
    Feature.objects.create(code="laser", name="Laser")
    assert len(of("resources_feature")) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_event_default")
        assert cursor.fetchone()[0] == 1
        cursor.execute("SELECT audit_ensure_partitions(4)")
        assert cursor.fetchone()[0] == 2  # one more month for each table; this month's rows stay where they are


def _month() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')")
        return cursor.fetchone()[0]


def test_months_to_come_have_their_partitions() -> None:
    assert partitions.ensure() == 0
    assert partitions.ensure(6) == 6
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = 'audit_event'::regclass")
        assert cursor.fetchone()[0] == 8  # seven months and the default
