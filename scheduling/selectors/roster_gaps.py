"""Where people are lacking: what a day's sessions need at one time, against who is on duty and not away then."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from resources.models import OwnerKind, TheatreSession
from scheduling.period import Period
from scheduling.selectors.team_needs import needs_of, team_needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A stretch in which somebody of a profession is there, or, ``on_call``, can be called."""

    profession: str
    period: Period
    on_call: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One profession on one day: ``needed`` and ``there`` when it is worst, and from when until when that is."""

    day: date
    needed: int = 0
    there: int = 0
    missing: int = 0
    period: Period | None = None


def gaps(duties: Iterable[Duty], days: list[date], professions: Collection[str]) -> dict[str, list[Gap]]:
    """Return for each profession its days, in two queries.

    A morning and an afternoon session in one theatre can have the same nurse, so what counts is the moment that lacks
    most. People on call count for sessions that are kept for emergencies, and for no other.
    """
    needs = team_needs()
    steps: dict[tuple[str, date], list[_Step]] = defaultdict(list)
    for session in TheatreSession.objects.filter(day__range=(days[0], days[-1])).only(
        "day", "period", "owner_kind", "specialty_id"
    ):
        emergency = session.owner_kind == OwnerKind.EMERGENCY
        for profession, many in needs_of(session, needs).items():
            steps[profession, session.day] += _steps(Period.of(session.period), emergency=emergency, needed=many)
    by_profession: dict[str, list[Duty]] = defaultdict(list)
    for duty in duties:
        by_profession[duty.profession].append(duty)
    return {
        profession: [_worst(day, steps[profession, day], by_profession[profession]) for day in days]
        for profession in professions
    }


@dataclass(frozen=True, slots=True)
class _Step:
    """At an instant, how many more are needed or there."""

    at: datetime
    needed: int = 0
    needed_in_emergencies: int = 0
    there: int = 0
    on_call: int = 0


def _steps(period: Period, *, emergency: bool, needed: int) -> list[_Step]:
    if emergency:
        return [
            _Step(period.start, needed_in_emergencies=needed),
            _Step(period.end, needed_in_emergencies=-needed),
        ]
    return [_Step(period.start, needed=needed), _Step(period.end, needed=-needed)]


def _worst(day: date, needed: list[_Step], duties: list[Duty]) -> Gap:
    """Return the stretch that lacks most; of several the first, and where nobody lacks, the one that needs most."""
    if not needed:
        return Gap(day=day)
    first, last = min(step.at for step in needed), max(step.at for step in needed)
    steps = list(needed)
    for duty in duties:
        if duty.period.start < last and duty.period.end > first:
            many = {"on_call": 1} if duty.on_call else {"there": 1}
            steps.append(_Step(duty.period.start, **many))
            steps.append(_Step(duty.period.end, **dict.fromkeys(many, -1)))
    changes: dict[datetime, list[_Step]] = defaultdict(list)
    for step in steps:
        changes[step.at].append(step)
    worst = Gap(day=day)
    planned = emergencies = there = on_call = 0
    instants = sorted(changes)
    for at, until in zip(instants, [*instants[1:], last], strict=True):
        planned += sum(step.needed for step in changes[at])
        emergencies += sum(step.needed_in_emergencies for step in changes[at])
        there += sum(step.there for step in changes[at])
        on_call += sum(step.on_call for step in changes[at])
        if not planned + emergencies:
            continue
        callable_ = min(on_call, emergencies)
        missing = max(planned - there, planned + emergencies - there - callable_, 0)
        gap = Gap(
            day=day,
            needed=planned + emergencies,
            there=there + callable_,
            missing=missing,
            period=Period(at, until),
        )
        if (gap.missing, gap.needed) > (worst.missing, worst.needed):
            worst = gap
    return worst
