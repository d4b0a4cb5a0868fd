"""The database role under which the site runs: it owns nothing and can only add to the record.

The triggers refuse changes to everybody; this role moreover can't take the triggers away.
"""

from collections.abc import Iterable

from django.conf import settings
from django.db import connection
from psycopg2 import errors, sql

ROLE = "theatres_app"
RECORD = ("audit_event", "audit_access", "audit_link")
SEALED = ("audit_access", "audit_link")
"""Of the record's tables those that the application writes itself; ``audit_event`` is the trigger's alone."""
READ_ONLY = ("django_migrations",)
READABLE_HISTORY = "auditlog_logentry"
"""auditlog's table: added to, never taken from. Its actor is unlinked where an account is deleted."""


class RoleError(Exception):
    """The role can't be made by this login; the message says who can."""


def prepare() -> None:
    """Make the role and give it its rights on the tables of this version. Run by the owner; safe to repeat."""
    try:
        _make()
        _grant()
    except Exception as error:
        if isinstance(error.__cause__, errors.InsufficientPrivilege):
            message = f"This login may not make the role {ROLE}: give it CREATEROLE, or make the role as a superuser."
            raise RoleError(message) from error
        raise


def _make() -> None:
    role = sql.Identifier(ROLE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE])
        if not cursor.fetchone():
            # Another database of the same server may be making it at this moment.
            cursor.execute(
                sql.SQL(
                    "DO $$ BEGIN CREATE ROLE {} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;"
                    " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
                ).format(role)
            )
        cursor.execute("SELECT pg_has_role(current_user, %s, 'MEMBER')", [ROLE])
        if not cursor.fetchone()[0]:
            cursor.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(role))
        if password := settings.DATABASE_ROLE_PASSWORD:
            cursor.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(password)))


def _grant() -> None:
    with connection.cursor() as cursor:
        for statement in _grants(set(connection.introspection.table_names(cursor))):
            cursor.execute(statement)


def _grants(existing: set[str]) -> list[sql.Composed]:
    role = sql.Identifier(ROLE)
    parts = {name for name in existing if name.startswith(tuple(f"{table}_" for table in RECORD))}
    ordinary = existing - parts - {*RECORD, *READ_ONLY, READABLE_HISTORY}
    added = [READABLE_HISTORY, *SEALED]

    def on(rights: str, names: Iterable[str]) -> sql.Composed:
        tables = sql.SQL(", ").join(sql.Identifier(name) for name in sorted(names))
        return sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(rights), tables, role)

    return [
        # Whatever an older version gave is taken back first.
        sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(role),
        sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role),
        sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(role),
        on("SELECT, INSERT, UPDATE, DELETE", ordinary),
        on("SELECT", {*RECORD, *READ_ONLY} & existing),
        on("SELECT, INSERT", added),
        sql.SQL("GRANT UPDATE (actor_id) ON {} TO {}").format(sql.Identifier(READABLE_HISTORY), role),
        sql.SQL("GRANT EXECUTE ON FUNCTION audit_ensure_partitions(integer) TO {}").format(role),
    ]
