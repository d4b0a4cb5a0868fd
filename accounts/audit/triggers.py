"""Which tables the row trigger watches: all of them, but for what is named here with a reason."""

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models

EXEMPT = {
    "django_session": "Changes with every visit and holds nothing but what usersessions_usersession notes.",
    "django_migrations": "Written by the owner alone, when the code changes.",
    "patients_nameword": "Follows the patient's names by triggers, and their changes are noted where they happen.",
}
"""Tables without a trigger, and why."""

HIDDEN: dict[str, set[str]] = {
    "accounts_user": {"password"},
    "account_emailconfirmation": {"key"},
    "mfa_authenticator": {"data"},
    "socialaccount_socialaccount": {"extra_data"},
    "socialaccount_socialapp": {"secret", "key", "settings"},
    "socialaccount_socialtoken": {"token", "token_secret"},
    "usersessions_usersession": {"session_key", "data"},
    # The record is kept for years and nobody can erase from it: nothing by which a person is known, no free text.
    "patients_patient": {
        *("mrn", "family_name", "given_name", "date_of_birth", "deceased_on"),
        *("phone", "email", "language", "national_number_index", "phone_index", "token"),
    },
    "patients_allergy": {"substance", "external_id"},
    "patients_condition": {"external_id"},
    "patients_medicine": {"external_id"},
    "patients_pastprocedure": {"external_id"},
    "patients_preoperativeassessment": {"external_id"},
    "patients_importedrecord": {"key", "digest", "remote_version"},
    "patients_document": {"fingerprint"},
    "patients_documentpart": {"sealed"},
    "patients_patientidentifier": {"value_index"},
    "patients_patientname": {"family_name", "given_name"},
    "messaging_delivery": {"address_index", "language"},
    "messaging_inboundmessage": {"address_index"},
    "messaging_optout": {"address_index"},
    "analytics_securityfinding": {"note"},
    "resources_theatresession": {"note"},
    "resources_timerequest": {"note", "answer"},
    "resources_unavailability": {"note"},
    "scheduling_display": {"link_hash", "key_hash"},
    "scheduling_operation": {"notes", "external_id"},
    "scheduling_loankit": {"what", "supplier", "reference"},
    "scheduling_operationchange": {"before", "after"},
    "auditlog_logentry": {"changes", "changes_text", "serialized_data", "object_repr", "additional_data"},
    "django_admin_log": {"object_repr", "change_message"},
}
"""Columns of which only the change is noted, not the value; encrypted ones are found by their field."""

IGNORED: dict[str, set[str]] = {
    "patients_importrun": {"done"},
    # How the dispatcher goes about it; that a message was planned, sent or failed is an event.
    "messaging_delivery": {"lease", "leased_until", "attempts", "attempted_at", "next_attempt_at", "last_error"},
    "messaging_channelstate": {"paid_until", "failures", "dead_until"},
    "scheduling_display": {"last_seen_at"},
    "usersessions_usersession": {"last_seen_at"},
}
"""Columns whose change alone is no event."""

HISTORIES = {"auditlog_logentry", "django_admin_log"}
"""Records of their own: what is added to them is recorded where it happened, what is changed in them is noted."""

NAME, TRUNCATED = "audit_note", "audit_note_truncate"
ENCRYPTION = "accounts.encryption"


@dataclass(frozen=True)
class Watch:
    """The triggers that one table must have."""

    table: str
    arguments: tuple[str, str, str]
    """The key's column, the hidden columns, the ignored columns."""

    def statements(self) -> list[str]:
        """Return the SQL that makes them."""
        quote = connection.ops.quote_name
        events = "UPDATE OR DELETE" if self.table in HISTORIES else "INSERT OR UPDATE OR DELETE"
        arguments = ", ".join(f"'{argument}'" for argument in self.arguments)
        on = f"ON {quote(self.table)} FOR EACH"
        return [
            f"CREATE OR REPLACE TRIGGER {NAME} AFTER {events} {on} ROW EXECUTE FUNCTION audit_note({arguments})",
            f"CREATE OR REPLACE TRIGGER {TRUNCATED} AFTER TRUNCATE {on} STATEMENT EXECUTE FUNCTION audit_note()",
        ]


def watches() -> list[Watch]:
    """Return what must be watched: every table that Django keeps and that is not exempt."""
    found = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True) if _is_kept(model)}  # noqa: SLF001
    return [_watch(found[table]) for table in sorted(found)]


def install() -> list[str]:
    """Attach what is missing or differs, take away what is exempt; return the tables touched. Safe to repeat."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regprocedure('audit_note()') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return []
        attached = _attached(cursor)
        existing = set(connection.introspection.table_names(cursor))
        wanted = {watch.table: watch for watch in watches() if watch.table in existing}
        touched = [table for table, watch in wanted.items() if attached.get(table) != watch.arguments]
        for table in touched:
            for statement in wanted[table].statements():
                cursor.execute(statement)
        for table in attached.keys() & EXEMPT.keys():
            cursor.execute(f"DROP TRIGGER {NAME} ON {connection.ops.quote_name(table)}")
            cursor.execute(f"DROP TRIGGER IF EXISTS {TRUNCATED} ON {connection.ops.quote_name(table)}")
    return touched


def install_after_migrating(**_: Any) -> None:
    """Attach triggers to tables that a migration has made."""
    install()


def _attached(cursor: Any) -> dict[str, tuple[str, ...]]:
    cursor.execute(
        """
        SELECT relname, encode(tgargs, 'escape') FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
        WHERE tgname = %s AND tgenabled = 'O' AND relnamespace = 'public'::regnamespace AND EXISTS (
            SELECT FROM pg_trigger AS other
            WHERE other.tgrelid = pg_class.oid AND other.tgname = %s AND other.tgenabled = 'O'
        )
        """,
        [NAME, TRUNCATED],
    )
    return {table: tuple(arguments.split(r"\000")[:-1]) for table, arguments in cursor.fetchall()}


def _is_kept(model: type[models.Model]) -> bool:
    meta = model._meta  # noqa: SLF001
    return meta.managed and not meta.proxy and not meta.swapped and meta.db_table not in EXEMPT


def _watch(model: type[models.Model]) -> Watch:
    meta = model._meta  # noqa: SLF001
    encrypted = {str(f.column) for f in meta.local_concrete_fields if type(f).__module__.startswith(ENCRYPTION)}
    hidden = HIDDEN.get(meta.db_table, set()) | encrypted
    columns = (",".join(sorted(hidden)), ",".join(sorted(IGNORED.get(meta.db_table, set()))))
    return Watch(table=meta.db_table, arguments=(str(meta.pk.column), *columns))
