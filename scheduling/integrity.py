"""The promise, checked from outside: what must never be found in the database.

The race test, the benches, ``manage.py verify_bookings`` and the nightly task all ask
:func:`find_breaches`. Each check is one SQL statement that looks at the rows alone and knows
nothing of locks or constraints.
"""

from dataclasses import dataclass

from django.db import connection

CHECKS: dict[str, tuple[str, str]] = {
    "resource in two places": (
        "Operations {} and {} hold the same resource at the same time.",
        """
        SELECT one.operation_id, other.operation_id
        FROM scheduling_reservation one
        JOIN scheduling_reservation other ON other.resource_id = one.resource_id AND other.id > one.id
            AND other.period && one.period
        WHERE one.active AND one.exclusive AND other.active AND other.exclusive
        """,
    ),
    "patient in two places": (
        "Operations {} and {} have the same patient at the same time.",
        """
        SELECT one.id, other.id
        FROM scheduling_operation one
        JOIN scheduling_operation other ON other.patient_id = one.patient_id AND other.id > one.id
            AND other.period && one.period
        """,
    ),
    "placed without its theatre": (
        "Operation {} is on the calendar and does not hold its theatre for its time (theatre {}).",
        """
        SELECT o.id, o.theatre_id FROM scheduling_operation o
        WHERE o.period IS NOT NULL AND NOT EXISTS (
            SELECT FROM scheduling_reservation r
            WHERE r.operation_id = o.id AND r.resource_id = o.theatre_id AND r.role = 'theatre'
              AND r.active AND r.exclusive AND r.period @> o.period)
        """,
    ),
    "holds without being placed": (
        "Operation {} is not on the calendar and still holds resource {}.",
        """
        SELECT o.id, r.resource_id FROM scheduling_operation o
        JOIN scheduling_reservation r ON r.operation_id = o.id AND r.active
        WHERE o.period IS NULL
        """,
    ),
    "holds a second theatre": (
        "Operation {} holds theatre {}, which is not its own.",
        """
        SELECT o.id, r.resource_id FROM scheduling_operation o
        JOIN scheduling_reservation r ON r.operation_id = o.id AND r.active AND r.role = 'theatre'
        WHERE r.resource_id <> o.theatre_id
        """,
    ),
    "history with a gap": (
        "Operation {} is at version {} and its history does not have one row for each.",
        """
        SELECT o.id, o.version FROM scheduling_operation o
        LEFT JOIN scheduling_operationchange c ON c.operation_id = o.id
        GROUP BY o.id
        HAVING count(c.id) <> o.version OR max(c.version) <> o.version
        """,
    ),
    "history that tells another story": (
        "Operation {} is not where its last change (version {}) put it.",
        """
        SELECT o.id, o.version FROM scheduling_operation o
        JOIN scheduling_operationchange c ON c.operation_id = o.id AND c.version = o.version
        WHERE c.after ->> 'status' <> o.status
           OR (c.after ->> 'theatre')::bigint IS DISTINCT FROM o.theatre_id
           OR (c.after ->> 'start')::timestamptz IS DISTINCT FROM lower(o.period)
           OR (c.after ->> 'end')::timestamptz IS DISTINCT FROM upper(o.period)
        """,
    ),
}
"""By name: the sentence for a row found, and the statement that finds rows of two numbers."""


@dataclass(frozen=True, slots=True)
class Breach:
    """Something that must not be; ``message`` names operations by number."""

    check: str
    message: str


def find_breaches() -> list[Breach]:
    """Return every breach of the promise in the whole database; an empty list is the only good one."""
    breaches = []
    with connection.cursor() as cursor:
        for check, (sentence, statement) in CHECKS.items():
            cursor.execute(statement)
            breaches += [Breach(check, sentence.format(*row)) for row in cursor.fetchall()]
    return breaches
