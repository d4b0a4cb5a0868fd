"""From a file to cases, to rows that can't be read, or to a sentence about the file."""

import gzip
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from scheduling.importing.case import ImportFileError
from scheduling.importing.mapping import Mapping
from scheduling.importing.reading import read_cases
from scheduling.models import Side, Status
from scheduling.period import Period
from tests.scheduling.importing.files import HEADER, row, save

LOG = """index,Encounter ID,Date,OR Suite,Service,CPT Code,CPT Description,Booked Time (min),OR Schedule,Wheels In,\
Start Time,End Time,Wheels Out
0,501,07/04/22,4,Bones,K1,"Knee, repair",90,07/04/22 07:00 AM,07/04/22 07:05 AM,07/04/22 07:32 AM,\
07/04/22 12:05 PM,07/04/22 12:17 PM
"""


def unreadable(path, mapping=None):
    reading = read_cases(path, mapping or Mapping())
    return [(bad.line, bad.number, bad.message) for bad in reading.unreadable]


def test_a_row_of_a_utilisation_log_is_read_in_the_hospitals_zone(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(LOG, encoding="utf-8")
    reading = read_cases(path, Mapping())
    assert reading.unreadable == []
    (case,) = reading.cases
    assert (case.line, case.number, case.theatre, case.specialty) == (2, "501", "OR Suite 4", "Bones")
    assert (case.procedure_code, case.procedure, case.minutes) == ("K1", "Knee, repair", 90)
    start = datetime(2022, 7, 4, 6, tzinfo=UTC)
    assert case.period == Period(start, start + timedelta(minutes=90))
    assert case.events == {
        "in_theatre": datetime(2022, 7, 4, 6, 5, tzinfo=UTC),
        "knife_to_skin": datetime(2022, 7, 4, 6, 32, tzinfo=UTC),
        "closing": datetime(2022, 7, 4, 11, 5, tzinfo=UTC),
        "out": datetime(2022, 7, 4, 11, 17, tzinfo=UTC),
    }
    assert case.status == Status.COMPLETED


def test_a_row_without_actual_times_is_a_plan(tmp_path):
    (case,) = read_cases(save(tmp_path, row(1)), Mapping()).cases
    assert (case.events, case.status) == ({}, Status.SCHEDULED)


def test_a_case_that_came_in_and_not_out_is_in_theatre(tmp_path):
    path = save(tmp_path, row(1, actual=("2022-02-01 08:05", "", "", "")))
    (case,) = read_cases(path, Mapping()).cases
    assert case.status == Status.IN_THEATRE


def test_date_and_times_in_columns_of_their_own_roll_over_midnight(tmp_path):
    header = "Case,Date,Theatre,Specialty,Procedure,Minutes,Planned start,Wheels in,Start time,End time,Wheels out"
    path = save(tmp_path, "1,2022-02-01,Blue,Bones,Knee,60,23:30,23:20,23:50,00:10,00:40", header=header)
    (case,) = read_cases(path, Mapping()).cases
    assert case.period.start == datetime(2022, 2, 1, 23, 30, tzinfo=UTC)
    assert case.events == {
        "in_theatre": datetime(2022, 2, 1, 23, 20, tzinfo=UTC),
        "knife_to_skin": datetime(2022, 2, 1, 23, 50, tzinfo=UTC),
        "closing": datetime(2022, 2, 2, 0, 10, tzinfo=UTC),
        "out": datetime(2022, 2, 2, 0, 40, tzinfo=UTC),
    }


def test_an_offset_says_which_instant_is_meant(tmp_path):
    (case,) = read_cases(save(tmp_path, row(1, "2021-10-31T01:30+00:00")), Mapping()).cases
    assert case.period.start == datetime(2021, 10, 31, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(("answer", "hour"), [("first", 0), ("second", 1)])
def test_the_mapping_can_answer_for_the_hour_that_comes_twice(tmp_path, answer, hour):
    (case,) = read_cases(save(tmp_path, row(1, "2021-10-31 01:30")), Mapping(repeated_hour=answer)).cases
    assert case.period.start == datetime(2021, 10, 31, hour, 30, tzinfo=UTC)


def test_booked_minutes_are_elapsed_time_on_the_night_when_the_clocks_change(tmp_path):
    (case,) = read_cases(save(tmp_path, row(1, "2021-10-31 00:30", minutes=240)), Mapping()).cases
    assert case.period.end == datetime(2021, 10, 31, 3, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (row(7, "31/12/2021 08:00"), "start: '31/12/2021 08:00' is not a date or time in a form that the mapping"),
        (row(7, "2022-02-30 08:00"), "start: '2022-02-30 08:00' is not a date or time"),
        (row(7, "2022-02-01"), "start: '2022-02-01' has no time of day."),
        (row(7, "08:00"), "start: '08:00' has no date, and there is no date column."),
        (row(7, "1822-02-01 08:00"), "start: That is before the year 2000. Check the year."),
        (row(7, "2062-02-01 08:00"), "start: That is more than five years ahead. Check the year."),
        (row(7, "9999-12-31 23:30"), "start: That is more than five years ahead. Check the year."),
        (row(7, "0001-01-01 00:00"), "start: "),
        (row(7, "2022-03-27 01:30"), "start: 01:30 does not exist on Sun 27 Mar 2022: the clocks go forward."),
        (row(7, "2021-10-31 01:30"), "start: 01:30 comes twice on Sun 31 Oct 2021, when the clocks go back."),
        (row(7, minutes=-30), "minutes: '-30' is not a whole number from 1 to 1440."),
        (row(7, minutes=0), "minutes: '0' is not a whole number from 1 to 1440."),
        (row(7, minutes=2000), "minutes: '2000' is not a whole number from 1 to 1440."),
        (row(7, minutes="nan"), "minutes: 'nan' is not a whole number from 1 to 1440."),
        (row(7, minutes="1e400"), "minutes: '1e400' is not a whole number"),
        (row(7, minutes="an hour"), "minutes: 'an hour' is not a whole number"),
        (row(7, minutes=""), "minutes: is missing."),
        (row(7, theatre=" "), "theatre: is missing."),
        (row("7" * 28), "case: has 28 characters; at most 27 can be kept."),
        (row(7, procedure="Knee\x07"), "procedure: 'Knee\\x07' holds characters that can't be printed."),
        (row(7) + ",surplus", "12 values where the first line names 11 columns."),
        (row(1), "case: 1 is on line 2 already."),
        (
            row(7, actual=("2022-02-01 08:00", "2022-02-01 08:20", "2022-02-01 08:10", "2022-02-01 08:50")),
            "closing: '2022-02-01 08:10' is before knife_to_skin, '2022-02-01 08:20'.",
        ),
        (
            row(7, actual=("2022-02-01 08:00", "", "", "2022-02-01 07:50")),
            "out: '2022-02-01 07:50' is before in_theatre, '2022-02-01 08:00'.",
        ),
        (
            row(7, actual=("2022-03-01 08:00", "", "", "")),
            "in_theatre: '2022-03-01 08:00' is more than a week from the booked start.",
        ),
    ],
)
def test_a_bad_row_is_named_by_line_and_the_others_are_read(tmp_path, bad, message):
    path = save(tmp_path, row(1), "", bad, row(2))
    reading = read_cases(path, Mapping())
    assert [(case.line, case.number) for case in reading.cases] == [(2, "1"), (5, "2")]
    ((line, _, words),) = unreadable(path)
    assert line == 4
    assert words.startswith(message)


def test_an_actual_time_that_has_not_come_yet_is_a_bad_row(tmp_path):
    soon = timezone.localtime() + timedelta(hours=2)
    path = save(tmp_path, row(1, f"{soon:%Y-%m-%d %H:%M}", actual=(f"{soon:%Y-%m-%d %H:%M}", "", "", "")))
    ((line, number, words),) = unreadable(path)
    assert (line, number) == (2, "1")
    assert words.endswith("has not come yet.")


def test_anaesthesia_may_start_before_the_patient_is_in_theatre(tmp_path):
    header = "Case,Theatre,Specialty,Procedure,Minutes,Planned start,Wheels in,Anaesthesia start"
    path = save(tmp_path, "1,Blue,Bones,Knee,60,2022-02-01 08:00,2022-02-01 08:10,2022-02-01 07:55", header=header)
    (case,) = read_cases(path, Mapping()).cases
    assert case.events["anaesthesia"] == datetime(2022, 2, 1, 7, 55, tzinfo=UTC)


def test_a_start_that_is_not_on_the_rows_date_is_a_bad_row(tmp_path):
    header = "Case,Date,Theatre,Specialty,Procedure,Minutes,Planned start"
    path = save(tmp_path, "1,2022-02-01,Blue,Bones,Knee,60,2022-02-02 08:00", header=header)
    assert unreadable(path) == [(2, "1", "start: '2022-02-02 08:00' is not on the row's date, 01 Feb 2022.")]


def test_lines_are_counted_where_rows_start_even_after_a_cell_of_two_lines(tmp_path):
    path = save(tmp_path, row(1, procedure='"Knee\nrepair"'), row(2, minutes=0))
    assert [line for line, *_ in unreadable(path)] == [2, 4]


def test_sides_are_read_in_words(tmp_path):
    header = "Case,Theatre,Specialty,Procedure,Minutes,Planned start,Side"
    rows = [f"{n},Blue,Bones,Knee,60,2022-02-01 08:00,{side}" for n, side in enumerate(["Left", "both", "", "R"])]
    path = save(tmp_path, *rows, header=header)
    sides = [case.side for case in read_cases(path, Mapping()).cases]
    assert sides == [Side.LEFT, Side.BILATERAL, Side.NOT_APPLICABLE]
    assert unreadable(path) == [(5, "3", "side: 'R' is none of left, right, both, midline.")]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_are_recognised(tmp_path, delimiter):
    path = save(tmp_path, row(1).replace(",", delimiter), header=HEADER.replace(",", delimiter))
    assert [case.number for case in read_cases(path, Mapping()).cases] == ["1"]


def test_another_encoding_is_read_when_the_mapping_names_it(tmp_path):
    path = save(tmp_path, row(1, procedure="Hernie à droite"), encoding="cp1252")
    with pytest.raises(ImportFileError, match=r"is not utf-8-sig text \(line 2\)"):
        read_cases(path, Mapping())
    assert read_cases(path, Mapping(encoding="cp1252")).cases[0].procedure == "Hernie à droite"
    with pytest.raises(ImportFileError, match="'klingon' is not known"):
        read_cases(path, Mapping(encoding="klingon"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (HEADER.encode(), "names its columns and holds no rows"),
        (gzip.compress(HEADER.encode(), mtime=0), "is a gzip file"),
        (b"PK\x03\x04rest", "a zip file or a spreadsheet"),
        ("Case,Theatre".encode("utf-16"), "is UTF-16 text"),
        (b"\x89PNG\r\n\x1a\n\xff\xff", "is not utf-8-sig text"),
        (b"case\0,theatre", "null characters"),
        (b"<html><body>Log in first</body></html>", "has no column for: case"),
        (f'{HEADER}\n"1,Blue'.encode(), "is not CSV from line 2 on"),
        (b"Name,Date\nx,y\n", "has no column for: case"),
    ],
)
def test_a_wrong_file_is_refused_in_a_sentence(tmp_path, content, words):
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(ImportFileError, match=words):
        read_cases(path, Mapping())


def test_a_folder_and_a_file_that_is_not_there_are_refused(tmp_path):
    with pytest.raises(ImportFileError, match="is a folder"):
        read_cases(tmp_path, Mapping())
    with pytest.raises(ImportFileError, match="No such file"):
        read_cases(tmp_path / "none.csv", Mapping())
