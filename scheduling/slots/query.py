"""The one SQL statement that finds free slots, by multirange arithmetic.

The idea: a resource that is free in ``[a, b)`` and that an operation starting at ``s`` holds for
``[s + before, s + after)`` allows exactly the starts ``[a - before, b - after]``. Each free stretch
is eroded to such a stretch of *starts*; several resources at once are the intersection of their
starts, "any two of these five" is where at least two of five stretches of starts overlap. All
minutes are elapsed time, so clock changes need no care; only opening hours are laid out from local
time, by PostgreSQL's own zone rules.
"""

from scheduling.opening import HOURS_ON
from scheduling.ownership import OPEN_TO_ALL, OWNED_BY


def _eroded(free: str, before: str, after: str) -> str:
    """Return SQL for the starts that the multirange ``free`` allows; offsets are SQL minutes."""
    return f"""coalesce((
        SELECT range_agg(tstzrange(lower(f) - {before} * interval '1 minute',
                                   upper(f) - {after} * interval '1 minute', '[]'))
        FROM unnest({free}) AS f
        WHERE upper(f) - lower(f) >= ({after} - {before}) * interval '1 minute'
    ), '{{}}'::tstzmultirange)"""  # noqa: S608  # put together from constants below


def _laid_out(day: str, opens: str, closes: str) -> str:
    """Return SQL for a local stretch of a day; closing at 00:00 is midnight at its end.

    A start that the clock change skips can be later than the end: then the stretch is empty.
    """
    start = f"({day} + {opens}) AT TIME ZONE %(zone)s"
    end = (
        f"""CASE WHEN {closes} = '00:00' THEN ({day} + 1)::timestamp ELSE {day} + {closes} END AT TIME ZONE %(zone)s"""
    )
    return f"tstzrange(least({start}, {end}), {end})"


def _day(at: str, days: int = 0) -> str:
    """Return SQL for the local midnight before the instant ``at``, or one of the next days."""
    return f"((date_trunc('day', {at} AT TIME ZONE %(zone)s) + {days} * interval '1 day') AT TIME ZONE %(zone)s)"


FIND_SLOTS = f"""
WITH days AS (
    SELECT day::date FROM generate_series(%(first_day)s::date, %(last_day)s::date, '1 day') AS day
), theatre AS (
    SELECT t.resource_ptr_id AS id, r.name, t.position,
        greatest(t.turnover_minutes, (SELECT turnover_minutes FROM resources_specialty WHERE id = %(specialty)s))
            AS turnover_minutes,
        t.kept_for_emergencies AND NOT %(emergency)s AS own_blocks_only
    FROM resources_theatre t JOIN resources_resource r ON r.id = t.resource_ptr_id
    WHERE r.in_use AND (%(theatres)s::bigint[] IS NULL OR r.id = ANY(%(theatres)s::bigint[]))
      AND NOT EXISTS (
        SELECT FROM scheduling_operation_features need
        WHERE need.operation_id = %(operation)s AND NOT EXISTS (
            SELECT FROM resources_theatre_features has
            WHERE has.theatre_id = t.resource_ptr_id AND has.feature_id = need.feature_id))
), requirement AS (
    SELECT * FROM jsonb_to_recordset(%(requirements)s::jsonb)
        AS r(key text, quantity int, resource_id bigint, before int, after int)
), concerned AS (
    SELECT id FROM theatre UNION SELECT resource_id FROM requirement
), booked AS (
    -- exclusive and shared ones apart: each kind has an index of its own that knows the period
    SELECT held.resource_id, held.period, held.exclusive
    FROM scheduling_reservation held JOIN concerned ON concerned.id = held.resource_id
    WHERE held.active AND held.exclusive AND held.period && %(wide)s::tstzrange
      AND held.operation_id <> %(operation)s
    UNION ALL
    SELECT held.resource_id, held.period, held.exclusive
    FROM scheduling_reservation held JOIN concerned ON concerned.id = held.resource_id
    WHERE held.active AND NOT held.exclusive AND held.period && %(wide)s::tstzrange
      AND held.operation_id <> %(operation)s
), taken AS (
    SELECT resource_id, range_agg(period) AS held FROM booked WHERE exclusive GROUP BY resource_id
), lists AS (
    -- tainted: starts that would put a clean case after an infectious one on the same day, or the reverse
    -- in_room: widened where the other case's specialty takes longer to turn over than this theatre and specialty
    SELECT o.theatre_id,
        range_agg(tstzrange(lower(o.period) - extra.minutes * interval '1 minute',
                            upper(o.period) + extra.minutes * interval '1 minute')) AS in_room,
        range_agg(CASE WHEN %(infectious)s
            THEN tstzrange({_day("lower(o.period)")}, lower(o.period), '[]')
            ELSE tstzrange(lower(o.period), {_day("lower(o.period)", 1)}) END
        ) FILTER (WHERE o.infectious <> %(infectious)s) AS tainted
    FROM scheduling_operation o JOIN theatre ON theatre.id = o.theatre_id
        JOIN resources_specialty s ON s.id = o.specialty_id,
        LATERAL (SELECT greatest(0, s.turnover_minutes - theatre.turnover_minutes) AS minutes) AS extra
    WHERE o.period && %(wide)s::tstzrange AND o.id <> %(operation)s
    GROUP BY o.theatre_id
), away AS (
    SELECT u.resource_id, range_agg(u.period * %(wide)s::tstzrange) AS away
    FROM resources_unavailability u JOIN concerned ON concerned.id = u.resource_id
    WHERE u.period && %(wide)s::tstzrange
    GROUP BY u.resource_id
), opened AS (
    SELECT hours.theatre_id, range_agg({_laid_out("hours.day", "hours.opens", "hours.closes")}) AS open
    FROM ({HOURS_ON}) AS hours
    GROUP BY hours.theatre_id
), owned AS (
    SELECT owned.theatre_id,
        range_agg(owned.period) FILTER (WHERE mine.mine) AS own,
        range_agg(owned.period) FILTER (WHERE NOT mine.mine AND NOT {OPEN_TO_ALL}) AS others
    FROM resources_theatresession owned JOIN theatre ON theatre.id = owned.theatre_id,
        LATERAL (SELECT {OWNED_BY} AS mine) AS mine
    WHERE owned.period && %(wide)s::tstzrange
    GROUP BY owned.theatre_id
), tired AS (
    -- days on which the lead surgeon leads as many operations as agreed
    SELECT coalesce(range_agg(day), '{{}}'::tstzmultirange) AS days FROM (
        SELECT tstzrange({_day("lower(o.period)")}, {_day("lower(o.period)", 1)}) AS day
        FROM scheduling_reservation held
        JOIN scheduling_operation o ON o.id = held.operation_id
        WHERE held.resource_id = %(surgeon)s::bigint AND held.role = 'lead_surgeon'
          AND held.active AND held.exclusive AND held.period && %(wide)s::tstzrange AND o.id <> %(operation)s
        GROUP BY day
        HAVING count(*) >= (SELECT daily_operations_limit FROM resources_staffmember
                            WHERE resource_ptr_id = %(surgeon)s)
    ) AS full_days
), settled AS (
    -- days on which a theatre's list is closed
    SELECT theatre_id, range_agg(tstzrange(day::timestamp AT TIME ZONE %(zone)s,
                                           (day + 1)::timestamp AT TIME ZONE %(zone)s)) AS days
    FROM unnest(%(closed_theatres)s::bigint[], %(closed_days)s::date[]) AS closed(theatre_id, day)
    GROUP BY theatre_id
), theatre_free AS (
    SELECT theatre.*, coalesce(owned.own, '{{}}') AS own, coalesce(lists.tainted, '{{}}') AS tainted,
        coalesce(settled.days, '{{}}') AS settled,
        CASE WHEN own_blocks_only THEN opened.open * coalesce(owned.own, '{{}}') ELSE opened.open END
            - coalesce(away.away, '{{}}') - coalesce(owned.others, '{{}}') AS usable,
        tstzmultirange(%(wide)s::tstzrange) - coalesce(taken.held, '{{}}') - coalesce(away.away, '{{}}') AS unheld,
        tstzmultirange(%(wide)s::tstzrange) - coalesce(lists.in_room, '{{}}') AS empty
    FROM theatre
    JOIN opened ON opened.theatre_id = theatre.id
    LEFT JOIN owned ON owned.theatre_id = theatre.id
    LEFT JOIN taken ON taken.resource_id = theatre.id
    LEFT JOIN away ON away.resource_id = theatre.id
    LEFT JOIN lists ON lists.theatre_id = theatre.id
    LEFT JOIN settled ON settled.theatre_id = theatre.id
), theatre_starts AS MATERIALIZED (  -- else its multiplications are done again for every stretch
    SELECT id, name, position, usable * unheld AS free,
        {_eroded("usable", "0", "%(minutes)s")}
        * {_eroded("unheld", "(-%(set_up)s)", "(%(minutes)s + %(clean_up)s)")}
        * {_eroded("empty", "(-turnover_minutes)", "(%(minutes)s + turnover_minutes)")}
        - (own - {_eroded("own", "0", "%(minutes)s")}) - tainted - settled AS starts
    FROM theatre_free
), on_duty AS (
    SELECT s.staff_member_id, range_agg(s.period) AS duty
    FROM resources_shift s JOIN requirement ON requirement.resource_id = s.staff_member_id
    WHERE s.period && %(wide)s::tstzrange AND (%(emergency)s OR NOT s.on_call)
    GROUP BY s.staff_member_id
), holding AS (
    SELECT step.resource_id, at, lead(at) OVER by_time AS until, sum(step) OVER by_time AS at_once
    FROM (
        SELECT booked.resource_id, at, sum(step) AS step
        FROM booked, LATERAL (VALUES (lower(period), 1), (upper(period), -1)) AS e(at, step)
        WHERE booked.resource_id IN (SELECT resource_id FROM requirement)
        GROUP BY booked.resource_id, at
    ) AS step
    WINDOW by_time AS (PARTITION BY step.resource_id ORDER BY at)
), engaged AS (
    -- when somebody supervises or works at as many operations as agreed
    SELECT holding.resource_id, range_agg(tstzrange(at, until)) AS engaged
    FROM holding JOIN resources_staffmember person ON person.resource_ptr_id = holding.resource_id
    WHERE at_once >= greatest(1, person.supervises_at_once) AND until > at
    GROUP BY holding.resource_id
), resource_free AS (
    SELECT requirement.*,
        CASE WHEN person.rostered THEN coalesce(on_duty.duty, '{{}}')
             ELSE tstzmultirange(%(wide)s::tstzrange) END
        - coalesce(taken.held, '{{}}') - coalesce(engaged.engaged, '{{}}') - coalesce(away.away, '{{}}') AS free
    FROM requirement
    LEFT JOIN resources_staffmember person ON person.resource_ptr_id = requirement.resource_id
    LEFT JOIN on_duty ON on_duty.staff_member_id = requirement.resource_id
    LEFT JOIN taken ON taken.resource_id = requirement.resource_id
    LEFT JOIN engaged ON engaged.resource_id = requirement.resource_id
    LEFT JOIN away ON away.resource_id = requirement.resource_id
), resource_starts AS (
    SELECT key, quantity, {_eroded("free", "before", "after")} AS starts FROM resource_free
), edge AS (
    SELECT key, quantity, at, sum(step) AS step
    FROM resource_starts, unnest(starts) AS stretch,
        LATERAL (VALUES (lower(stretch), 1), (upper(stretch) + interval '1 microsecond', -1)) AS e(at, step)
    GROUP BY key, quantity, at
), level AS (
    SELECT key, quantity, at, lead(at) OVER by_time AS until, sum(step) OVER by_time AS free_at_once
    FROM edge WINDOW by_time AS (PARTITION BY key ORDER BY at)
), met AS (
    SELECT key, range_agg(tstzrange(at, until)) AS starts
    FROM level WHERE free_at_once >= quantity AND until > at GROUP BY key
), everything AS (
    SELECT coalesce(range_intersect_agg(coalesce(met.starts, '{{}}')), tstzmultirange(%(wide)s::tstzrange)) AS starts
    FROM unnest(%(keys)s::text[]) AS wanted(key) LEFT JOIN met USING (key)
), patient AS (
    SELECT tstzmultirange(%(wide)s::tstzrange) - coalesce(range_agg(o.period), '{{}}') AS free
    FROM scheduling_operation o
    WHERE o.patient_id = %(patient)s::bigint AND o.id <> %(operation)s AND o.period && %(wide)s::tstzrange
), stretch AS (
    SELECT t.id, t.name, t.position, t.free, possible AS starts
    FROM theatre_starts t, everything, patient, tired,
        unnest((t.starts * everything.starts * {_eroded("patient.free", "0", "%(minutes)s")} - tired.days)
               * tstzmultirange(%(window)s::tstzrange)) AS possible
), candidate AS (
    SELECT DISTINCT ON (id, starts) id, name, position, free, starts, start
    FROM stretch,
        LATERAL (SELECT greatest(lower(starts), least(%(near)s::timestamptz, upper(starts))) AS wanted) AS n,
        LATERAL (VALUES (to_timestamp(ceil(extract(epoch FROM wanted) / 300) * 300)),
                        -- a stretch does not contain its own end: the one before it is asked for
                        (to_timestamp(floor(extract(epoch FROM wanted - interval '1 microsecond') / 300) * 300))
               ) AS on_grid(start)
    WHERE starts @> start
    ORDER BY id, starts, abs(extract(epoch FROM start - wanted))
)
SELECT c.id, c.name, c.start,
    coalesce((SELECT extract(epoch FROM upper(f) - lower(f)) / 60 FROM unnest(c.free) AS f WHERE f @> c.start), 0)
        - %(minutes)s - %(clean_up)s AS left_over
FROM candidate c
ORDER BY CASE %(order)s
        WHEN 'best_fit' THEN coalesce((
            SELECT extract(epoch FROM upper(f) - lower(f)) FROM unnest(c.free) AS f WHERE f @> c.start), 0)
        WHEN 'nearest' THEN abs(extract(epoch FROM c.start - %(near)s::timestamptz))
        ELSE extract(epoch FROM c.start) END,
    c.start, c.position, c.id
LIMIT %(limit)s
"""  # noqa: S608  # every value is a parameter; only constant pieces are put in
"""Parameters: see :func:`scheduling.slots.finding.find_free_slots`, which gives all of them.

With ``near`` set to the start of the window, each stretch of starts offers its earliest one.
"""
