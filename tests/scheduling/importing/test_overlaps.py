"""Every double booking of a file, found whatever became of the cases."""

from datetime import UTC, datetime, timedelta
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from scheduling.importing.case import Case
from scheduling.importing.overlaps import double_bookings
from scheduling.period import Period

EIGHT = datetime(2022, 2, 1, 8, tzinfo=UTC)


def case(line: int, start: int, minutes: int) -> Case:
    period = Period.lasting(EIGHT + timedelta(minutes=start), minutes)
    return Case(
        line=line,
        number=str(line),
        theatre="Blue",
        specialty="Bones",
        procedure_code="K1",
        procedure="Knee",
        period=period,
        events={},
    )


def test_touching_cases_are_no_double_booking():
    assert double_bookings([("Blue", case(1, 0, 60)), ("Blue", case(2, 60, 60))]) == []


def test_cases_in_two_theatres_are_no_double_booking():
    assert double_bookings([("Blue", case(1, 0, 60)), ("Green", case(2, 0, 60))]) == []


def test_both_cases_are_named_with_the_time_that_they_share():
    (pair,) = double_bookings([("Blue", case(1, 45, 60)), ("Blue", case(2, 0, 60))])
    assert (pair.theatre, pair.first.number, pair.second.number) == ("Blue", "2", "1")
    assert pair.period == Period.lasting(EIGHT + timedelta(minutes=45), 15)


@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 300), st.integers(1, 120)), max_size=20))
def test_the_sweep_finds_what_comparing_all_with_all_finds(bookings):
    placed = [(theatre, case(line, start, minutes)) for line, (theatre, start, minutes) in enumerate(bookings)]
    found = [frozenset((pair.first.line, pair.second.line)) for pair in double_bookings(placed)]
    wanted = {
        frozenset((one.line, other.line))
        for (here, one), (there, other) in combinations(placed, 2)
        if here == there and one.period.overlaps(other.period)
    }
    assert len(found) == len(set(found))
    assert set(found) == wanted
