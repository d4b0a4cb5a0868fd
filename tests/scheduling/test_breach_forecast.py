"""Who will be past the due date: by hand, week by week."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from scheduling.breach_forecast import WEEKS, Forecast, Waits, forecast, together

TODAY = date(2026, 11, 27)


def waits(number: int, due: int | None, *, paused: int | None = None, away: int | None = None, **more: bool) -> Waits:
    """Return somebody who waits; all in days from today."""

    def day(offset: int | None) -> date | None:
        return None if offset is None else TODAY + timedelta(days=offset)

    return Waits(number=number, due_on=day(due), paused_since=day(paused), away_until=day(away), **more)


def of(*queue: Waits, done: int = 0, booked: Sequence[int] = ()) -> Forecast:
    return forecast(queue, today=TODAY, done=done, booked=booked)


def past(found: Forecast, weeks: int = 4) -> list[tuple[int, int]]:
    return [(week.if_nothing, week.at_pace) for week in found.weeks[:weeks]]


def test_nobody_waits() -> None:
    found = of()
    assert (found.waiting, found.past_now, found.pace) == (0, 0, 0)
    assert past(found, WEEKS) == [(0, 0)] * WEEKS


def test_the_weeks_end_where_the_next_begin() -> None:
    found = of()
    assert [week.ends for week in found.weeks[:2]] == [date(2026, 12, 4), date(2026, 12, 11)]
    assert found.weeks[0].last_day == date(2026, 12, 3)


@pytest.mark.parametrize(
    ("due", "counts"),
    [(-1, [1, 1, 1, 1]), (0, [1, 1, 1, 1]), (6, [1, 1, 1, 1]), (7, [0, 1, 1, 1]), (13, [0, 1, 1, 1]), (None, [0] * 4)],
)
def test_past_due_is_after_the_day_itself(due: int | None, counts: list[int]) -> None:
    found = of(waits(1, due))
    assert [nothing for nothing, _ in past(found)] == counts
    assert found.past_now == (due == -1)


def test_who_is_first_due_comes_first() -> None:
    queue = [waits(1, 20), waits(2, -5), waits(3, 1), waits(4, 1)]
    assert past(of(*queue, done=8)) == [(3, 2), (3, 1), (4, 1), (4, 0)]  # one a week
    assert past(of(*queue, done=16)) == [(3, 1), (3, 0), (4, 0), (4, 0)]  # two a week


def test_half_an_operation_a_week_is_one_in_two() -> None:
    queue = [waits(number, -1) for number in range(3)]
    assert [at_pace for _, at_pace in past(of(*queue, done=4))] == [3, 2, 2, 1]


def test_what_is_booked_takes_its_part_and_no_more() -> None:
    queue = [waits(number, -1) for number in range(4)]
    found = of(*queue, done=16, booked=[2, 1, 5])
    assert [at_pace for _, at_pace in past(found)] == [4, 3, 3, 1]
    assert found.booked == 8


def test_while_paused_no_day_counts_and_nobody_is_called() -> None:
    in_time, late = waits(1, 3, paused=-2), waits(2, -4, paused=-2)
    found = of(in_time, late, waits(3, 5), done=16)
    assert (found.past_now, past(found)) == (1, [(2, 1)] * 4)


def test_who_comes_back_is_called_then() -> None:
    assert past(of(waits(1, -1, away=10), done=80)) == [(1, 1), (1, 0), (1, 0), (1, 0)]
    assert past(of(waits(1, -1, away=7), done=80))[0] == (1, 1)


def test_who_is_filtered_out_stands_in_the_queue() -> None:
    others = [waits(number, -9, counts=False) for number in (1, 2)]
    found = of(*others, waits(3, -1), done=8)
    assert (found.waiting, past(found)) == (1, [(1, 1), (1, 1), (1, 0), (1, 0)])


def test_two_specialties_together() -> None:
    total = together([of(waits(1, -1), done=8, booked=[1]), of(waits(2, 8), waits(3, None), done=0)])
    assert (total.waiting, total.past_now, total.done, total.booked) == (3, 1, 8, 1)
    assert past(total) == [(1, 1), (2, 1), (2, 1), (2, 1)]
