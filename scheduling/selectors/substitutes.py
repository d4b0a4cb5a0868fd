"""Who or what could take the place of somebody or something that an operation holds, in one statement for many."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from resources.models import ResourceKind
from scheduling.conflicts.rules_hard import PROFESSIONS

ASKED = 16
"""So many who look free are named for each, those with the fewest minutes in the week first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody or something of the same kind that holds nothing then; ``minutes`` are booked in that week."""

    resource_id: int
    name: str
    minutes: int
    tail_minutes: int
    """How long it stays held after use: sterilisation of equipment."""


_CANDIDATES = """
SELECT wanted.id, free.id, free.name, free.minutes, free.tail
FROM scheduling_reservation wanted
JOIN scheduling_operation operation ON operation.id = wanted.operation_id
JOIN scheduling_priority urgency ON urgency.id = operation.priority_id
JOIN resources_resource gone ON gone.id = wanted.resource_id
LEFT JOIN resources_equipmentitem gone_item ON gone_item.resource_ptr_id = gone.id
LEFT JOIN resources_bed gone_bed ON gone_bed.resource_ptr_id = gone.id
CROSS JOIN LATERAL (
    SELECT date_trunc('week', lower(wanted.period) AT TIME ZONE %(zone)s) AS monday
) AS its
CROSS JOIN LATERAL (
    SELECT tstzrange(its.monday AT TIME ZONE %(zone)s, (its.monday + interval '7 days') AT TIME ZONE %(zone)s) AS week
) AS weekly
CROSS JOIN LATERAL (
    SELECT r.id, r.name, coalesce(worked.minutes, 0) AS minutes, coalesce(kind.turnaround_minutes, 0) AS tail
    FROM resources_resource r
    LEFT JOIN resources_staffmember person ON person.resource_ptr_id = r.id
    LEFT JOIN resources_equipmentitem item ON item.resource_ptr_id = r.id
    LEFT JOIN resources_equipmenttype kind ON kind.id = item.type_id
    LEFT JOIN resources_bed bed ON bed.resource_ptr_id = r.id
    LEFT JOIN LATERAL (
        SELECT sum(extract(epoch FROM upper(period) - lower(period)) / 60) AS minutes
        FROM (
            SELECT held.period FROM scheduling_reservation held
            WHERE held.resource_id = r.id AND held.active AND held.exclusive AND held.period && weekly.week
            UNION ALL
            SELECT held.period FROM scheduling_reservation held
            WHERE held.resource_id = r.id AND held.active AND NOT held.exclusive AND held.period && weekly.week
        ) AS held
    ) AS worked ON true
    WHERE r.in_use AND r.kind = gone.kind AND CASE r.kind
        WHEN %(staff)s THEN
            (wanted.role, person.profession) IN (SELECT * FROM unnest(%(roles)s::text[], %(professions)s::text[]))
            AND (NOT person.rostered OR EXISTS (
                SELECT FROM resources_shift duty WHERE duty.staff_member_id = r.id AND duty.period @> wanted.period
                AND (urgency.emergency OR NOT duty.on_call)))
        WHEN %(equipment)s THEN item.type_id = gone_item.type_id
        ELSE bed.bed_kind = gone_bed.bed_kind
    END
    AND NOT EXISTS (
        SELECT FROM scheduling_reservation held
        WHERE held.resource_id = r.id AND held.active AND held.exclusive AND held.period && wanted.period)
    AND NOT EXISTS (
        SELECT FROM scheduling_reservation held
        WHERE held.resource_id = r.id AND held.active AND NOT held.exclusive AND held.period && wanted.period)
    AND NOT EXISTS (
        SELECT FROM resources_unavailability away WHERE away.resource_id = r.id AND away.period && wanted.period)
    ORDER BY minutes, r.name, r.id
    LIMIT %(asked)s
) AS free
WHERE wanted.id = ANY (%(wanted)s::bigint[])
ORDER BY wanted.id, free.minutes, free.name, free.id
"""
"""Exclusive and shared reservations apart: each kind has an index of its own that knows the period."""


def candidates(reservations: Iterable[int]) -> dict[int, list[Candidate]]:
    """Return for each reservation (its number) who could stand in; each still has to pass the rules."""
    pairs = [(str(role), str(one)) for role, able in PROFESSIONS.items() for one in able]
    with connection.cursor() as cursor:
        cursor.execute(
            _CANDIDATES,
            {
                "wanted": list(reservations),
                "zone": timezone.get_current_timezone_name(),
                "staff": ResourceKind.STAFF,
                "equipment": ResourceKind.EQUIPMENT,
                "roles": [role for role, _ in pairs],
                "professions": [profession for _, profession in pairs],
                "asked": ASKED,
            },
        )
        rows = cursor.fetchall()
    found: dict[int, list[Candidate]] = defaultdict(list)
    for wanted, number, name, minutes, tail in rows:
        found[wanted].append(Candidate(resource_id=number, name=name, minutes=round(minutes), tail_minutes=tail))
    return found
