"""What a place for an emergency does to the list."""

from datetime import UTC, datetime, timedelta

from scheduling.emergency import Listed, Place, TheatreNow, place_in, ranked
from scheduling.period import Period

EIGHT = datetime(2026, 11, 24, 8, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return EIGHT + timedelta(minutes=minutes)


def listed(number: int, start: int, minutes: int = 60, turnover: int = 0) -> Listed:
    planned = Period(at(start), at(start + minutes))
    return Listed(number=number, version=1, planned=planned, set_up=10, clean_up=10, turnover=turnover)


def place(*cases: Listed, free_from: int | None = None, closes: int | None = 600, bumped=(), limit: int = 60) -> Place:
    theatre = TheatreNow(
        theatre=1,
        free_from=None if free_from is None else at(free_from),
        clean_up=10,
        turnover=15,
        listed=cases,
        closes=None if closes is None else at(closes),
    )
    return place_in(theatre, minutes=90, set_up=10, clean_up=10, now=EIGHT, limit=at(limit), bumped=frozenset(bumped))


def test_an_empty_theatre_takes_it_once_it_is_set_up() -> None:
    found = place()
    assert (found.period, found.moved, found.bumped, found.over) == (Period(at(10), at(100)), (), (), 0)


def test_it_follows_the_case_in_theatre() -> None:
    assert place(free_from=31).period.start == at(55)  # 31 + 20 of clean-up and set-up, on the grid


def test_those_in_the_way_are_pushed_one_after_another_and_the_others_stay() -> None:
    found = place(listed(1, 60), listed(2, 140), listed(3, 400))
    assert [(one.case.number, one.start, one.late) for one in found.moved] == [(1, at(120), 60), (2, at(200), 60)]
    assert found.minutes_late == 120
    assert found.bumped == ()


def test_specialties_that_take_longer_to_turn_over() -> None:
    theatre = TheatreNow(
        theatre=1,
        free_from=at(31),
        clean_up=10,
        turnover=15,
        turnover_now=30,
        listed=[listed(1, 60), listed(2, 140, turnover=50)],
        closes=None,
    )
    known = {"minutes": 90, "set_up": 10, "clean_up": 10, "now": EIGHT, "limit": at(60), "bumped": frozenset()}
    found = place_in(theatre, **known)
    assert found.period.start == at(65)
    assert [one.start for one in found.moved] == [at(175), at(285)]
    longest = place_in(theatre, **known, turnover=60)
    assert longest.period.start == at(95)
    assert [one.start for one in longest.moved] == [at(245), at(355)]


def test_a_case_that_would_end_long_after_closing_goes_back_to_the_list() -> None:
    found = place(listed(1, 60), listed(2, 140), closes=210)
    assert [one.case.number for one in found.moved] == [1]
    assert [case.number for case in found.bumped] == [2]
    assert found.over == 0


def test_a_little_overtime_is_counted() -> None:
    found = place(listed(1, 60), closes=170)
    assert ([one.case.number for one in found.moved], found.over) == ([1], 10)


def test_what_can_t_be_pushed_is_bumped() -> None:
    found = place(listed(1, 60), listed(2, 180), bumped=(1,))
    assert ([case.number for case in found.bumped], found.moved) == ([1], ())


def test_minutes_after_the_limit() -> None:
    assert place(free_from=100, limit=60).after_limit == 60


def test_a_theatre_that_does_not_close_has_no_overtime() -> None:
    assert place(listed(1, 60), closes=None).over == 0


def test_within_the_limit_comes_before_what_it_costs() -> None:
    late_and_free, in_time = place(free_from=100), place(listed(1, 60))
    assert ranked([late_and_free, in_time]) == [in_time, late_and_free]


def test_of_those_in_time_the_cheapest_comes_first_and_three_are_enough() -> None:
    free, pushing, bumping = place(), place(listed(1, 60)), place(listed(1, 60), bumped=(1,))
    assert ranked([bumping, pushing, free, bumping]) == [free, pushing, bumping]
