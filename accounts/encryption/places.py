"""Where encrypted values lie in the database, and how they are walked through while the site works.

Everything here reads and writes columns by SQL, below the fields: rows are looked at by their tokens,
locked a batch at a time in the order of their keys, and never read in clear.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from django.apps import apps
from django.db import connection, transaction
from django.db.models import Model

from accounts.encryption.cipher import VERSION, decrypt_text, encrypt_text, rewrap
from accounts.encryption.fields import Encrypted, EncryptedJSONField, encrypted_fields, is_token
from accounts.encryption.keyring import current_name

CLEAR = "(clear)"
"""What stands in a count instead of a key's name for values that are not encrypted yet."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """One column, or one value of a JSON column: SQL that reads it, and that sets it to ``fresh.value``.

    ``write_clear`` is there where that is not how a text in clear is written.
    """

    table: str
    key: str
    name: str
    purpose: str
    read: str
    write: str
    write_clear: str = ""


def json_column(table: str, name: str, *, key: str = "id") -> Place:
    """Return the place of an encrypted JSON field: a token is a JSON string, anything else is in clear."""
    read = f"""CASE WHEN jsonb_typeof({table}.{name}) = 'string' THEN {table}.{name} #>> '{{}}'
        WHEN {table}.{name} IN ('[]', '{{}}', 'null') THEN '' ELSE {table}.{name}::text END"""
    return Place(
        table=table,
        key=key,
        name=name,
        purpose=f"{table}:{name}",
        read=f"({read})",
        write=f"{name} = to_jsonb(fresh.value)",
        write_clear=f"{name} = fresh.value::jsonb",
    )


def column(table: str, name: str, *, key: str = "id") -> Place:
    """Return the place of an encrypted field."""
    write = f"{name} = fresh.value"
    return Place(table=table, key=key, name=name, purpose=f"{table}:{name}", read=f"{table}.{name}", write=write)


def _second_factor(name: str) -> Place:
    return Place(
        table="mfa_authenticator",
        key="id",
        name=f"data.{name}",
        purpose="second-factor",
        read=f"mfa_authenticator.data ->> '{name}'",
        write=f"data = jsonb_set(data, '{{{name}}}', to_jsonb(fresh.value))",
    )


OTHERS = [_second_factor("secret"), _second_factor("seed")]
"""Values that no field of ours holds: allauth keeps them in JSON, encrypted by our adapter."""


def all_places() -> list[Place]:
    """Return every place in which an encrypted value may lie."""
    models = [model for model in apps.get_models() if not model._meta.proxy]  # noqa: SLF001
    ours = [_place(model, field) for model in models for field in encrypted_fields(model)]
    return [*ours, *OTHERS]


def _place(model: type[Model], field: Encrypted) -> Place:
    make = json_column if isinstance(field, EncryptedJSONField) else column
    options = model._meta  # noqa: SLF001  # Django's public name for it
    return make(options.db_table, str(field.column), key=str(options.pk.column))


def counts_by_key(place: Place) -> dict[str, int]:
    """Return how many values lie there under each key."""
    statement = f"""
        SELECT CASE WHEN starts_with({place.read}, %s) THEN split_part({place.read}, '.', 2) ELSE %s END, count(*)
        FROM {place.table} WHERE {place.read} <> '' GROUP BY 1
    """  # noqa: S608  # names of our own tables
    with connection.cursor() as cursor:
        cursor.execute(statement, [f"{VERSION}.", CLEAR])
        return dict(cursor.fetchall())


def renew(token: str, place: Place) -> str:
    """Return the value under today's key, encrypting what is not yet."""
    change = rewrap if is_token(token) else encrypt_text
    return change(token, purpose=place.purpose)


def renew_all(place: Place, *, batch: int) -> Iterator[int]:
    """Bring every value under today's key; yields the rows of each batch once they are committed.

    Rows that somebody else is writing are skipped; a further walk finds them. No progress is stored:
    what is left to do is what is not under today's key.
    """
    left = f"{place.read} <> '' AND NOT starts_with({place.read}, %s)"
    return walk(place, left, f"{VERSION}.{current_name()}.", lambda value: renew(value, place), batch=batch)


def clear_all(place: Place, *, batch: int) -> Iterator[int]:
    """Write every value back in clear, so that a release that knows no encryption can read it."""
    clear = replace(place, write=place.write_clear or place.write)
    tokens = f"starts_with({place.read}, %s)"
    return walk(clear, tokens, f"{VERSION}.", lambda token: decrypt_text(token, purpose=place.purpose), batch=batch)


def walk(place: Place, where: str, argument: str, change: Callable[[str], str], *, batch: int) -> Iterator[int]:
    """Change the values for which ``where`` holds, a batch and a transaction at a time, in the order of keys."""
    after: int | None = -(2**63)
    while after is not None:
        with transaction.atomic(durable=True):
            rows = _lock(place, where, [after, argument, batch])
            _write(place, [(key, change(value)) for key, value in rows])
        after = rows[-1][0] if rows else None
        if rows:
            yield len(rows)


def _lock(place: Place, where: str, arguments: list[int | str]) -> list[tuple[int, str]]:
    statement = f"""
        SELECT {place.key}, {place.read} FROM {place.table} WHERE {place.key} > %s AND {where}
        ORDER BY {place.key} LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        found: list[tuple[int, str]] = cursor.fetchall()
    return found


def _write(place: Place, rows: list[tuple[int, str]]) -> None:
    statement = f"""
        UPDATE {place.table} SET {place.write} FROM unnest(%s::bigint[], %s::text[]) AS fresh(key, value)
        WHERE {place.table}.{place.key} = fresh.key
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [[key for key, _ in rows], [value for _, value in rows]])
