"""When the rest of the day will really happen: each case after the one before it, in its theatre and for its surgeon.

Pure: from what was planned and what has happened to what is to be expected. Nothing here writes, and the plan stays as
it is until somebody moves it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduling.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseToday:
    """What is known of one case.

    ``set_up``, ``clean_up`` and the standard ``turnover``, the theatre's or the specialty's, are minutes; ``beds`` are
    the beds it holds after theatre, with the minutes of each stay.
    """

    number: int
    theatre: int
    surgeon: int | None
    planned: Period
    surgery_minutes: int
    anaesthesia_minutes: int = 0
    set_up: int = 0
    clean_up: int = 0
    turnover: int = 0
    began: datetime | None = None
    knife: datetime | None = None
    ended: datetime | None = None
    beds: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """When a case will be, and what it waits for.

    ``late`` is the minutes from its planned to its expected start, negative when early. ``waits_for`` is "theatre" or
    "surgeon" where one of them comes free after the planned start, and "" otherwise. ``bed_taken_until`` is when a bed
    it needs comes free, where that is after it leaves theatre.
    """

    case: CaseToday
    period: Period
    waits_for: str
    bed_taken_until: datetime | None

    @property
    def late(self) -> int:
        """Minutes."""
        return round((self.period.start - self.case.planned.start) / timedelta(minutes=1))

    @property
    def over(self) -> int:
        """Minutes from its planned to its expected end."""
        return round((self.period.end - self.case.planned.end) / timedelta(minutes=1))


def project(cases: Iterable[CaseToday], now: datetime) -> dict[int, Expected]:
    """Return what to expect of each case, by number.

    What has ended is taken as it was. What has begun ends after its planned length, counted from knife to skin where
    that is known, and not before ``now``. What has not begun begins as planned, or once its theatre is free and turned
    over, its lead surgeon is free, and not before ``now``; it keeps its planned length. Cases are taken in the order
    of their real or planned start.
    """
    before: dict[int, tuple[datetime, int, int]] = {}  # when the case before leaves, its clean-up and turnover
    surgeon_free: dict[int, datetime] = {}
    bed_free: dict[int, datetime] = {}
    found: dict[int, Expected] = {}
    for case in sorted(cases, key=lambda one: (one.began or max(one.planned.start, _floor(now)), one.planned.start)):
        start, waits_for = _start(case, now, before.get(case.theatre), surgeon_free)
        period = Period(start, _end(case, start, now))
        left = (period.end, case.clean_up, case.turnover)
        before[case.theatre] = max(left, before.get(case.theatre, left))
        if case.surgeon is not None:
            surgeon_free[case.surgeon] = max(period.end, surgeon_free.get(case.surgeon, period.end))
        found[case.number] = Expected(
            case=case, period=period, waits_for=waits_for, bed_taken_until=_bed(case, period, bed_free)
        )
    return found


def _start(
    case: CaseToday, now: datetime, before: tuple[datetime, int, int] | None, surgeon_free: dict[int, datetime]
) -> tuple[datetime, str]:
    if case.began:
        return case.began, ""
    start, waits_for = max(case.planned.start, _floor(now)), ""
    if before:
        ready = before[0] + timedelta(minutes=max(case.turnover, before[2], before[1] + case.set_up))
        if ready > start:
            start, waits_for = ready, "theatre"
    if case.surgeon in surgeon_free:  # who is needed only once the patient is anaesthetised
        wanted = surgeon_free[case.surgeon] - timedelta(minutes=case.anaesthesia_minutes)
        if wanted > start:
            start, waits_for = wanted, "surgeon"
    return start, waits_for


def _end(case: CaseToday, start: datetime, now: datetime) -> datetime:
    if case.ended:
        return max(case.ended, start + timedelta(minutes=1))
    if case.knife:
        return max(case.knife + timedelta(minutes=case.surgery_minutes), _floor(now), start + timedelta(minutes=1))
    end = start + timedelta(minutes=case.planned.minutes)
    return max(end, _floor(now)) if case.began else end


def _bed(case: CaseToday, period: Period, bed_free: dict[int, datetime]) -> datetime | None:
    taken: datetime | None = None
    for bed, minutes in case.beds:
        free = bed_free.get(bed)
        if free is not None and free > period.end and case.ended is None:
            taken = max(free, taken or free)
        bed_free[bed] = max(free or period.end, period.end) + timedelta(minutes=minutes)
    return taken


def _floor(at: datetime) -> datetime:
    """Return the minute: nobody plans by seconds."""
    return at.replace(second=0, microsecond=0)
