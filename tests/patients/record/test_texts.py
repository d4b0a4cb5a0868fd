"""Values as texts, and what a form shows after somebody was faster."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patients.record.history import merged
from patients.record.parts import ENTRY_PARTS, in_words
from patients.record.texts import as_text, differing, packed, unpacked

TEXTS = st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=5)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (date(2026, 3, 1), "2026-03-01"),
        (Decimal("80.0"), "80"),
        (Decimal("1E+2"), "100"),
        (Decimal("0.35"), "0.35"),
    ],
)
def test_a_value_has_one_text(value: Any, text: str) -> None:
    assert as_text(value) == text


@settings(deadline=None)
@given(TEXTS)
def test_what_is_packed_is_unpacked(texts: dict[str, str]) -> None:
    assert unpacked(packed(texts)) == texts


@pytest.mark.parametrize("text", ["", "null", "[]", "7", '{"a": 1}', "{", '"x"', "[" * 100_000])
def test_anything_else_is_not(text: str) -> None:
    assert unpacked(text) is None


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_what_differs_leads_from_one_to_the_other(before: dict[str, str], after: dict[str, str]) -> None:
    found = differing(before, after)
    assert {name: after.get(name, "") for name in {**before, **after}} == {
        name: found[name][1] if name in found else before.get(name, "") for name in {**before, **after}
    }


def test_a_merge_keeps_both() -> None:
    part = ENTRY_PARTS["medicines"]
    shown = {"text": "Warfarin", "dose": "3 mg", "plan": "", "course": "active"}
    now = shown | {"dose": "5 mg", "course": "resolved"}
    mine = shown | {"dose": "4 mg", "plan": "Stop"}
    taken, theirs = merged(part, shown=shown, now=now, mine=mine)
    assert taken == {"text": "Warfarin", "dose": "4 mg", "plan": "Stop", "course": "resolved"}
    assert theirs == [("Dose", "5 mg"), ("Status", "Resolved")]


@pytest.mark.parametrize(
    ("slug", "name", "text", "words"),
    [
        ("medicines", "surgical_class", "anticoagulant", "Anticoagulant"),
        ("medicines", "began_on", "2026-03-01", "1 Mar 2026"),
        ("medicines", "dose", "", "nothing"),
        ("medicines", "dose", "2026-03-01", "2026-03-01"),
        ("allergies", "certainty", "error", "Entered in error"),
        ("allergies", "allergy_status", "none_known", "No known allergies"),
        ("assessments", "pacemaker", "true", "Yes"),
        ("numbers", "system", "99999", "99999"),
    ],
)
@pytest.mark.django_db
def test_a_text_in_words(slug: str, name: str, text: str, words: str) -> None:
    assert in_words(ENTRY_PARTS[slug], name, text).lower() == words.lower()
