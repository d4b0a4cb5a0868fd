"""The command: what it prints, its exit code, its report files."""

import csv
import gzip
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command, load_command_class

from scheduling.importing.mapping import COLUMNS
from scheduling.integrity import find_breaches
from scheduling.models import Operation
from tests.factories import UserFactory
from tests.scheduling.importing.files import row, save

pytestmark = pytest.mark.django_db


@pytest.fixture
def coordinator(db):
    return UserFactory(role="coordinator", email="coordinator@example.org")


def run(path, **options):
    out = StringIO()
    call_command("import_theatre_log", str(path), stdout=out, **options)
    return out.getvalue().splitlines()


def test_prints_unreadable_and_refused_rows_and_one_line_with_the_counts(tmp_path, coordinator):
    path = save(tmp_path, row(1), row(2, "2022-02-01 08:30"), row(3, minutes=0), row(4, "2022-02-01 08:59"))
    lines = run(path)
    assert lines[:8] == [
        "Not readable:",
        "  line 4: minutes: '0' is not a whole number from 1 to 1440.",
        "Refused:",
        "  Case 2 (line 3), Blue, Tue 01 Feb 2022 08:30–09:30: Blue is already booked 08:00–09:00 for case 1 (line 2).",
        "  Case 4 (line 5), Blue, Tue 01 Feb 2022 08:59–09:59: Blue is already booked 08:00–09:00 for case 1 (line 2).",
        "Double bookings that no refusal above names:",
        "  Blue, Tue 01 Feb 2022 08:59–09:30: case 2 (line 3) and case 4 (line 5)",
        "Added to the hospital's lists:",
    ]
    assert 'Accepted with the reason "Imported from list.csv":' in lines
    assert lines[-1].startswith(
        "Imported: 4 rows of list.csv: 1 booked; 0 already there; 0 differs, left as it is; 2 refused; 1 unreadable; "
        "3 double bookings in the file. "
    )
    assert lines[-1].endswith(" rows/s.")
    assert find_breaches() == []


def test_a_dry_run_says_so(tmp_path, coordinator):
    lines = run(save(tmp_path, row(1)), dry_run=True)
    assert lines[-1].startswith("Dry run, nothing was written: 1 rows of list.csv: 1 booked; ")
    assert Operation.objects.count() == 0


def test_the_report_as_csv_has_a_line_for_each_row(tmp_path, coordinator):
    path = save(tmp_path, row("=1"), row(2, "2022-02-01 08:30"), row(3, minutes=0))
    run(path, report=tmp_path / "report.csv")
    with (tmp_path / "report.csv").open(encoding="utf-8", newline="") as file:
        rows = [(r["line"], r["case"], r["outcome"], r["others"]) for r in csv.DictReader(file)]
    assert rows == [
        ("2", "'=1", "booked", ""),
        ("3", "2", "refused", "case =1 (line 2)"),
        ("4", "3", "unreadable", ""),
    ]


def test_the_report_as_json_has_everything(tmp_path, coordinator):
    path = save(tmp_path, row(1), row(2, "2022-02-01 08:30"))
    run(path, report=tmp_path / "report.json")
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["counts"] == {"booked": 1, "refused": 1, "unreadable": 0}
    assert report["double_bookings"] == [{"theatre": "Blue", "first": "1", "second": "2"}]
    assert report["rows"][1] == {
        "line": 3,
        "case": "2",
        "outcome": "refused",
        "theatre": "Blue",
        "start": "2022-02-01T08:30+00:00",
        "minutes": 60,
        "reason": "Blue is already booked 08:00–09:00 for case 1 (line 2).",
        "others": ["case 1 (line 2)"],
    }


def test_a_mapping_file_reads_another_hospitals_list(tmp_path, coordinator):
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        'formats = ["%d.%m.%Y %H:%M"]\n[columns]\ncase = "Fall"\ntheatre = "Saal"\nspecialty = "Fach"\n'
        'procedure = "Eingriff"\nminutes = "Dauer"\nstart = "Beginn"\n',
        encoding="utf-8",
    )
    path = save(tmp_path, "1;1;Knie;Naht;60;13.02.2022 08:00", header="Fall;Saal;Fach;Eingriff;Dauer;Beginn")
    run(path, mapping=mapping)
    operation = Operation.objects.get()
    assert f"{operation.period.lower:%Y-%m-%d %H:%M}" == "2022-02-13 08:00"
    assert (operation.theatre.name, operation.procedure.code) == ("Saal 1", "naht")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "list.csv is empty. Nothing was written."),
        (gzip.compress(b"x", mtime=0), "list.csv is a gzip file. Unpack it first. Nothing was written."),
    ],
)
def test_a_wrong_file_is_an_error_in_one_line(tmp_path, coordinator, content, words):
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(CommandError) as error:
        run(path)
    assert (str(error.value), error.value.returncode) == (words, 1)


def test_a_file_of_which_no_row_can_be_read_is_an_error(tmp_path, coordinator):
    with pytest.raises(CommandError, match=r"No row of list.csv can be read. Nothing was written."):
        run(save(tmp_path, row(1, minutes=0)))


def test_somebody_who_may_not_import_is_refused(tmp_path):
    UserFactory(role="booking_clerk", email="clerk@example.org")
    with pytest.raises(CommandError, match="Your role does not let you import operations"):
        run(save(tmp_path, row(1)), actor="clerk@example.org")


@pytest.mark.parametrize(
    ("name", "words"),
    [("report.txt", r"has to end in .csv or .json"), ("none/report.csv", "there is no such folder")],
)
def test_a_report_that_cannot_be_written_is_found_out_before(tmp_path, coordinator, name, words):
    with pytest.raises(CommandError, match=words):
        run(save(tmp_path, row(1)), report=tmp_path / name)
    assert Operation.objects.count() == 0


def test_theatres_that_are_new_can_be_refused(tmp_path, coordinator):
    lines = run(save(tmp_path, row(1)), no_new_theatres=True)
    assert "The hospital has no theatre Blue." in lines[1]


def test_the_help_lists_every_column():
    words = load_command_class("scheduling", "import_theatre_log").create_parser("manage.py", "x").format_help()
    assert [name for name in COLUMNS if f"\n  {name}" not in words] == []
    assert "exit code: 0" in words
