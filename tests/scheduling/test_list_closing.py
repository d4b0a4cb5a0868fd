"""When a list closes: weekends, clock changes, several specialties, and what people decide."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from scheduling.list_closing import (
    Closed,
    ClosingTime,
    Decision,
    closed_list,
    closes_by_itself,
    working_day_before,
)
from tests.scheduling.world import clock_change

MONDAY = date(2026, 11, 23)
TWO = ClosingTime(specialty=None, closes=True, days_before=1, at=time(14))


def local(day: date, hour: int, minute: int = 0) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(hour, minute))).astimezone(UTC)


@pytest.mark.parametrize(
    ("day", "count", "found"),
    [
        (1, 1, 0),  # Tuesday: Monday
        (0, 1, -3),  # Monday: Friday
        (5, 1, 4),  # Saturday: Friday
        (6, 1, 4),  # Sunday: Friday
        (0, 2, -4),
        (4, 5, -3),
        (6, 0, 6),  # the day itself, also on a Sunday
        (1, 14, -19),
    ],
)
def test_working_days(day: int, count: int, found: int) -> None:
    assert working_day_before(MONDAY + timedelta(days=day), count) == MONDAY + timedelta(days=found)


def test_a_holiday_is_no_working_day() -> None:
    friday, thursday = MONDAY - timedelta(days=3), MONDAY - timedelta(days=4)
    assert working_day_before(MONDAY, 1, {friday}) == thursday
    assert working_day_before(MONDAY, 2, {friday}) == thursday - timedelta(days=1)
    assert working_day_before(MONDAY, 0, {MONDAY}) == MONDAY
    assert closes_by_itself(MONDAY, [TWO], (), {friday}) == local(thursday, 14)


def test_lists_stay_open_without_a_rule() -> None:
    assert closes_by_itself(MONDAY, [], {1}) is None
    assert closes_by_itself(MONDAY, [ClosingTime(specialty=2, closes=True, days_before=1, at=time(9))], set()) is None


def test_a_specialty_s_own_rule_goes_before_the_one_for_all() -> None:
    early = ClosingTime(specialty=1, closes=True, days_before=2, at=time(9))
    never = ClosingTime(specialty=2, closes=False, days_before=1, at=time(14))
    times = [TWO, early, never]
    friday, thursday = MONDAY - timedelta(days=3), MONDAY - timedelta(days=4)
    assert closes_by_itself(MONDAY, times, ()) == local(friday, 14)
    assert closes_by_itself(MONDAY, times, {3}) == local(friday, 14)
    assert closes_by_itself(MONDAY, times, {1}) == local(thursday, 9)
    assert closes_by_itself(MONDAY, times, {2}) is None
    assert closes_by_itself(MONDAY, times, {1, 3}) == local(thursday, 9)
    assert closes_by_itself(MONDAY, times, {2, 3}) == local(friday, 14)


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York"])
def test_it_is_the_clock_on_the_wall_that_counts(zone: str, forward: bool) -> None:  # noqa: FBT001
    """The clocks change on a Sunday: Monday's list closes by Friday's clock, the day's own by its own."""
    with timezone.override(zone):
        change = clock_change(ZoneInfo(zone), forward=forward)
        sunday = timezone.localdate(change)
        monday = sunday + timedelta(days=1)
        closes = closes_by_itself(monday, [TWO], ())
        assert closes is not None
        assert timezone.localtime(closes).replace(tzinfo=None) == datetime.combine(sunday - timedelta(days=2), time(14))
        on_the_day = ClosingTime(specialty=None, closes=True, days_before=0, at=time(6))
        closes = closes_by_itself(sunday, [on_the_day], ())
        assert closes is not None
        assert timezone.localtime(closes).hour == 6


def test_a_closing_time_that_the_clocks_skip_is_after_the_jump() -> None:
    with timezone.override("Europe/London"):
        change = clock_change(ZoneInfo("Europe/London"), forward=True)  # at 1:00, which becomes 2:00
        rule = ClosingTime(specialty=None, closes=True, days_before=0, at=time(1, 30))
        assert closes_by_itself(timezone.localdate(change), [rule], ()) == change + timedelta(minutes=30)


AT = local(MONDAY, 14)


def decided(hours: int, *, closed: bool) -> Decision:
    return Decision(closed=closed, at=AT + timedelta(hours=hours))


@pytest.mark.parametrize(
    ("now", "decisions", "since", "by_hand"),
    [
        (-1, [], None, False),
        (0, [], 0, False),
        (5, [], 0, False),
        (-1, [decided(-3, closed=True)], -3, True),
        (5, [decided(-3, closed=True)], -3, True),  # closed already when its time came
        (-1, [decided(-3, closed=True), decided(-2, closed=False)], None, False),
        (5, [decided(-3, closed=True), decided(-2, closed=False)], 0, False),  # open again, then its time came
        (5, [decided(2, closed=False)], None, False),
        (5, [decided(2, closed=False), decided(3, closed=True)], 3, True),
        (1, [decided(2, closed=False)], 0, False),  # not decided yet
    ],
)
def test_what_people_decide(now: int, decisions: list[Decision], since: int | None, by_hand: bool) -> None:  # noqa: FBT001
    expected = None if since is None else Closed(since=AT + timedelta(hours=since), by_hand=by_hand)
    assert closed_list(AT, decisions, AT + timedelta(hours=now)) == expected


def test_by_hand_only() -> None:
    assert closed_list(None, [], AT) is None
    assert closed_list(None, [decided(0, closed=True)], AT) == Closed(since=AT, by_hand=True)
