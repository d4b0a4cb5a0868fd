"""Whatever the operations are: no small cell leaves, and nothing is told that was not so."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.deidentified.columns import HIDDEN, Figures, grouped_age, procedure_group
from analytics.deidentified.suppressing import LEAST, cell, few, suppress


def row(specialty: str, procedure: str, age: str, sex: str) -> Figures:
    return Figures(
        year=2025,
        specialty=specialty,
        procedure_group=procedure,
        asa_class=2,
        age=age,
        sex=sex,
        theatre="a1",
        planned_minutes=60,
        actual_minutes=None,
        turnover_minutes=None,
        day_case=False,
        delay_reason="",
        cancelled=False,
        cancelled_reason="",
    )


ROWS = st.builds(
    row,
    st.sampled_from(["ortho", "ent"]),
    st.sampled_from(["0SR", "09T", "0DT"]),
    st.integers(0, 100).map(grouped_age) | st.just(""),
    st.sampled_from(["female", "male", "unknown"]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(ROWS, max_size=120))
def test_every_combination_that_leaves_has_eleven_rows(rows: list[Figures]) -> None:
    found = suppress(rows)
    sizes = Counter(cell(one) for one in found.rows)
    assert all(size >= LEAST for size in sizes.values())
    assert len(found.rows) + found.dropped == len(rows)
    assert found.dropped < LEAST
    for number in found.coarser.values():
        assert number == 0 or number >= LEAST
    told = Counter(one.specialty for one in found.rows if one.specialty != HIDDEN)
    assert all(count <= sum(one.specialty == name for one in rows) for name, count in told.items())


def test_eleven_alike_leave_as_they_are() -> None:
    rows = [row("ortho", "0SR", str(40 + n % 10), "female") for n in range(11)]
    assert suppress(rows).rows == rows
    assert (suppress(rows[:10]).rows, suppress(rows[:10]).dropped) == ([], 10)


def test_a_rare_procedure_is_taken_out_and_the_rest_stays() -> None:
    rows = [row("ortho", "0SR", "44", "female")] * 6 + [row("ortho", "0QS", "44", "female")] * 6
    found = suppress(rows)
    assert {(one.procedure_group, one.age) for one in found.rows} == {(HIDDEN, "44")}
    assert found.coarser["without procedure"] == 12


def test_what_is_told_of_age_procedure_and_counts() -> None:
    assert [grouped_age(years) for years in (0, 89, 90, 107, None, -1)] == ["0", "89", "90+", "90+", "", ""]
    assert [procedure_group("ICD-10-PCS", "0SR90JZ"), procedure_group("own", "HIP-1")] == ["0SR", "HIP-1"]
    assert [few(0), few(3), few(11)] == [0, "fewer than 11", 11]
    assert [row("a", "b", age, "c").band for age in ("0", "44", "90+", "")] == ["0-9", "40-49", "90+", ""]
