"""Names are split by the database as they are split by the search."""

import sys
import unicodedata

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patients.finding.words import words_of

pytestmark = pytest.mark.django_db

NAMES = {
    "O’Brien-Nowak, Ewa": ["o", "brien", "nowak", "ewa"],
    "Zoë MÜLLER": ["zoe", "muller"],
    "Groß, Øystein Łukasz Ñuñez": ["gross", "oystein", "lukasz", "nunez"],
    "Þórr Ægir Œuvre Đặng": ["thorr", "aegir", "oeuvre", "dang"],
    "ПЕТРОВА Анна": ["петрова", "анна"],
    "Παπαδόπουλος": ["παπαδοπουλοσ"],
    "محمد عبدالله": ["محمد", "عبدالله"],
    "李小龙": ["李小龙"],
    "  %_\\ 100% 😀 ": ["100"],
    "": [],
}


def of_database(text: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT patients_words(%s)", [text])
        return cursor.fetchone()[0]


@pytest.mark.parametrize(("name", "words"), NAMES.items())
def test_names_are_split_alike(name: str, words: list[str]) -> None:
    assert (words_of(name), [word[:64] for word in of_database(name)]) == (words, words)


def test_every_letter_is_read_alike() -> None:
    known = [
        chr(code)
        for code in range(1, sys.maxunicode + 1)
        if not 0xD800 <= code < 0xE000 and unicodedata.category(chr(code)) not in ("Cn", "Co")
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT one, patients_words('a' || one || 'b') FROM unnest(%s::text[]) AS one", [known])
        wrong = [one for one, words in cursor.fetchall() if words != words_of(f"a{one}b")]
    assert wrong == []


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=("Cs", "Cn", "Co"), exclude_characters="\0"), max_size=40))
def test_any_text_is_read_alike(text: str) -> None:
    assert words_of(text) == [word[:64] for word in of_database(text)]
