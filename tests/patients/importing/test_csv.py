"""Lists of patients as CSV: columns, encodings, dates, errors by row and column, and the command."""

from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from patients.importing.csv.columns import fitting_formats, guess
from patients.importing.csv.tables import detect_encoding, open_table
from patients.importing.report import ImportFileError
from patients.importing.runs import begin, carry_out
from patients.importing.sources import Source, from_bytes
from patients.models import Allergy, ImportRun, Medicine, NextOfKin, Patient
from tests.factories import PatientFactory, UserFactory
from tests.patients.importing.files import allergy, bundle, configure, counts, patient, said
from tests.patients.importing.files import run as run_fhir

pytestmark = pytest.mark.django_db
HEAD = "MRN,Surname,First name,DOB,Sex,Allergies,Medicines"
ANN = "M1,Baker,Ann,17/05/1980,F,Latex; Nickel,Warfarin 5 mg"


@pytest.fixture
def coordinator(db):
    return UserFactory(role="coordinator", email="coordinator@example.org")


def lines(*rows: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *rows]).encode()


def run(actor: Any, content: bytes, *, dry_run: bool = False, **options: Any) -> ImportRun:
    source = from_bytes("list.csv", content)
    table = open_table(source, encoding=options.get("encoding", ""))
    layout = {"columns": guess(table.header), "date_format": "dmy"} | options
    made = begin(actor=actor, kind="csv", title="list.csv", dry_run=dry_run, options=layout)
    return carry_out(actor=actor, run=made, sources=[source])


def test_a_row_is_a_patient_with_all_that_is_theirs(coordinator):
    found = run(coordinator, lines(ANN))
    ann = Patient.objects.get(mrn="M1")
    assert (ann.family_name, ann.given_name, ann.date_of_birth, ann.sex) == (
        "Baker",
        "Ann",
        date(1980, 5, 17),
        "female",
    )
    assert ann.allergy_status == "recorded"
    assert {a.substance for a in ann.allergies.all()} == {"Latex", "Nickel"}
    assert Medicine.objects.get().surgical_class == "anticoagulant"
    assert counts(found) == (4, 0, 0, 0)
    assert counts(run(coordinator, lines(ANN))) == (0, 0, 4, 0)


def test_other_columns(coordinator):
    head = (
        "Hospital No.,Name,E-mail,Street,Town,Postcode,Interpreter,Next of kin,Relationship,Emergency contact phone,"
        "Deceased,Allergy,GP,Language,Colour"
    )
    row = "m2,Cook,bo@example.org,1 High Street,Leeds,LS1,yes,Ann Cook,wife,12,no,None known,Dr Gray,pl,red"
    run(coordinator, lines(row, head=head))
    found = Patient.objects.get(mrn="M2")
    assert (found.email, found.address, found.interpreter_needed) == (
        "bo@example.org",
        "1 High Street, Leeds LS1",
        True,
    )
    assert (found.allergy_status, found.is_deceased, found.gp_name, found.language) == (
        "none_known",
        False,
        "Dr Gray",
        "pl",
    )
    kin = NextOfKin.objects.get()
    assert (kin.name, kin.relationship, kin.phone) == ("Ann Cook", "wife", "12")


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8-sig"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
    ],
)
def test_encodings_are_found_out(coordinator, encoding, found):
    content = f"{HEAD}\nM1,Müller-Lüdenscheidt,Zoë,17.05.1980,w,,".encode(encoding)
    assert detect_encoding(from_bytes("list.csv", content)) == found
    run(coordinator, content)
    assert Patient.objects.get().family_name == "Müller-Lüdenscheidt"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found_out(coordinator, delimiter):
    head = HEAD.replace(",", delimiter)
    row = delimiter.join(("M1", "Baker", "Ann", "17-05-1980", "F", f'"Latex{delimiter} gloves"', ""))
    run(coordinator, lines(row, head=head))
    assert Patient.objects.get().born == "17 May 1980"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("M1,Baker,Ann,05/17/1980,F,,", "DOB: “05/17/1980” is no date written as 17/05/2026"),
        ("M1,Baker,Ann,31/02/1980,F,,", "DOB: “31/02/1980” is no date"),
        ("M1,Baker,Ann,17/05/2999,F,,", "DOB: 17/05/2999 has not come yet."),
        ("M1,Baker,Ann,17/05/1750,F,,", "DOB: 17/05/1750 is before 1850. Check the year."),
        ("M1,Baker,Ann,17/05/80,F,,", "DOB: “17/05/80” is no date"),
        ("M1,Baker,Ann,,Q,,", "Sex: “Q” is none of female, male, other, unknown"),
        (",Baker,Ann,,,,", "MRN: is missing."),
        ("M1,,Ann,,,,", "Surname: is missing."),
        (f"{'1' * 65},Baker,Ann,,,,", "MRN: has 65 characters; at most 64 can be kept."),
        (f"M1,{'x' * 101},Ann,,,,", "Surname: has 101 characters; at most 100 can be kept."),
        ("M1,Bak\x07er,Ann,,,,", "Surname: holds characters that are no text"),
        ("M1,Baker,Ann", "3 values where the first line names 7 columns."),
    ],
)
def test_what_is_wrong_is_named_by_row_and_column_and_the_others_are_written(coordinator, row, words):
    found = run(coordinator, lines(row, "M9,Cook,Bo,01/02/1970,M,,"))
    (line,) = said(found)
    assert line.startswith("list.csv, row 2: ")
    assert words in line
    assert counts(found) == (1, 0, 0, 1)


def test_all_that_is_wrong_with_a_row_is_said_and_it_counts_once(coordinator):
    found = run(coordinator, lines(",,Ann,x,Q,,"))
    assert [line.split(": ")[1] for line in said(found)] == ["MRN", "Surname", "DOB", "Sex"]
    assert counts(found) == (0, 0, 0, 1)


def test_two_rows_with_one_mrn_are_both_refused(coordinator):
    found = run(coordinator, lines("m1,Baker,Ann,,,,", " M1 ,Cook,Bo,,,,", "M2,Dean,Di,,,,"))
    assert counts(found) == (1, 0, 0, 2)
    assert "row 2: MRN: is on row 3 too: nobody knows whose it is." in said(found)[0]


def test_the_same_substance_from_elsewhere_is_no_second_allergy(coordinator):
    configure()
    run_fhir(coordinator, bundle(patient(name=[{"family": "Baker", "given": ["Ann"]}]), allergy(substance="LATEX")))
    found = run(coordinator, lines(ANN))
    assert sorted(Allergy.objects.values_list("substance", flat=True)) == ["LATEX", "Nickel"]
    assert counts(found)[3] == 0


def test_somebody_else_with_the_mrn_is_refused(coordinator):
    PatientFactory(mrn="M1", family_name="Cook", given_name="Bo", date_of_birth=date(1950, 1, 1))
    found = run(coordinator, lines(ANN))
    assert "row 2: has the MRN of somebody whose name and date of birth are both others" in said(found)[0]


def test_where_a_batch_fails_each_patient_is_tried_alone(coordinator, monkeypatch):
    from patients.importing.writing.work import Work

    really = Work.write_rows

    def fail_for_one(self: Work) -> None:
        if any(made.row.mrn == "M2" for made in self.made["patient"]):
            Patient.objects.create(mrn="M1", family_name="Twin")
            Patient.objects.create(mrn="M1", family_name="Twin")
        really(self)

    monkeypatch.setattr(Work, "write_rows", fail_for_one)
    found = run(coordinator, lines("M1,Baker,Ann,,,,", "M2,Cook,Bo,,,,", "M3,Dean,Di,,,,"))
    assert counts(found) == (2, 0, 0, 1)
    assert set(Patient.objects.values_list("mrn", flat=True)) == {"M1", "M3"}
    assert "row 3: could not be written" in said(found)[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "list.csv is empty."),
        (b"\n\n", "list.csv is empty."),
        (lines(), "names its columns and holds no rows."),
        (b"PK\x03\x04", "is a zip file or a spreadsheet"),
        (lines('M1,"Baker,Ann,,,,'), "is not CSV from line 2 on"),
        (lines("M1,Ba\0ker,Ann,,,,"), "is no text (line 2): it holds null characters."),
        (lines("a,b", head="A,B"), "Say which column is: MRN, Family name."),
        (lines(f"M1,{'x' * 30_000},Ann,,,,"), "is not CSV from line 2 on: field larger than field limit"),
    ],
)
def test_files_that_are_no_lists(coordinator, content, words):
    with pytest.raises(ImportFileError) as error:
        run(coordinator, content)
    assert words in str(error.value)
    assert not Patient.objects.exists()


def test_a_file_of_300_megabytes_is_refused_before_it_is_read():
    source = Source(name="big.csv", size=300 * 1024 * 1024, open=lambda: from_bytes("x", lines(ANN)).open())
    with pytest.raises(ImportFileError, match="has more than 200 MB"):
        open_table(source)


def test_the_format_of_dates_is_not_guessed_where_there_are_two():
    assert fitting_formats(["17/05/1980", "01/02/1990"]) == ["dmy"]
    assert fitting_formats(["03/04/1980"]) == ["dmy", "mdy"]
    assert fitting_formats(["1980-05-17 00:00:00"]) == ["iso"]
    assert fitting_formats(["17 May 1980", "1-Jun-1990"]) == ["named"]
    assert fitting_formats([]) == []


def test_columns_are_known_by_their_headers():
    found = guess(["hospital_no", "SURNAME", "Forename", "Date-of-birth", "x", "Surname"])
    assert found == {"mrn": 0, "family_name": 1, "given_name": 2, "date_of_birth": 3}


# --- the command -----------------------------------------------------------------------------------------------


def command(*paths: Any, **options: Any) -> list[str]:
    out = StringIO()
    call_command("import_patients", *map(str, paths), stdout=out, verbosity=0, **options)
    return out.getvalue().splitlines()


def test_the_command_imports_and_takes_back(tmp_path, coordinator):
    path = tmp_path / "list.csv"
    path.write_bytes(lines(ANN))
    printed = command(path)
    assert printed[-2].startswith("Imported: 1 entries: 4 created, ")
    number = ImportRun.objects.get().pk
    assert printed[-1] == f"This is import {number}: --undo {number} takes it back."
    assert command(undo=number) == [f"Import {number} was undone for 1 patients."]
    assert not Patient.objects.exists()
    with pytest.raises(CommandError, match="This import is undone already"):
        command(undo=number)


def test_the_command_is_told_the_columns(tmp_path, coordinator):
    path = tmp_path / "list.csv"
    path.write_bytes(lines("7,Baker,03/04/1980", head="Nr,Who,When"))
    named = ["mrn=Nr", "family_name=Who", "date_of_birth=When"]
    with pytest.raises(CommandError, match="Say how dates are written, with --date-format"):
        command(path, map=named)
    command(path, map=named, date_format="mdy", dry_run=True)
    assert not Patient.objects.exists()
    command(path, map=named, date_format="mdy")
    assert Patient.objects.get().date_of_birth == date(1980, 3, 4)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"map": ["colour=Nr"]}, "'colour' is no field"),
        ({"map": ["mrn=Colour"]}, "The file has no column 'Colour'"),
        ({"map": ["mrn="]}, "Say which column is: MRN"),
        ({"encoding": "utf-77"}, "encoding 'utf-77' is not known"),
    ],
)
def test_the_command_says_what_is_wrong(tmp_path, coordinator, options, words):
    path = tmp_path / "list.csv"
    path.write_bytes(lines(ANN))
    with pytest.raises(CommandError, match=words):
        command(path, **options)
    assert not ImportRun.objects.exists()


def test_the_command_needs_a_file_or_an_import(coordinator):
    with pytest.raises(CommandError, match="Name a file, or an import with --undo"):
        command()
    with pytest.raises(CommandError, match="There is no import 7"):
        command(undo=7)
