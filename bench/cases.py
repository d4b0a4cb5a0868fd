"""Cases by the thousand or the million, written straight into the tables: history, and days to come.

Each case has two reservations (theatre, lead surgeon) and its history rows, so that
:func:`scheduling.integrity.find_breaches` has nothing to say about them.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from bench.house import House
from patients.models import Patient
from scheduling.models import Operation

TABLES = ("scheduling_operation", "scheduling_reservation", "scheduling_operationchange")
IN_ROOM, SET_UP, ANAESTHESIA, CLEAN_UP = 60, 10, 15, 10
_COLUMNS = """
    id, patient_id, procedure_id, specialty_id, lead_surgeon_id, priority_id, listed_on, due_on,
    set_up_minutes, anaesthesia_minutes, surgery_minutes, clean_up_minutes, side, estimate_source,
    anaesthesia_type, infectious, day_case, bed_kind, bed_minutes, notes, status, theatre_id, period, version
"""
_PLACED = f"""
    INSERT INTO scheduling_operation ({_COLUMNS})
    SELECT %(base)s + n, 1 + (%(base)s + n) %% %(patients)s, %(procedure)s, %(specialty)s,
        (%(surgeons)s::bigint[])[theatre], %(priority)s, day - 30, day + 1470,
        {SET_UP}, {ANAESTHESIA}, {IN_ROOM - ANAESTHESIA}, {CLEAN_UP}, 'not_applicable', 'catalogue',
        'general', false, false, 'recovery', 60, '', %(status)s, (%(theatres)s::bigint[])[theatre],
        tstzrange(at, at + interval '{IN_ROOM} minutes'), 1
    FROM generate_series(0, %(count)s - 1) AS n,
        LATERAL (SELECT %(first_day)s::date + (n / %(a_day)s)::int AS day, n %% %(a_day)s AS k) AS d,
        LATERAL (SELECT 1 + k %% %(rooms)s AS theatre,
            (day + time '07:30') AT TIME ZONE %(zone)s + k / %(rooms)s * interval '90 minutes' AS at) AS p
"""
_RESERVATIONS = """
    INSERT INTO scheduling_reservation (operation_id, resource_id, role, period, active, exclusive)
    SELECT o.id, held.resource_id, held.role, held.period, true, true
    FROM scheduling_operation o, LATERAL (VALUES
        (o.theatre_id, 'theatre', tstzrange(lower(o.period) - o.set_up_minutes * interval '1 minute',
                                            upper(o.period) + o.clean_up_minutes * interval '1 minute')),
        (o.lead_surgeon_id, 'lead_surgeon',
            tstzrange(lower(o.period) + o.anaesthesia_minutes * interval '1 minute', upper(o.period)))
    ) AS held(resource_id, role, period)
    WHERE o.id >= %(base)s AND o.id < %(base)s + %(count)s
"""
_HISTORY = """
    INSERT INTO scheduling_operationchange (operation_id, version, verb, actor_id, at, before, after, note, overrides)
    SELECT o.id, 1, 'requested', %(actor)s, now(), '{}', jsonb_build_object('status', o.status,
        'theatre', o.theatre_id, 'start', lower(o.period), 'end', upper(o.period)), '', '[]'
    FROM scheduling_operation o
    WHERE o.id >= %(base)s AND o.id < %(base)s + %(count)s
"""
_WAITING = f"""
    INSERT INTO scheduling_operation ({_COLUMNS})
    SELECT %(base)s + n, 1 + (%(base)s + n) %% %(patients)s, %(procedure)s, %(specialty)s, null, %(priority)s,
        current_date - 20, current_date + 1480, {SET_UP}, {ANAESTHESIA}, {IN_ROOM - ANAESTHESIA}, {CLEAN_UP},
        'not_applicable', 'catalogue', 'general', false, false, 'recovery', 60, '', 'waiting', null, null, 1
    FROM generate_series(0, %(count)s - 1) AS n
"""
_NEEDS = (
    """
    INSERT INTO scheduling_operation_features (operation_id, feature_id)
    SELECT o.id, f.feature_id FROM scheduling_operation o JOIN scheduling_procedure_features f USING (procedure_id)
    WHERE o.id >= %(base)s AND o.id < %(base)s + %(count)s
    """,
    """
    INSERT INTO scheduling_operationequipment (operation_id, equipment_type_id, quantity)
    SELECT o.id, e.equipment_type_id, e.quantity
    FROM scheduling_operation o JOIN scheduling_procedureequipment e USING (procedure_id)
    WHERE o.id >= %(base)s AND o.id < %(base)s + %(count)s
    """,
    """
    INSERT INTO scheduling_operationstaff (operation_id, role, quantity)
    SELECT o.id, s.role, s.quantity
    FROM scheduling_operation o JOIN scheduling_procedurestaff s USING (procedure_id)
    WHERE o.id >= %(base)s AND o.id < %(base)s + %(count)s
    """,
)


@dataclass(frozen=True, kw_only=True)
class Cases:
    """Numbers of operations that were made together: ``first`` up to but without ``first + count``."""

    first: int
    count: int

    @property
    def numbers(self) -> range:
        """Return the operations' numbers."""
        return range(self.first, self.first + self.count)


def place_cases(house: House, *, first_day: date, days: int, a_day: int, status: str) -> Cases:
    """Write ``a_day`` placed cases on each of ``days`` days: 7:30 in every theatre, then every 90 minutes."""
    cases = Cases(first=_next_number(), count=days * a_day)
    crews = house.crews
    params = _params(house, cases) | {
        "first_day": first_day,
        "a_day": a_day,
        "rooms": len(crews),
        "theatres": [crew.theatre_id for crew in crews],
        "surgeons": [crew.surgeon_id for crew in crews],
        "status": status,
        "zone": timezone.get_current_timezone_name(),
    }
    _execute((_PLACED, _RESERVATIONS, _HISTORY), params)
    return cases


def list_cases(house: House, count: int) -> Cases:
    """Write ``count`` cases on the waiting list, with the procedure's needs."""
    cases = Cases(first=_next_number(), count=count)
    _execute((_WAITING, *_NEEDS, _HISTORY), _params(house, cases))
    return cases


def settle() -> None:
    """Bring statistics, visibility maps and number sequences to what the tables hold now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('scheduling_operation', 'id'), max(id)) FROM scheduling_operation"
        )
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def _next_number() -> int:
    last = Operation.objects.order_by("-pk").values_list("pk", flat=True).first()
    return (last or 0) + 1


def _params(house: House, cases: Cases) -> dict[str, object]:
    return {
        "base": cases.first,
        "count": cases.count,
        "procedure": house.procedure.pk,
        "specialty": house.specialty.pk,
        "priority": house.priority.pk,
        "actor": house.actor.pk,
        "patients": Patient.objects.count(),
    }


def _execute(statements: Iterable[str], params: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, params)


@contextmanager
def without_indexes() -> Iterator[None]:
    """Load in bulk: take the three tables' indexes and constraints away and make them again afterwards.

    The exclusion constraints come back as plain indexes of the same definition: reading is the same,
    and PostgreSQL does not look up each of ten million rows to see whether another one overlaps it.
    Where the role may, foreign keys are not checked either; the rows refer to what is there.
    """
    with connection.cursor() as cursor:
        _relax_foreign_keys("replica")
        cursor.execute(_DEFINITIONS, [list(TABLES)])
        defined = cursor.fetchall()
        for drop, _ in defined:
            cursor.execute(drop)
        try:
            yield
        finally:
            cursor.execute("SET maintenance_work_mem = '1GB'")
            for _, create in defined:
                cursor.execute(create)
            _relax_foreign_keys("origin")


_DEFINITIONS = """
    SELECT CASE WHEN c.conname IS NULL THEN format('DROP INDEX %%I', i.indexrelid::regclass)
                ELSE format('ALTER TABLE %%s DROP CONSTRAINT %%I', i.indrelid::regclass, c.conname) END,
        CASE WHEN c.contype IS DISTINCT FROM 'u' THEN pg_get_indexdef(i.indexrelid)
             ELSE format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', i.indrelid::regclass, c.conname,
                         pg_get_constraintdef(c.oid)) END
    FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid
    WHERE i.indrelid = ANY (%s::regclass[]) AND NOT i.indisprimary
    ORDER BY 1
"""


def _relax_foreign_keys(role: str) -> None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET session_replication_role = {role}")
    except ProgrammingError:  # no superuser: then the keys are checked, which takes longer
        pass
