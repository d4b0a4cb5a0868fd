"""Which column means what, and what is said of a mapping that can't be."""

import json

import pytest

from scheduling.importing.case import ImportFileError
from scheduling.importing.mapping import COLUMNS, REQUIRED, Mapping, load_mapping
from scheduling.models import EventKind

LOG_HEADER = [
    "index",
    "Encounter ID",
    "Date",
    "OR Suite",
    "Service",
    "CPT Code",
    "CPT Description",
    "Booked Time (min)",
    "OR Schedule",
    "Wheels In",
    "Start Time",
    "End Time",
    "Wheels Out",
]


def test_the_columns_of_a_utilisation_log_are_recognised():
    assert Mapping().positions(LOG_HEADER) == {
        "case": 1,
        "date": 2,
        "theatre": 3,
        "specialty": 4,
        "procedure_code": 5,
        "procedure": 6,
        "minutes": 7,
        "start": 8,
        "in_theatre": 9,
        "knife_to_skin": 10,
        "closing": 11,
        "out": 12,
    }


def test_plain_headers_are_recognised_whatever_their_capitals_and_punctuation():
    header = ["CASE_NUMBER", "theatre", "Specialty", " Procedure ", "planned-minutes", "Planned start"]
    assert Mapping().positions(header) == {
        "case": 0,
        "theatre": 1,
        "specialty": 2,
        "procedure": 3,
        "minutes": 4,
        "start": 5,
    }


def test_every_event_has_a_column():
    assert set(EventKind.values) < set(COLUMNS)


def test_missing_columns_are_named_with_an_example():
    with pytest.raises(ImportFileError) as error:
        Mapping().positions(["Case", "Theatre", "Specialty", "Procedure", "Start"])
    assert str(error.value).startswith(
        "The file has no column for: start (such as 'OR Schedule'); minutes (such as 'Booked Time (min)'). "
    )


def test_a_header_that_comes_twice_is_refused():
    with pytest.raises(ImportFileError, match="more than one column 'Theatre'"):
        Mapping().positions(["Case", "Theatre", "theatre", "Specialty", "Procedure", "Minutes", "Planned start"])


def test_a_toml_file_names_columns_formats_and_words(tmp_path):
    path = tmp_path / "mapping.toml"
    path.write_text(
        'formats = ["%d.%m.%Y %H:%M"]\nencoding = "cp1252"\nrepeated_hour = "first"\n'
        '[columns]\ncase = "Fallnummer"\n[theatres]\n"Saal 1" = "T1"\n',
        encoding="utf-8",
    )
    mapping = load_mapping(path)
    assert mapping.columns["case"] == ("Fallnummer",)
    assert mapping.columns["theatre"] == COLUMNS["theatre"]
    assert mapping.formats == ("%d.%m.%Y %H:%M", "%H:%M", "%H:%M:%S")
    assert (mapping.encoding, mapping.repeated_hour, mapping.theatres) == ("cp1252", "first", {"saal 1": "T1"})


def test_a_json_file_does_the_same(tmp_path):
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps({"columns": {"case": ["A", "B"]}, "code_system": "OPCS"}), encoding="utf-8")
    mapping = load_mapping(path)
    assert (mapping.columns["case"], mapping.code_system) == (("A", "B"), "OPCS")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("columns = [", "not valid TOML or JSON"),
        ("colums = {}", "may hold only: code_system, columns"),
        ('[columns]\ncase_no = "x"', "names unknown columns: case_no"),
        ("[columns]\ncase = 7", "columns.case is a text or a list of texts"),
        ("theatres = 1", "theatres is a table of texts"),
        ("encoding = 1", "encoding has the wrong shape"),
        ('repeated_hour = "maybe"', "first, second or refuse"),
        ('delimiter = ";;"', "delimiter is one character"),
    ],
)
def test_a_mapping_that_cannot_be_says_why(tmp_path, text, words):
    path = tmp_path / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ImportFileError, match=words):
        load_mapping(path)


def test_a_mapping_that_is_not_there_says_so(tmp_path):
    with pytest.raises(ImportFileError, match="No such file"):
        load_mapping(tmp_path / "none.toml")


def test_what_has_to_be_there_is_known():
    assert set(REQUIRED) < set(COLUMNS)
