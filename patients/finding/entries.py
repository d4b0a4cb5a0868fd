"""Each way in which criteria may be met, asked of the index.

In SQL, because the order in which the index is read is what makes the first rows of twenty thousand quick.
Everything here is below rights: what it returns are numbers for :mod:`patients.finding.search` to look at.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q, QuerySet

from patients.finding.birth import Birth
from patients.models import (
    IdentifierSystem,
    Patient,
    PatientIdentifier,
    digits_of,
    number_index,
    phone_index,
    qualified,
)

PAST_ALL = "\U0010ffff"
"""Greater than any letter: where the words that begin so end."""
COUNTED = 3_000


class Entry(NamedTuple):
    """A patient who meets criteria, with what the order needs."""

    patient_id: int
    names: str
    born: date | None


@dataclass(frozen=True)
class Condition:
    """A part of a WHERE."""

    sql: str
    values: list[Any] = field(default_factory=list)


def all_of(conditions: Iterable[Condition]) -> Condition:
    """Join by AND."""
    return _joined(conditions, " AND ", "true")


def any_of(conditions: Iterable[Condition]) -> Condition:
    """Join by OR."""
    return _joined(conditions, " OR ", "false")


def _joined(conditions: Iterable[Condition], by: str, empty: str) -> Condition:
    found = list(conditions)
    sql = by.join(f"({one.sql})" for one in found) or empty
    return Condition(sql, [value for one in found for value in one.values])


def is_word(word: str) -> Condition:
    """Entries of the word."""
    return Condition("entry.word = %s", [word])


def begins(word: str) -> Condition:
    """Entries of the words that begin so."""
    return Condition("entry.word >= %s AND entry.word < %s", [word, word + PAST_ALL])


def is_one_of(words: Sequence[str]) -> Condition:
    """Entries of any of the words."""
    return Condition("entry.word = ANY (%s)", [list(words)])


def has_word(word: str) -> Condition:
    """Entries of patients who have the word among their names."""
    return Condition("entry.names LIKE %s", [f"% {word} %"])


def has_beginning(word: str) -> Condition:
    """Entries of patients of whose names one begins so."""
    return Condition("entry.names LIKE %s", [f"% {word}%"])


def has_one_of(words: Sequence[str]) -> Condition:
    """Entries of patients who have one of the words among their names."""
    return Condition("entry.names LIKE ANY (%s)", [[f"% {word} %" for word in words]])


def born(births: Sequence[Birth]) -> Condition:
    """Entries of patients who may be born so; where only the year is known, its first day is on record."""
    return any_of(
        Condition("entry.born = ANY (%s)", [[one.first, *one.rough]])
        if one.is_day
        else Condition("entry.born BETWEEN %s AND %s", [one.first, one.last])
        for one in births
    )


_HAS_NUMBER = """
    EXISTS (SELECT FROM patients_patient AS patient WHERE patient.id = entry.patient_id AND (
        starts_with(upper(regexp_replace(patient.mrn, '[^[:alnum:]]', '', 'g')), %s)
        OR patient.phone_index = %s OR patient.national_number_index = %s))
"""


def numbered(number: str) -> Condition:
    """Entries of patients one of whose numbers it is, or begins so; or in whose name it stands."""
    keys = [number, phone_index(number), number_index(number)]
    return any_of([has_beginning(number.lower()), Condition(_HAS_NUMBER, keys)])


def among(patients: Iterable[int]) -> Condition:
    """Entries of these patients."""
    return Condition("entry.patient_id = ANY (%s)", [list(patients)])


def of(patients: QuerySet[Any]) -> Condition:
    """Entries of the patients whose numbers the query gives."""
    sql, values = patients.query.sql_with_params()
    return Condition(f"entry.patient_id IN ({sql})", list(values))


def entries(wanted: Condition, *, limit: int, offset: int = 0) -> list[Entry]:
    """Return entries in the order of their words, then of the names."""
    statement = f"""
        SELECT entry.patient_id, entry.names, entry.born FROM patients_nameword AS entry WHERE {wanted.sql}
        ORDER BY entry.word, entry.names, entry.patient_id LIMIT {limit:d} OFFSET {offset:d}
    """  # noqa: S608  # our own words; what was typed goes as values
    with connection.cursor() as cursor:
        cursor.execute(statement, wanted.values)
        return [Entry(*row) for row in cursor.fetchall()]


def counts(conditions: Sequence[Condition]) -> list[int]:
    """Return how many entries each has, in one query; from :data:`COUNTED` on all are as many."""
    parts = ", ".join(
        f"(SELECT count(*) FROM (SELECT FROM patients_nameword AS entry WHERE {one.sql} LIMIT {COUNTED}) AS few)"  # noqa: S608
        for one in conditions
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {parts}", [value for one in conditions for value in one.values])
        return list(cursor.fetchone())


def by_birth(births: Sequence[Birth], *, limit: int) -> list[Entry]:
    """Return the patients born on one of the days."""
    days = [one.first for one in births if one.is_day]
    rows = Patient.objects.filter(date_of_birth__in=days).order_by()
    return [
        Entry(pk, f"{family} {given}".lower(), day)
        for pk, family, given, day in rows.values_list("pk", "family_name", "given_name", "date_of_birth")[:limit]
    ]


def by_mrn_beginning(number: str, *, limit: int) -> list[int]:
    """Return the patients whose MRN begins so, in its order."""
    pattern = number.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM patients_patient WHERE mrn LIKE %s ORDER BY mrn USING ~<~ LIMIT %s", [pattern, limit]
        )
        return [pk for (pk,) in cursor.fetchall()]


def by_whole_number(whole: str, number: str) -> list[int]:
    """Return the patients one of whose numbers was typed: MRN, national number, another system's, phone."""
    typed = {whole.upper(), number} - {""}
    keyed = {index for one in typed if (index := number_index(one))} if number else set()
    ending = phone_index(whole) if number else None
    found = Patient.objects.filter(
        Q(mrn__in=typed)
        | (Q(national_number_index__in=keyed) if keyed else Q())
        | (Q(phone_index=ending) if ending else Q())
    )
    rows = found.order_by("pk").only("pk", "mrn", "national_number_index", "phone")
    of_patient = [row.pk for row in rows if _is_really(row, typed, keyed, digits_of(whole))]
    return list(dict.fromkeys([*of_patient, *(_by_identifier(typed) if number else ())]))


def _is_really(row: Patient, typed: set[str], keyed: set[str], digits: str) -> bool:
    """Look at the whole of a phone: the index knows its last digits only."""
    return row.mrn in typed or row.national_number_index in keyed or same_phone(row.phone, digits)


def same_phone(phone: str, digits: str) -> bool:
    """Say whether two writings may be one number: the one ends as the other, but for zeros in front."""
    one, other = digits_of(phone).lstrip("0"), digits.lstrip("0")
    return bool(one and other) and (one.endswith(other) or other.endswith(one))


def _by_identifier(typed: Iterable[str]) -> list[int]:
    field = PatientIdentifier._meta.get_field("value_index")  # noqa: SLF001  # Django's public name for it
    systems = list(IdentifierSystem.objects.values_list("pk", flat=True))
    indexes = {field.index_of(qualified(system, one)) for system in systems for one in typed}
    rows = PatientIdentifier.objects.filter(value_index__in=indexes - {None})
    return list(rows.order_by("pk").values_list("patient", flat=True))
