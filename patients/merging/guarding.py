"""The triggers that keep everybody from writing about a patient into a record that was merged away."""

from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import ForeignKey

from patients.models import DuplicatePair, NameWord, Patient, PatientMerge
from patients.rights.models import Erasure

NOT_MERGED = "patient_not_merged"
"""The name under which the database refuses, as if it were a constraint."""
EXEMPT = frozenset({PatientMerge, DuplicatePair, Erasure, NameWord})
"""What is said of the merged record itself, and the index of names, which follows what it is made of."""


def guarded() -> dict[str, str]:
    """Return every table that names a patient, with the column that does."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        meta = model._meta  # noqa: SLF001  # Django's public name for it
        if not meta.managed or meta.proxy or model in EXEMPT:
            continue
        for field in meta.local_concrete_fields:
            if isinstance(field, ForeignKey) and field.related_model is Patient:
                found[meta.db_table] = str(field.column)
    return found


def install(**_: Any) -> list[str]:
    """Attach what is missing after each migration; return the tables touched. Safe to repeat."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regproc(%s) IS NOT NULL", [NOT_MERGED])
        if not cursor.fetchone()[0]:
            return []
        cursor.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = %s AND tgenabled = 'O'", [NOT_MERGED]
        )
        attached = {table for (table,) in cursor.fetchall()}
        existing = set(connection.introspection.table_names(cursor))
        wanted = {table: column for table, column in guarded().items() if table in existing - attached}
        for table, column in wanted.items():
            quoted, of = connection.ops.quote_name(table), connection.ops.quote_name(column)
            cursor.execute(
                f"CREATE TRIGGER {NOT_MERGED} BEFORE INSERT OR UPDATE OF {of} ON {quoted} "
                f"FOR EACH ROW EXECUTE FUNCTION {NOT_MERGED}('{column}')"
            )
    return sorted(wanted)
