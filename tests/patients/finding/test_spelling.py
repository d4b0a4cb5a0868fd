"""Which words a slip makes of one another."""

import pytest

from patients.finding.spelling import distance, near_words
from tests.factories import PatientFactory


@pytest.mark.parametrize(
    ("one", "other", "far"),
    [
        ("smith", "smith", 0),
        ("smiht", "smith", 1),
        ("smth", "smith", 1),
        ("smyth", "smith", 1),
        ("ssmith", "smith", 1),
        ("kowalsky", "kowalski", 1),
        ("kwoalsky", "kowalski", 2),
        ("jones", "smith", 3),
        ("ab", "abcdef", 3),
    ],
)
def test_errors_between_words(one: str, other: str, far: int) -> None:
    assert (distance(one, other, most=2), distance(other, one, most=2)) == (far, far)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("smiht", ["smith"]),
        ("msith", ["smith"]),
        ("mith", ["smith"]),
        ("smithh", ["smith"]),
        ("jmith", ["smith"]),
        ("smiths", ["smith"]),
        ("simht", []),  # two in a short word
        ("kowlaski", ["kowalski"]),
        ("kovalsky", ["kowalski"]),
        ("kwoalksi", ["kowalski"]),
        ("okwalskii", ["kowalski"]),
        ("kowalskixyz", []),
        ("петрва", ["петрова"]),
        ("lee", ["lea"]),
        ("le", []),
        ("smith", []),
        ("q" * 64, []),
    ],
)
def test_words_on_record_that_are_meant(typed: str, meant: list[str]) -> None:
    for family in ("Smith", "Kowalski", "Петрова", "Lea"):
        PatientFactory(family_name=family, given_name="")
    assert near_words(typed) == meant
