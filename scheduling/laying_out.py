"""From block templates to dated sessions: what laying out a stretch of days would add, change, remove and leave.

Pure: it reads nothing and writes nothing. What somebody changed by hand, and what was released, stays as it is.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from resources.cycle import week_of_cycle
from resources.models import BlockTemplate, TheatreSession
from scheduling.opening import span
from scheduling.period import Period


class Verb(StrEnum):
    """What would happen to one session."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"
    SAME = "same"
    KEEP = "keep"
    CLASH = "clash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One session as its template has it for a day."""

    template: BlockTemplate
    day: date
    period: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One line of the preview. ``session`` is what stands there, or, for a clash, what stands in the way."""

    verb: Verb
    theatre_id: int
    day: date
    planned: Planned | None = None
    session: TheatreSession | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """Return what tells this line from another, to notice that something changed meanwhile."""
        planned, session = self.planned, self.session
        return (
            self.verb,
            self.theatre_id,
            self.day,
            (planned.template.pk, planned.period, *planned.template.owner_fields.values()) if planned else None,
            (session.pk, session.version) if session else None,
        )


def falls_on(template: BlockTemplate, day: date) -> bool:
    """Say whether a template has a session on ``day``."""
    return (
        template.weekday == day.isoweekday()
        and (template.valid_from is None or template.valid_from <= day)
        and (template.valid_until is None or day <= template.valid_until)
        and week_of_cycle(day, template.cycle_weeks) == template.week_of_cycle
    )


def planned_sessions(
    templates: Iterable[BlockTemplate], first: date, last: date, shut: Collection[tuple[int, date]] = ()
) -> Iterator[Planned]:
    """Yield the sessions that ``templates`` have from ``first`` through ``last``.

    ``shut`` are (theatre, day) on which nothing is laid out: holidays. A stretch that the change of clocks leaves
    nothing of is left out.
    """
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    by_weekday: dict[int, list[date]] = defaultdict(list)
    for day in days:
        by_weekday[day.isoweekday()].append(day)
    for template in templates:
        for day in by_weekday[template.weekday]:
            if falls_on(template, day) and (template.theatre_id, day) not in shut:
                period = span(day, template.starts, template.ends)
                if period.start < period.end:
                    yield Planned(template=template, day=day, period=period)


def differences(
    planned: Iterable[Planned], existing: Sequence[TheatreSession], released: Collection[int] = ()
) -> list[Difference]:
    """Compare what is planned with the sessions that stand on the same days, in order of day and theatre.

    ``released`` are the numbers of sessions that were given up: they are left alone, as are those changed by hand.
    Of two that want the same theatre at the same time the one that stands wins, then the first planned.
    """
    fixed = [session for session in existing if session.by_hand or session.pk in released]
    by_origin: dict[tuple[int | None, date], list[TheatreSession]] = defaultdict(list)
    for session in existing:
        by_origin[session.template_id, session.day].append(session)
    taken: dict[tuple[int, date], list[TheatreSession | Planned]] = defaultdict(list)
    for session in fixed:
        taken[session.theatre_id, session.day].append(session)
    fixed_numbers = {session.pk for session in fixed}
    found: list[Difference] = []
    meant: set[int] = set()
    for one in planned:
        theatre, day = one.template.theatre_id, one.day
        standing = by_origin[one.template.pk, day]
        if any(session.pk in fixed_numbers for session in standing):
            lines = [(Verb.KEEP, session) for session in standing]
        elif in_the_way := _in_the_way(one, taken[theatre, day]):
            found.append(
                Difference(verb=Verb.CLASH, theatre_id=theatre, day=day, planned=one, session=_as_session(in_the_way))
            )
            continue  # what stands of this template goes
        elif standing:
            lines = [(Verb.SAME if _is_as_planned(standing[0], one) else Verb.CHANGE, standing[0])]
        else:
            found.append(Difference(verb=Verb.ADD, theatre_id=theatre, day=day, planned=one))
            lines = []
        taken[theatre, day].append(one)
        meant.update(session.pk for _, session in lines)
        found += [
            Difference(verb=verb, theatre_id=theatre, day=day, planned=one, session=session) for verb, session in lines
        ]
    found += [
        Difference(verb=Verb.REMOVE, theatre_id=session.theatre_id, day=session.day, session=session)
        for session in existing
        if session.pk not in meant | fixed_numbers
    ]
    return sorted(found, key=lambda line: (line.day, line.theatre_id, line.verb))


def _as_session(one: TheatreSession | Planned) -> TheatreSession | None:
    return one if isinstance(one, TheatreSession) else None


def _in_the_way(one: Planned, taken: Iterable[TheatreSession | Planned]) -> TheatreSession | Planned | None:
    for other in taken:
        period = other.period if isinstance(other, Planned) else Period.of(other.period)
        if period.overlaps(one.period):
            return other
    return None


def _is_as_planned(session: TheatreSession, one: Planned) -> bool:
    same_place = session.theatre_id == one.template.theatre_id and Period.of(session.period) == one.period
    return same_place and session.owner_fields == one.template.owner_fields
