"""Files that are not what they should be: each problem is named with its place, and nothing is half-written."""

import gzip
import io
import json
import zipfile

import pytest

from patients.importing import runs
from patients.importing.fhir import files
from patients.importing.report import ImportFileError
from patients.importing.sources import Source, from_paths
from patients.models import Allergy, IdentifierSystem, ImportRun, Patient
from tests.factories import UserFactory
from tests.patients.importing.files import (
    allergy,
    bundle,
    concept,
    condition,
    counts,
    medicine,
    ndjson,
    order,
    patient,
    procedure,
    run,
    said,
)

pytestmark = pytest.mark.django_db
GOOD = json.dumps(bundle(patient(), allergy())).encode()


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.json", GOOD)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty."),
        (b"   ", "is no JSON from line 1, column 4 on"),
        (GOOD[:-40], "It may be cut short."),
        (GOOD[:300], "It may be cut short."),
        (b'{"resourceType": "Bundle", "type": ', "It may be cut short."),
        (b"[]", "is JSON, but no FHIR resource"),
        (b'"text"', "is JSON, but no FHIR resource"),
        (b"<Bundle/>", "is no JSON from line 1, column 1 on"),
        (GOOD.decode().encode("utf-16"), "is UTF-16 text. FHIR is UTF-8: save it so."),
        (GOOD.decode().encode("utf-16-le"), "is UTF-16 text"),
        (GOOD.replace(b"Baker", "Bäker".encode("latin-1")), "is not UTF-8 text (line 1)"),
        (zipped(), "is a zip file or a spreadsheet"),
        (gzip.compress(GOOD), "is a gzip file. Unpack it first."),
        (b"%PDF-1.7", "is a PDF"),
        (b'{"a":' * 100_000, "is nested too deeply to be read."),
        (b"[" * 100_000, "is nested too deeply to be read."),
        (b'{"resourceType": "Patient", "x": ' + b"9" * 5000 + b"}", "holds a number of thousands of digits."),
        (b'{"resourceType": "Patient", "x": NaN}', "holds NaN, which is no JSON."),
        (b'{"resourceType": "Patient", "id": "1", "id": "2"}', "names “id” twice in one object"),
        (json.dumps(bundle(kind="document")).encode(), "is a Bundle of type 'document'"),
        (json.dumps(bundle(kind="history")).encode(), "is a Bundle of type 'history'"),
        (b'{"resourceType": "Bundle", "type": "batch", "entry": {}}', "entry is no list."),
    ],
)
def test_a_file_that_can_not_be_read_is_named_and_the_next_one_is_read(coordinator, content, words):
    found = run(coordinator, content, bundle(patient()))
    (line,) = said(found)
    assert line.startswith("a.json: ")
    assert words in line
    assert counts(found) == (1, 0, 0, 1)


def test_a_bundle_of_200_megabytes_is_refused_before_it_is_read(coordinator):
    def never() -> io.BytesIO:
        return io.BytesIO(b'{"resourceType": "Bundle",')

    run_ = runs.begin(actor=coordinator, kind="fhir", title="x", dry_run=False)
    source = Source(name="big.json", size=200 * 1024 * 1024, open=never)
    found = runs.carry_out(actor=coordinator, run=run_, sources=[source])
    assert said(found) == [
        (
            "big.json: has 200 MB. A Bundle is written whole or not at all, and may have 64 MB. "
            "Export it as NDJSON, or as several Bundles."
        )
    ]


def test_a_line_that_is_too_long_or_broken_is_one_line(coordinator, monkeypatch):
    monkeypatch.setattr(files, "LARGEST_LINE", 2 * 1024 * 1024)
    long = json.dumps(condition("c1", "x" * 3_000_000)).encode()
    found = run(coordinator, b"\n".join([ndjson(patient()), long, b"{broken", ndjson(allergy()), b"", b"[1]"]))
    assert counts(found) == (2, 0, 0, 3)
    assert [line.partition(": ")[0] for line in said(found)] == ["a.json, line 2", "a.json, line 3", "a.json, line 6"]
    assert Allergy.objects.count() == 1


@pytest.mark.parametrize(
    ("resource", "words"),
    [
        (patient(birthDate="2001-02-30"), "birthDate: “2001-02-30” is no date or time that there is."),
        (patient(birthDate="2001-13"), "birthDate: “2001-13” is no date"),
        (patient(birthDate="2999-01-01"), "birthDate: 2999-01-01 has not come yet."),
        (patient(birthDate="1750-01-01"), "birthDate: 1750-01-01 is before 1850. Check the year."),
        (patient(birthDate="17/05/1980"), "birthDate: “17/05/1980” is no date"),
        (patient(deceasedDateTime="1979-01-01"), "deceasedDateTime: is before the date of birth."),
        (patient(deceasedDateTime="2999-01-01"), "deceasedDateTime: 2999-01-01 has not come yet."),
        (patient(deceasedDateTime="2020-01-01", deceasedBoolean=True), "only one may"),
        (patient(gender="F"), "gender: “F” is none of male, female, other, unknown."),
        (patient(name=None), "name: is missing"),
        (patient(name=[{"use": "old", "family": "X"}]), "name: is missing, or only former and other names are given."),
        (patient(name=[{"family": "x" * 101}]), "name[0].family: has 101 characters; at most 100 can be kept."),
        (patient(name=[{"family": "A\x00b"}]), "name[0].family: holds characters that are no text"),
        (patient(name=[{"family": "A\ud800"}]), "name[0].family: holds characters that are no text"),
        (patient(name="Ann Baker"), "name: is not of the kind that R4 says."),
        (patient(active=False), "active: the record is no longer in use there."),
        (patient(birthdate="1980"), "birthdate: is no element of FHIR R4."),
        (patient(modifierExtension=[{"url": "x"}]), "modifierExtension: changes what the rest means"),
        (patient(identifier=[{"value": 7}]), "identifier[0].value: is not of the kind that R4 says."),
    ],
)
def test_a_patient_that_can_not_be_is_refused_with_the_element(coordinator, resource, words):
    found = run(coordinator, json.dumps(bundle(resource)).encode())
    assert counts(found) == (0, 0, 0, 1)
    assert words in said(found)[0]
    assert said(found)[0].startswith("a.json, entry 1, Patient/p1: ")
    assert not Patient.objects.exists()


PERIOD = {"start": "2020-01-02T08:00:00Z", "end": "2020-01-02T07:00:00Z"}


@pytest.mark.parametrize(
    ("resource", "words"),
    [
        (allergy(clinicalStatus={"coding": [{"code": "active"}]}), "clinicalStatus: has no code of http://terminology"),
        (allergy(clinicalStatus={"text": "active"}), "clinicalStatus: has no code of"),
        (allergy(criticality="huge"), "criticality: “huge” is none of low, high, unable-to-assess."),
        (allergy(code=None), "code: is missing: nothing says what it is."),
        (allergy(code={"coding": [{"system": "x"}]}), "code: is missing: nothing says what it is."),
        (allergy(code=concept(text="x" * 10_001)), "code: has 10,001 characters."),
        (allergy(code=concept(text="a\x00b")), "code: holds characters that are no text"),
        (allergy(patient=None), "patient: is missing."),
        (condition(onsetDateTime="2020-01-02", abatementDateTime="2020-01-01"), "abatement: 2020-01-01 is before it"),
        (condition(onsetDateTime="2020-02-30"), "onsetDateTime: “2020-02-30” is no date"),
        (condition(onsetDateTime="2020-01-02T10:00:00"), "2020-01-02T10:00:00 is a time without a time zone"),
        (condition(onsetDateTime="1975-01-01"), "began: 1975-01-01 is before the patient was born."),
        (condition(code=concept("1" * 61, "x")), "code: has 61 characters; at most 60 can be kept."),
        (medicine(status="taken"), "status: “taken” is none of active, on-hold"),
        (medicine(intent="wish"), "intent: “wish” is none of order"),
        (medicine(status=None), "status: is missing."),
        (medicine(authoredOn="2999-01-01"), "authoredOn: 2999-01-01 has not come yet."),
        (procedure(status="done"), "status: “done” is none of completed"),
        (procedure(performedPeriod=PERIOD), "performedPeriod.end: 2020-01-02T07:00:00+00:00 is before it began"),
        (procedure(performedPeriod=None, performedDateTime="2999"), "performed: 2999 has not come yet."),
        (procedure(id=None), "id: is missing, and there is no identifier: it could not be known again."),
        (order(status="wanted"), "status: “wanted” is none of active"),
        (order(priority="soon"), "priority: “soon” is none of routine, urgent, asap, stat."),
    ],
)
def test_an_entry_that_can_not_be_is_refused_and_the_rest_is_written(coordinator, resource, words):
    found = run(coordinator, json.dumps(bundle(patient(), resource)).encode())
    assert counts(found) == (1, 0, 0, 1)
    (line,) = said(found)
    assert words in line
    assert line.startswith(f"a.json, entry 2, {resource['resourceType']}")


def test_all_that_is_wrong_with_one_resource_is_said_and_it_counts_once(coordinator):
    found = run(coordinator, bundle(patient(birthDate="x", gender=7)))
    assert len(said(found)) == 2
    assert counts(found) == (0, 0, 0, 1)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (7, "is no entry."),
        ({}, "holds no resource."),
        ({"resource": []}, "holds no resource."),
        ({"resource": {"resourceType": 7}}, "holds no resource."),
        ({"request": {"method": "DELETE", "url": "Patient/p1"}}, "asks to delete."),
    ],
)
def test_entries_without_a_resource(coordinator, entry, words):
    file = bundle(patient())
    file["entry"].append(entry)
    found = run(coordinator, file)
    assert words in said(found)[0]
    assert said(found)[0].startswith("a.json, entry 2: ")
    assert counts(found) == (1, 0, 0, 1)


def test_deep_nesting_inside_a_resource_is_refused(coordinator):
    deep: dict = {"url": "x", "valueString": "end"}
    for _ in range(150):
        deep = {"url": "x", "extension": [deep]}
    found = run(coordinator, bundle(patient(), condition(extension=[deep])))
    assert counts(found)[0] in (1, 2)  # read, or refused: never an error


def test_two_entries_with_one_name(coordinator):
    found = run(coordinator, bundle(patient(), allergy(), allergy(), allergy("a1", "Nickel")))
    assert found.report["ignored"]["Entries that repeat another word for word"] == 1
    assert said(found) == [
        (
            "a.json, entry 4, AllergyIntolerance/a1: has the name of another entry that says something else: a.json, "
            "entry 2, AllergyIntolerance/a1."
        )
    ]


def test_without_a_configured_system_nothing_is_read(db):
    IdentifierSystem.objects.create(uri="http://other.example", name="Other")
    with pytest.raises(ImportFileError, match="No system is configured as the one that gives our MRN"):
        run(UserFactory(role="coordinator"), bundle(patient()))
    found = ImportRun.objects.get()
    assert (found.state, found.finished_at is not None) == ("failed", True)


def test_paths_that_are_no_files(tmp_path):
    with pytest.raises(ImportFileError, match="can't be read: No such file"):
        from_paths([tmp_path / "nothing.json"])
    with pytest.raises(ImportFileError, match="There is nothing to import"):
        from_paths([tmp_path])
    (tmp_path / "b.json").write_bytes(GOOD)
    (tmp_path / "readme.txt").write_bytes(b"x")
    assert [source.name for source in from_paths([tmp_path])] == ["b.json"]


def test_a_failure_of_the_database_takes_the_batch_back_and_names_it(coordinator, monkeypatch):
    from patients.importing.writing.work import Work

    def fail(self: Work) -> None:
        Patient.objects.create(mrn="M1", family_name="Twin")
        Patient.objects.create(mrn="M1", family_name="Twin")

    monkeypatch.setattr(Work, "write_links", fail)
    found = run(coordinator, bundle(patient(), allergy()))
    assert counts(found) == (0, 0, 0, 2)
    assert "could not be written: the database refused it (patients_patient_mrn_key)." in said(found)[0]
    assert not Patient.objects.exists()
