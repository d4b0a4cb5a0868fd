"""What laying out rosters would do, worked out without a database; clock changes included."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from resources.models import PatternShift, RosterAssignment, RosterPattern, Shift, ShiftKind
from scheduling.period import Period
from scheduling.rostering import (
    Difference,
    Planned,
    Standing,
    Verb,
    differences,
    digest_of,
    planned_shifts,
    seen_of,
    shift_period,
)

EARLY = ShiftKind(pk=1, name="Early", starts=time(7), ends=time(15))
NIGHT = ShiftKind(pk=2, name="Night", starts=time(22), ends=time(7))
MONDAY = date(2026, 12, 28)
"""The Monday of ISO week 53."""
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def assignment(weeks: int = 1, starts_on: date = MONDAY, ends_on: date | None = None) -> RosterAssignment:
    pattern = RosterPattern(pk=7, name="P", weeks=weeks)
    return RosterAssignment(pk=5, staff_member_id=3, pattern=pattern, starts_on=starts_on, ends_on=ends_on)


def of_pattern(*places: tuple[int, int, ShiftKind]) -> list[PatternShift]:
    return [PatternShift(pattern_id=7, week=week, weekday=day, kind=kind) for week, day, kind in places]


def days(*places: tuple[int, int, ShiftKind], to: int = 27, first: date = MONDAY, **fields: object) -> list[date]:
    planned = planned_shifts([assignment(**fields)], of_pattern(*places), first, MONDAY + timedelta(days=to))
    return [one.day for one in planned]


def test_a_pattern_repeats_over_the_year_s_end_and_week_53() -> None:
    assert days((1, 1, EARLY), to=21) == [MONDAY + timedelta(weeks=n) for n in range(4)]
    assert days((2, 5, EARLY), weeks=2, to=30) == [date(2027, 1, 8), date(2027, 1, 22)]


@pytest.mark.parametrize("weeks", [1, 2, 3, 4])
def test_week_one_is_the_week_in_which_the_assignment_begins(weeks: int) -> None:
    wednesday = MONDAY + timedelta(days=2)
    found = days((1, 1, EARLY), (1, 3, EARLY), weeks=weeks, starts_on=wednesday, to=7 * weeks + 6)
    assert found == [wednesday, MONDAY + timedelta(weeks=weeks), wednesday + timedelta(weeks=weeks)]


def test_an_assignment_without_an_end_is_laid_out_as_far_as_asked_and_one_with_an_end_until_it() -> None:
    assert len(days(*((1, day, EARLY) for day in range(1, 8)), to=365)) == 366
    assert days(*((1, day, EARLY) for day in range(1, 8)), ends_on=MONDAY + timedelta(days=1)) == [
        MONDAY,
        MONDAY + timedelta(days=1),
    ]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/London", date(2026, 3, 28), 8),
        ("Europe/London", date(2026, 10, 24), 10),
        ("Australia/Lord_Howe", date(2026, 4, 4), 9.5),
        ("America/New_York", date(2026, 10, 31), 10),
        ("Asia/Tokyo", date(2026, 3, 28), 9),
        ("Africa/Cairo", date(2026, 4, 23), 8),
    ],
)
def test_a_night_goes_by_the_clock_on_the_wall(zone: str, day: date, hours: float) -> None:
    with timezone.override(ZoneInfo(zone)):
        period = shift_period(day, NIGHT.starts, NIGHT.ends)
        assert period is not None
        assert period.minutes == hours * 60
        start, end = (timezone.localtime(at) for at in (period.start, period.end))
        assert (start.time(), end.time(), end.date() - start.date()) == (time(22), time(7), timedelta(days=1))


def test_a_shift_of_which_the_clock_change_leaves_nothing_is_no_shift() -> None:
    with timezone.override(ZoneInfo("Europe/London")):
        assert shift_period(date(2026, 3, 29), time(1), time(1, 30)) is not None
        assert shift_period(date(2026, 3, 29), time(1, 30), time(2)) is None
    assert shift_period(MONDAY, time(8), time(8)) == Period.lasting(shift_start(MONDAY, 8), 24 * 60)


def shift_start(day: date, hour: int) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(hour)))


def planned(day: date = MONDAY, kind: ShiftKind = EARLY) -> Planned:
    period = shift_period(day, kind.starts, kind.ends)
    assert period is not None
    return Planned(assignment=assignment(), day=day, kind=kind, period=period)


def standing(
    day: date = MONDAY, kind: ShiftKind = EARLY, *, by_hand: bool = False, pk: int = 11, hour: int = 0
) -> Shift:
    period = Period.lasting(shift_start(day, hour), 8 * 60) if hour else planned(day, kind).period
    return Shift(
        pk=pk, staff_member_id=3, period=period.as_range(), kind=kind, assignment_id=5, day=day, by_hand=by_hand
    )


def verbs(
    plans: list[Planned],
    laid_out: Sequence[Shift] = (),
    others: Sequence[Shift] = (),
    now: datetime = LONG_AGO,
    **more: object,
) -> list[Verb]:
    given = {"taken_out": (), "away": {}, **more}
    lines = differences(plans, Standing(laid_out=laid_out, others=others, **given), now)
    return [line.verb for line in lines]


def test_what_is_missing_is_added_and_what_is_there_stays() -> None:
    tuesday = MONDAY + timedelta(days=1)
    assert verbs([planned(), planned(tuesday)], [standing()]) == [Verb.SAME, Verb.ADD]


def test_a_pattern_that_changed_changes_its_shifts() -> None:
    assert verbs([planned()], [standing(hour=9)]) == [Verb.CHANGE]
    assert verbs([planned(kind=NIGHT)], [standing()]) == [Verb.CHANGE]


def test_what_no_pattern_asks_for_any_more_goes_unless_somebody_changed_it() -> None:
    assert verbs([], [standing()]) == [Verb.REMOVE]
    assert verbs([], [standing(by_hand=True)]) == [Verb.KEEP]


def test_what_was_changed_or_taken_out_by_hand_stays_so() -> None:
    assert verbs([planned()], [standing(by_hand=True, hour=12)]) == [Verb.KEEP]
    assert verbs([planned()], [standing(kind=NIGHT, by_hand=True)]) == [Verb.KEEP]
    assert verbs([planned()], taken_out={(5, MONDAY, EARLY.pk)}) == [Verb.KEEP]
    assert verbs([planned()], taken_out={(5, MONDAY, NIGHT.pk)}) == [Verb.ADD]


def test_of_two_shifts_on_one_day_each_finds_its_own() -> None:
    both = [planned(), planned(kind=NIGHT)]
    assert verbs(both, [standing(kind=NIGHT), standing(pk=12)]) == [Verb.SAME, Verb.SAME]
    assert verbs(both, [standing(kind=NIGHT)]) == [Verb.ADD, Verb.SAME]


def test_another_shift_in_the_way_is_a_clash_and_touching_ends_are_none() -> None:
    other = Shift(pk=20, staff_member_id=3, period=Period.lasting(shift_start(MONDAY, 15), 60).as_range(), by_hand=True)
    assert verbs([planned()], others=[other]) == [Verb.ADD]
    other.period = Period.lasting(shift_start(MONDAY, 14), 60).as_range()
    assert verbs([planned()], others=[other]) == [Verb.CLASH]
    other.staff_member_id = 4
    assert verbs([planned()], others=[other]) == [Verb.ADD]


def test_a_night_and_the_early_shift_after_it_touch_and_overlap_when_the_early_begins_sooner() -> None:
    tuesday = MONDAY + timedelta(days=1)
    assert verbs([planned(kind=NIGHT), planned(tuesday)]) == [Verb.ADD, Verb.ADD]
    sooner = ShiftKind(pk=9, name="Sooner", starts=time(6), ends=time(14))
    assert verbs([planned(kind=NIGHT), planned(tuesday, sooner)]) == [Verb.ADD, Verb.CLASH]


def test_nothing_is_laid_out_while_somebody_is_away_and_what_stands_there_stays() -> None:
    away = {3: [Period.lasting(shift_start(MONDAY, 14), 600)]}
    assert verbs([planned()], away=away) == [Verb.AWAY]
    assert verbs([planned()], [standing()], away=away) == [Verb.AWAY]
    assert verbs([planned()], [standing(by_hand=True)], away=away) == [Verb.KEEP]


def test_what_stays_while_somebody_is_away_is_in_the_way_of_the_night_before() -> None:
    tuesday = MONDAY + timedelta(days=1)
    later = ShiftKind(pk=9, name="Later", starts=time(14), ends=time(22))
    away = {3: [Period.lasting(shift_start(tuesday, 15), 60)]}
    stands = standing(tuesday, hour=6)
    assert verbs([planned(kind=NIGHT), planned(tuesday, later)], [stands], away=away) == [Verb.CLASH, Verb.AWAY]


def test_what_has_begun_is_never_touched() -> None:
    at_eight = shift_start(MONDAY, 8)
    assert verbs([planned()], now=at_eight) == []
    assert verbs([planned(kind=NIGHT)], [standing()], now=at_eight) == [Verb.KEEP]
    assert verbs([], [standing()], now=at_eight) == []


def test_the_digest_tells_previews_apart() -> None:
    def digest(*lines: Difference) -> str:
        return digest_of(lines)

    line = Difference(verb=Verb.ADD, staff_member_id=3, day=MONDAY, planned=planned())
    other = Difference(verb=Verb.ADD, staff_member_id=3, day=MONDAY, planned=planned(kind=NIGHT))
    kept = [Difference(verb=Verb.KEEP, staff_member_id=3, day=MONDAY, shift=standing(hour=hour)) for hour in (7, 8)]
    assert len({digest(), digest(line), digest(other), digest(line, other), *map(digest, kept)}) == 6
    assert digest(line) == digest(line)


def test_a_shift_s_state_tells_what_a_cell_shows() -> None:
    states = {seen_of(standing(hour=hour, kind=kind)) for hour in (7, 8) for kind in (EARLY, NIGHT)}
    on_call, other = standing(hour=7), standing(hour=7)
    on_call.on_call, other.staff_member_id = True, 4
    assert len(states | {seen_of(on_call), seen_of(other)}) == 6
