"""One function for each way in which a look at a record may need a question. None of them accuses anybody.

Each takes a day and yields what stands out. Looks "in passing" (lists, live boards) count nowhere; nor does
what a person saw of patients on whose care team they are, but for confidential records.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import median

from django.db import connection
from django.utils import timezone

from accounts.audit.models import AccessKind
from accounts.models import User
from patients.models import Patient

ON_PURPOSE = (AccessKind.VIEW, AccessKind.SEARCH, AccessKind.PRINT, AccessKind.EXPORT)
USUAL_DAYS, LEAST_DAYS = 28, 5
MANY, TIMES_USUAL = 50, 3
"""So many opened records a day, and so many times the person's own median of the last four weeks."""
APPOINTMENT_DAYS = 30
NIGHT_BEGINS, NIGHT_ENDS = 22, 6
"""Hours of the hospital's clock between which people without a roster are asked."""
BEFORE_AND_AFTER = "1 hour"
"""People come early and stay late."""


@dataclass(frozen=True)
class Unusual:
    """What stands out; ``patient_id`` is ``None`` where it is about a whole day."""

    actor_id: int
    patient_id: int | None
    evidence: str


@dataclass(frozen=True)
class Span:
    """A local day as instants: 23, 24 or 25 hours."""

    start: datetime
    end: datetime


def span_of(day: date) -> Span:
    """Return the first instant of a local day and of the next."""
    start, end = (datetime.combine(d, time.min) for d in (day, day + timedelta(days=1)))
    return Span(*(timezone.make_aware(at).astimezone(UTC) for at in (start, end)))


def confidential(day: date) -> Iterator[Unusual]:
    """Yield every look at a confidential record, whoever it was."""
    for actor, patient, count in _looks(day, "p.confidential"):
        yield Unusual(actor, patient, f"{_times(count)} at a confidential record.")


def own_record(day: date) -> Iterator[Unusual]:
    """Yield looks at a patient of the person's own name, who may be themselves."""
    same = "lower(p.family_name) = lower(u.family_name) AND lower(p.given_name) = lower(u.given_name)"
    for actor, patient, count in _looks(day, f"u.family_name <> '' AND {same}"):
        yield Unusual(actor, patient, f"{_times(count)} at a record with the person's own name.")


def same_surname(day: date) -> Iterator[Unusual]:
    """Yield looks at a patient of the person's surname: perhaps a relative."""
    same = "lower(p.family_name) = lower(u.family_name) AND lower(p.given_name) <> lower(u.given_name)"
    for actor, patient, count in _looks(day, f"u.family_name <> '' AND {same} AND NOT {_ON_TEAM}"):
        yield Unusual(actor, patient, f"{_times(count)} at a record with the person's surname.")


def colleague(day: date) -> Iterator[Unusual]:
    """Yield looks at a patient who has the name of another account: perhaps a colleague."""
    named = """EXISTS (SELECT FROM accounts_user AS c WHERE c.id <> u.id AND c.family_name <> ''
        AND lower(c.family_name) = lower(p.family_name) AND lower(c.given_name) = lower(p.given_name))"""
    for actor, patient, count in _looks(day, f"{named} AND NOT {_ON_TEAM}"):
        yield Unusual(actor, patient, f"{_times(count)} at a record with a colleague's name.")


def no_appointment(day: date) -> Iterator[Unusual]:
    """Yield opened records of patients with nothing to be done: no operation waits, or is within 30 days."""
    near = f"""EXISTS (SELECT FROM scheduling_operation AS o WHERE o.patient_id = p.id AND (
        o.status IN ('requested', 'waiting')
        OR o.period && tstzrange(%(start)s - interval '{APPOINTMENT_DAYS} days',
                                 %(end)s + interval '{APPOINTMENT_DAYS} days')))"""
    for actor, patient, count in _looks(day, f"NOT {near} AND NOT {_ON_TEAM}", opened_only=True):
        evidence = f"{_times(count)} at a record without an operation that waits or lies within 30 days."
        yield Unusual(actor, patient, evidence)


def off_duty(day: date) -> Iterator[Unusual]:
    """Yield people with a roster who opened records outside their shifts, an hour before and after allowed."""
    span = span_of(day)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.actor_id, count(*), min(a.at) FROM audit_access AS a
            JOIN resources_staffmember AS m ON m.user_id = a.actor_id
            WHERE a.at >= %(start)s AND a.at < %(end)s AND a.kind = ANY (%(kinds)s)
                AND EXISTS (SELECT FROM resources_shift AS s WHERE s.staff_member_id = m.resource_ptr_id
                    AND s.period && tstzrange(%(start)s - interval '14 days', %(end)s + interval '14 days'))
                AND NOT EXISTS (SELECT FROM resources_shift AS s WHERE s.staff_member_id = m.resource_ptr_id
                    AND s.period && tstzrange(a.at - %(around)s::interval, a.at + %(around)s::interval, '[]'))
            GROUP BY a.actor_id ORDER BY a.actor_id
            """,
            {"start": span.start, "end": span.end, "kinds": _kinds(ON_PURPOSE), "around": BEFORE_AND_AFTER},
        )
        for actor, count, first in cursor.fetchall():
            when = f"{timezone.localtime(first):%H:%M}"
            yield Unusual(actor, None, f"{_times(count)} at records outside the roster, the first at {when}.")


def night(day: date) -> Iterator[Unusual]:
    """Yield people without a roster who opened records at night, by the hospital's clock."""
    span = span_of(day)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH looks AS (
                SELECT actor_id, at, extract(hour FROM at AT TIME ZONE %(zone)s) AS hour FROM audit_access
                WHERE at >= %(start)s AND at < %(end)s AND kind = ANY (%(kinds)s) AND actor_id IS NOT NULL
            )
            SELECT actor_id, count(*), min(at) FROM looks
            WHERE (hour >= %(begins)s OR hour < %(ends)s) AND NOT EXISTS (
                SELECT FROM resources_staffmember AS m
                JOIN resources_shift AS s ON s.staff_member_id = m.resource_ptr_id
                WHERE m.user_id = actor_id
                    AND s.period && tstzrange(%(start)s - interval '14 days', %(end)s + interval '14 days'))
            GROUP BY actor_id ORDER BY actor_id
            """,
            {
                "start": span.start,
                "end": span.end,
                "kinds": _kinds(ON_PURPOSE),
                "zone": timezone.get_current_timezone_name(),
                "begins": NIGHT_BEGINS,
                "ends": NIGHT_ENDS,
            },
        )
        for actor, count, first in cursor.fetchall():
            when = f"{timezone.localtime(first):%H:%M}"
            yield Unusual(actor, None, f"{_times(count)} at records at night, without a roster; the first at {when}.")


def volume(day: date) -> Iterator[Unusual]:
    """Yield people who opened far more records than they usually do in a day."""
    today = _opened_by_day(day, day)
    usual = _opened_by_day(day - timedelta(days=USUAL_DAYS), day - timedelta(days=1))
    for actor, counts in today.items():
        count, before = counts[0], usual.get(actor, [])
        middle = median(before) if len(before) >= LEAST_DAYS else None
        if count >= MANY and (middle is None or count > TIMES_USUAL * middle):
            known = f"usually {middle:g} a day" if middle is not None else "too few days to know what is usual"
            yield Unusual(actor, None, f"{count} records opened; {known}.")


Rule = Callable[[date], Iterator[Unusual]]
RULES: dict[str, Rule] = {
    "confidential": confidential,
    "own_record": own_record,
    "same_surname": same_surname,
    "colleague": colleague,
    "no_appointment": no_appointment,
    "off_duty": off_duty,
    "night": night,
    "volume": volume,
}

_ON_TEAM = """EXISTS (SELECT FROM patients_careteammember AS t WHERE t.user_id = u.id AND t.content_object_id = p.id)"""


def _looks(day: date, where: str, *, opened_only: bool = False) -> list[tuple[int, int, int]]:
    """Return actor, patient and number of looks on purpose for which ``where`` holds; ``u`` and ``p`` are the two."""
    span = span_of(day)
    kinds = (AccessKind.VIEW, AccessKind.PRINT, AccessKind.EXPORT) if opened_only else ON_PURPOSE
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH looks AS (
                SELECT actor_id, coalesce(seen.merged_into_id, seen.id) AS patient_id, count(*) AS times
                FROM audit_access JOIN {Patient._meta.db_table} AS seen ON seen.id = patient_id
                WHERE at >= %(start)s AND at < %(end)s AND kind = ANY (%(kinds)s) AND actor_id IS NOT NULL
                GROUP BY 1, 2
            )
            SELECT u.id, p.id, looks.times FROM looks
            JOIN {User._meta.db_table} AS u ON u.id = looks.actor_id
            JOIN {Patient._meta.db_table} AS p ON p.id = looks.patient_id
            WHERE {where} ORDER BY u.id, p.id
            """,  # noqa: S608, SLF001  # our own text
            {"start": span.start, "end": span.end, "kinds": _kinds(kinds)},
        )
        found: list[tuple[int, int, int]] = cursor.fetchall()
    return found


def _opened_by_day(first: date, last: date) -> dict[int, list[int]]:
    """Return for each person on how many patients they opened a record, by day with any."""
    counts: dict[int, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT actor_id, count(DISTINCT patient_id) FROM audit_access
            WHERE at >= %s AND at < %s AND kind = 'view' AND actor_id IS NOT NULL
            GROUP BY actor_id, (at AT TIME ZONE %s)::date ORDER BY actor_id
            """,
            [span_of(first).start, span_of(last).end, timezone.get_current_timezone_name()],
        )
        for actor, count in cursor.fetchall():
            counts.setdefault(actor, []).append(count)
    return counts


def _kinds(kinds: tuple[AccessKind, ...]) -> list[str]:
    return [str(kind) for kind in kinds]


def _times(count: int) -> str:
    return "One look" if count == 1 else f"{count} looks"
