"""What to expect of the rest of the day."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scheduling.period import Period
from scheduling.projection import CaseToday, Expected, project

EIGHT = datetime(2026, 11, 24, 8, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return EIGHT + timedelta(minutes=minutes)


def case(number: int, start: int, minutes: int = 60, **known) -> CaseToday:
    plain = CaseToday(
        number=number,
        theatre=1,
        surgeon=None,
        planned=Period(at(start), at(start + minutes)),
        surgery_minutes=minutes - 15,
        turnover=15,
    )
    return replace(plain, **known)


def minutes(found: dict[int, Expected]) -> dict[int, tuple[float, float]]:
    return {
        number: ((one.period.start - EIGHT).total_seconds() / 60, (one.period.end - EIGHT).total_seconds() / 60)
        for number, one in found.items()
    }


def test_a_day_on_time_is_the_plan() -> None:
    found = project([case(1, 0), case(2, 75)], at(-30))
    assert minutes(found) == {1: (0, 60), 2: (75, 135)}
    assert [(one.late, one.waits_for) for one in found.values()] == [(0, ""), (0, "")]


def test_a_late_start_pushes_what_follows_by_what_the_gaps_don_t_take() -> None:
    found = project([case(1, 0, began=at(30)), case(2, 80)], at(40))
    assert minutes(found) == {1: (30, 90), 2: (105, 165)}
    assert (found[2].late, found[2].waits_for, found[1].over) == (25, "theatre", 30)


def test_the_longer_turnover_of_two_cases_counts() -> None:
    for first, second in ((40, 15), (15, 40)):
        found = project([case(1, 0, began=at(30), turnover=first), case(2, 80, turnover=second)], at(40))
        assert minutes(found)[2] == (130, 190)


def test_what_should_have_begun_begins_now_at_the_earliest() -> None:
    assert minutes(project([case(1, 0), case(2, 75)], at(20))) == {1: (20, 80), 2: (95, 155)}


def test_a_case_that_takes_longer_ends_now_at_the_earliest() -> None:
    assert minutes(project([case(1, 0, began=at(0))], at(90))) == {1: (0, 90)}


def test_the_knife_tells_more_than_the_plan() -> None:
    """Anaesthesia took half an hour: surgery's 45 minutes count from the knife."""
    assert minutes(project([case(1, 0, began=at(0), knife=at(45))], at(50))) == {1: (0, 90)}


def test_what_has_ended_was_as_it_was() -> None:
    found = project([case(1, 0, began=at(-5), ended=at(40)), case(2, 75)], at(50))
    assert minutes(found) == {1: (-5, 40), 2: (75, 135)}


def test_a_surgeon_is_in_one_theatre_at_a_time() -> None:
    found = project([case(1, 0, surgeon=7, began=at(30)), case(2, 60, surgeon=7, theatre=2)], at(40))
    assert minutes(found)[2] == (90, 150)
    assert found[2].waits_for == "surgeon"


def test_set_up_and_clean_up_longer_than_the_turnover_count() -> None:
    found = project([case(1, 0, began=at(10), clean_up=20), case(2, 60, set_up=10)], at(20))
    assert minutes(found)[2] == (100, 160)


def test_a_case_taken_out_of_turn() -> None:
    """The second was taken first; the first follows it."""
    found = project([case(1, 0), case(2, 75, began=at(5))], at(10))
    assert minutes(found) == {2: (5, 65), 1: (80, 140)}


def test_a_bed_that_is_not_free_in_time() -> None:
    found = project([case(1, 0, beds=((3, 120),)), case(2, 30, theatre=2, beds=((3, 60),))], at(0))
    assert found[1].bed_taken_until is None
    assert found[2].bed_taken_until == at(180)


def test_a_stay_of_somebody_who_has_left_theatre_is_not_asked_about() -> None:
    found = project([case(1, 0, beds=((3, 120),)), case(2, 30, theatre=2, ended=at(90), beds=((3, 60),))], at(95))
    assert found[2].bed_taken_until is None


@pytest.mark.parametrize("seconds", [1, 59])
def test_seconds_are_not_planned_with(seconds: int) -> None:
    assert minutes(project([case(1, 0)], at(20) + timedelta(seconds=seconds))) == {1: (20, 80)}


def test_a_case_over_the_change_of_clocks_keeps_its_length() -> None:
    night = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    one = CaseToday(
        number=1, theatre=1, surgeon=None, planned=Period(night, night + timedelta(hours=2)), surgery_minutes=100
    )
    assert project([one], night - timedelta(hours=1))[1].period.minutes == 120


def test_nothing_to_expect() -> None:
    assert project([], EIGHT) == {}
