"""Range arithmetic against sets of minutes, also on the nights when the clocks change."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from scheduling.period import Period, merged, without

ZONES = [ZoneInfo(name) for name in ("Europe/London", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")]
# The clocks go back in London on 31 October and in New York on 7 November 2027, forward on 28 and 14 March.
NIGHTS = [datetime(2027, month, day, tzinfo=UTC) for month, day in ((3, 14), (3, 28), (10, 31), (11, 7), (7, 1))]
HOURS = 30

nights = st.sampled_from(NIGHTS)
zones = st.sampled_from(ZONES)
minutes = st.integers(0, HOURS * 60)


@st.composite
def periods(draw: st.DrawFn, night: datetime) -> Period:
    """Return a period of the night, its ends given in any zone: what counts is the instant."""
    first, last = sorted(draw(st.tuples(minutes, minutes).filter(lambda pair: pair[0] != pair[1])))
    start, end = night + timedelta(minutes=first), night + timedelta(minutes=last)
    return Period(start.astimezone(draw(zones)), end.astimezone(draw(zones)))


one = nights.flatmap(periods)
two = nights.flatmap(lambda night: st.tuples(periods(night), periods(night)))
one_and_some = nights.flatmap(lambda night: st.tuples(periods(night), st.lists(periods(night), max_size=6)))


def minutes_of(some: Iterable[Period]) -> set[int]:
    return {
        minute
        for period in some
        for minute in range(int(period.start.timestamp()) // 60, int(period.end.timestamp()) // 60)
    }


@given(one)
def test_minutes_are_elapsed_minutes(period: Period) -> None:
    assert period.minutes == len(minutes_of([period]))


@given(nights, minutes, st.integers(1, 1440), zones)
def test_lasting_is_elapsed_time(night: datetime, first: int, long: int, zone: ZoneInfo) -> None:
    start = night + timedelta(minutes=first)

    period = Period.lasting(start.astimezone(zone), long)

    assert (period.start, period.end, period.minutes) == (start, start + timedelta(minutes=long), long)


@given(two)
def test_overlaps(pair: tuple[Period, Period]) -> None:
    first, second = pair

    assert first.overlaps(second) == second.overlaps(first) == bool(minutes_of([first]) & minutes_of([second]))


@given(two)
def test_contains(pair: tuple[Period, Period]) -> None:
    first, second = pair

    assert first.contains(second) == (minutes_of([second]) <= minutes_of([first]))


@given(one, st.integers(-600, 600))
def test_shifted(period: Period, by: int) -> None:
    shifted = period.shifted(by)

    assert minutes_of([shifted]) == {minute + by for minute in minutes_of([period])}
    assert shifted.shifted(-by) == period


@given(one, st.integers(0, 90), st.integers(0, 90))
def test_widened(period: Period, before: int, after: int) -> None:
    wide = period.widened(before=before, after=after)

    assert (wide.minutes, wide.contains(period)) == (period.minutes + before + after, True)
    assert wide.widened(before=-before, after=-after) == period


@given(one_and_some)
def test_merged(drawn: tuple[Period, list[Period]]) -> None:
    some = [drawn[0], *drawn[1]]

    union = merged(some)

    assert minutes_of(union) == minutes_of(some)
    assert union == sorted(union)
    assert all(left.end < right.start for left, right in pairwise(union))


@given(one_and_some)
def test_without(drawn: tuple[Period, list[Period]]) -> None:
    period, taken = drawn

    left = without(period, taken)

    assert minutes_of(left) == minutes_of([period]) - minutes_of(taken)
    assert all(rest.start < rest.end for rest in left)


@given(one)
def test_there_and_back_through_a_database_range(period: Period) -> None:
    stored = period.as_range()

    assert (stored.lower_inc, stored.upper_inc) == (True, False)
    assert Period.of(stored) == period


def test_the_night_has_an_hour_more_or_less() -> None:
    """Eight hours by the wall clock are nine, or seven, on the nights of change."""
    zone = ZoneInfo("Europe/London")
    back = Period(datetime(2027, 10, 30, 22, tzinfo=zone), datetime(2027, 10, 31, 6, tzinfo=zone))
    forward = Period(datetime(2027, 3, 27, 22, tzinfo=zone), datetime(2027, 3, 28, 6, tzinfo=zone))

    assert (back.minutes, forward.minutes) == (9 * 60, 7 * 60)


WORDS = [
    (datetime(2027, 6, 1, 8, 30), datetime(2027, 6, 1, 9, 45), "08:30–09:45"),
    (datetime(2027, 6, 1, 23, 30), datetime(2027, 6, 2, 0, 30), "Tue 01 Jun 23:30–Wed 02 Jun 00:30"),
]


@pytest.mark.parametrize(("start", "end", "words"), WORDS)
def test_in_words(start: datetime, end: datetime, words: str) -> None:
    assert str(Period(timezone.make_aware(start), timezone.make_aware(end))) == words
