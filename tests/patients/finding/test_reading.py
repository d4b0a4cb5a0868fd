"""What is typed is read as it is meant."""

from datetime import date

import pytest
from django.utils import timezone

from patients.finding.birth import births_in
from patients.finding.reading import Criteria, read

MARCH, MAY = date(1980, 3, 5), date(1980, 5, 3)


def days(criteria: Criteria) -> list[date]:
    return [one.first for one in criteria.births]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("5/3/1980", [MARCH, MAY]),
        ("05.03.80", [MARCH, MAY]),
        ("5-3-1980", [MARCH, MAY]),
        ("1980-03-05", [MARCH]),
        ("1980/3/5", [MARCH]),
        ("5 Mar 1980", [MARCH]),
        ("5. March 80", [MARCH]),
        ("5th march, 1980", [MARCH]),
        ("5-Mar-1980", [MARCH]),
        ("March 5, 1980", [MARCH]),
        ("05031980", [MARCH, MAY]),
        ("19800305", [MARCH]),
        ("25/12/1980", [date(1980, 12, 25)]),
        ("12/25/1980", [date(1980, 12, 25)]),
        ("29/2/1981", []),
        ("31/31/1980", []),
        ("5/3/1780", []),
        ("5/3/2999", []),
    ],
)
def test_dates_of_birth(text: str, found: list[date]) -> None:
    assert days(read(text)) == found


def test_where_months_come_first(settings) -> None:
    settings.DATE_ORDER = "mdy"
    assert days(read("5/3/1980")) == [MAY, MARCH]


def test_two_digits_are_every_year_that_has_been() -> None:
    century = timezone.localdate().year // 100 * 100
    assert [day.year for day in days(read("1/1/20"))] == [century + 20, century - 80]
    assert [day.year for day in days(read("1/1/99"))] == [century - 1]


def test_a_date_beside_other_words() -> None:
    births, rest = births_in("ann smith 5.3.80 rx4")
    assert ([one.first for one in births], rest.split()) == ([MARCH, MAY], ["ann", "smith", "rx4"])


@pytest.mark.parametrize(
    ("text", "words", "number", "births"),
    [
        ("SMITH, Ann", ("smith", "ann"), "", 0),
        ("smith 1980", ("smith",), "", 1),
        ("1980", (), "1980", 0),
        ("smith march 1980", ("smith",), "", 1),
        ("May Smith", ("may", "smith"), "", 0),
        ("rx-47", (), "RX47", 0),
        ("smith rx47", ("smith",), "RX47", 0),
        ("+44 7911 123456", (), "447911123456", 0),
        ("943-476-5919", (), "9434765919", 0),
        ("o’brien", ("o", "brien"), "", 0),
        ("smith 1700", ("smith",), "1700", 0),
    ],
)
def test_mixes(text: str, words: tuple[str, ...], number: str, births: int) -> None:
    criteria = read(text)
    assert (criteria.words, criteria.number, len(criteria.births)) == (words, number, births)


@pytest.mark.parametrize(
    "text", ["", " ", "a", ",,,", "%", "%%", "_", "\\", "\0", "😀", "1", "é", "\u202e", "a,", "🇬🇧"]
)
def test_too_little_to_look_for(text: str) -> None:
    assert not read(text).is_enough


@pytest.mark.parametrize("text", ["ab", "李", "김", "12", "a b", "5/3/80", "ж ш"])
def test_enough_to_look_for(text: str) -> None:
    assert read(text).is_enough


def test_what_is_too_long_is_cut() -> None:
    assert read("x" * 300).words == ("x" * 64,)
    assert len(read("ab " * 100).words) == 6


def test_what_no_keyboard_writes_is_left_out() -> None:
    assert read("ann\0\x1b\u202esmith\ud800 ").words == ("ann", "smith")


@pytest.mark.parametrize(
    "text", ["smith mary 1980", "Martin 1975", "Jane 1962", "julia 1980", "may 1980", "April 1980"]
)
def test_names_that_begin_like_months_are_names(text: str) -> None:
    criteria = read(text)
    assert criteria.is_enough
    (birth,) = criteria.births
    assert (birth.first.month, birth.last.month) == (1, 12)
    assert set(text.lower().split()[:-1]) <= set(criteria.words)


@pytest.mark.parametrize("text", ["smith sept 1980", "smith September 1980", "smith Mar 1980", "smith march 1980"])
def test_a_month_and_a_year(text: str) -> None:
    (birth,) = read(text).births
    assert birth.first.month == birth.last.month
