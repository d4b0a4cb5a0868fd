"""No cell of a CSV file is run by the program that opens it."""

import csv
import io
from datetime import UTC, datetime

import pytest

from accounts.spreadsheets import csv_answer, csv_lines, safe_cell


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_what_would_be_run_is_a_text(start: str) -> None:
    assert safe_cell(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize(("value", "cell"), [(None, ""), (-3, -3), (2.5, 2.5), ("a=b", "a=b"), ("", "")])
def test_everything_else_stays(value: object, cell: object) -> None:
    assert safe_cell(value) == cell


def test_times_are_local_ones_with_their_zone() -> None:
    assert safe_cell(datetime(2026, 7, 1, 12, tzinfo=UTC)) == "2026-07-01 13:00:00+0100"


def test_a_file_is_read_back_as_it_was() -> None:
    rows = [("SMITH, Ann", 'say "x"\nand y', "=cmd()")]
    text = "".join(csv_lines(("a", "b", "c"), rows))
    assert text.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(text[1:]))) == [["a", "b", "c"], ["SMITH, Ann", 'say "x"\nand y', "'=cmd()"]]


def test_an_answer_is_a_file_that_is_kept_nowhere() -> None:
    answer = csv_answer("x.csv", ("a",), [("1",)])
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("text/csv; charset=utf-8", "no-store")
    assert answer["Content-Disposition"] == 'attachment; filename="x.csv"'
