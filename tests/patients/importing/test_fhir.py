"""What is read of each type of resource, and what becomes of it."""

from datetime import date

import pytest

from patients.models import (
    Allergy,
    Condition,
    IdentifierSystem,
    Medicine,
    NextOfKin,
    PastProcedure,
    Patient,
    PatientIdentifier,
    PatientName,
)
from tests.patients.importing.files import (
    MRN,
    SNOMED,
    allergy,
    bundle,
    concept,
    condition,
    counts,
    medicine,
    ndjson,
    patient,
    procedure,
    run,
    said,
    state,
)

pytestmark = pytest.mark.django_db


def test_a_whole_patient(coordinator):
    found = run(coordinator, bundle(patient(), allergy(), condition(), medicine(), procedure()))
    assert counts(found) == (5, 0, 0, 0)
    ann = Patient.objects.get(mrn="M1")
    assert (ann.family_name, ann.given_name, ann.sex, ann.born) == ("Baker", "Ann Mary", "female", "17 May 1980")
    assert ann.allergy_status == "recorded"
    latex = ann.allergies.get()
    assert (latex.substance, latex.system, latex.code) == ("Latex", SNOMED, "111088007")
    assert (latex.certainty, latex.course, latex.external_id) == ("confirmed", "active", "AllergyIntolerance/a1")
    assert latex.source == MRN
    warfarin = ann.medicines.get()
    assert (warfarin.surgical_class, warfarin.dose) == ("anticoagulant", "one in the evening")
    assert ann.conditions.get().began_on == date(2010, 3, 4)
    assert ann.past_procedures.get().performed_on == date(2011, 1, 2)


def test_the_mrn_is_never_the_first_number_but_the_configured_systems(coordinator):
    IdentifierSystem.objects.create(uri="http://other.example", name="Elsewhere")
    IdentifierSystem.objects.create(uri="http://nation.example", name="National", is_national=True)
    numbers = [
        {"system": "http://other.example", "value": "X 7"},
        {"system": "http://nation.example", "value": "943 476 5919"},
        {"system": MRN, "value": "old 1", "use": "old"},
        {"system": MRN, "value": " m 1 ", "use": "usual"},
        {"system": "http://unknown.example", "value": "9"},
    ]
    found = run(coordinator, bundle(patient(identifier=numbers)))
    ann = Patient.objects.get(mrn="M 1")
    assert ann.national_number == "943 476 5919"
    kept = {(n.system.uri, n.value) for n in PatientIdentifier.objects.filter(patient=ann)}
    assert kept == {("http://other.example", "X 7"), (MRN, "OLD 1")}
    assert found.report["ignored"] == {"Numbers of a system that is not configured: http://unknown.example": 1}


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([{"system": "http://other.example", "value": "1"}], f"identifier: has no number of {MRN}"),
        ([{"system": MRN, "value": "1"}, {"system": MRN, "value": "2"}], "identifier: has several MRNs that count"),
        ([{"system": MRN, "value": "x" * 65}], "identifier[0]: has 65 characters; at most 64 can be kept."),
        ([{"system": MRN, "value": "1", "use": "best"}], "identifier[0].use: “best” is none of usual, official"),
    ],
)
def test_a_patient_without_one_mrn_is_refused_with_all_that_is_theirs(coordinator, numbers, words):
    found = run(coordinator, bundle(patient(identifier=numbers), allergy()))
    assert counts(found) == (0, 0, 0, 2)
    assert said(found)[0] == (
        "a.json, entry 2, AllergyIntolerance/a1: belongs to a patient who was refused: a.json, entry 1, Patient/p1."
    )
    assert words in said(found)[1]
    assert not Patient.objects.exists()


@pytest.mark.parametrize(
    ("born", "shown", "day"),
    [
        ("2001", "2001", date(2001, 1, 1)),
        ("2001-05", "May 2001", date(2001, 5, 1)),
        ("2001-05-09", "09 May 2001", date(2001, 5, 9)),
    ],
)
def test_a_date_of_birth_keeps_how_much_of_it_is_known(coordinator, born, shown, day):
    run(coordinator, bundle(patient(birthDate=born)))
    ann = Patient.objects.get()
    assert (ann.born, ann.date_of_birth) == (shown, day)


def test_names_contacts_next_of_kin_and_who_is_the_doctor(coordinator):
    ann = patient(
        name=[
            {"use": "maiden", "family": "Smith", "given": ["Ann"]},
            {"use": "nickname", "text": "Annie"},
            {"use": "official", "family": "Baker", "given": ["Ann"]},
        ],
        telecom=[
            {"system": "phone", "value": "1", "use": "old"},
            {"system": "phone", "value": "2", "use": "home"},
            {"system": "phone", "value": "3", "use": "mobile"},
            {"system": "email", "value": "ann@example.org"},
        ],
        address=[{"use": "home", "line": ["1 High Street"], "city": "Leeds", "postalCode": "LS1"}],
        communication=[
            {"language": {"coding": [{"code": "en"}]}},
            {"language": {"coding": [{"code": "pl"}]}, "preferred": True},
        ],
        extension=[
            {"url": "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired", "valueBoolean": True}
        ],
        contact=[
            {
                "name": {"family": "Baker", "given": ["Bo"]},
                "relationship": [{"text": "husband"}],
                "telecom": [{"system": "phone", "value": "4"}],
            }
        ],
        generalPractitioner=[{"reference": "Practitioner/g"}, {"reference": "Organization/h"}],
    )
    doctor = {"resourceType": "Practitioner", "id": "g", "name": [{"family": "Gray", "given": ["Gil"]}]}
    practice = {"resourceType": "Organization", "id": "h", "name": "Hill Practice"}
    run(coordinator, bundle(ann, doctor, practice))
    found = Patient.objects.get()
    assert (found.family_name, found.phone, found.email) == ("Baker", "3", "ann@example.org")
    assert (found.address, found.language, found.interpreter_needed) == ("1 High Street, Leeds LS1", "pl", True)
    assert (found.gp_name, found.gp_practice) == ("Gil Gray", "Hill Practice")
    names = {(n.use, n.family_name, n.given_name) for n in PatientName.objects.all()}
    assert names == {("maiden", "Smith", "Ann"), ("alias", "Annie", "")}
    kin = NextOfKin.objects.get()
    assert (kin.name, kin.relationship, kin.phone) == ("Bo Baker", "husband", "4")


@pytest.mark.parametrize("died", [{"deceasedBoolean": True}, {"deceasedDateTime": "2020-03-01T10:00:00Z"}])
def test_the_dead_are_marked(coordinator, died):
    run(coordinator, bundle(patient(**died)))
    assert Patient.objects.get().is_deceased


@pytest.mark.parametrize(
    ("certainty", "course"),
    [("refuted", "active"), ("entered-in-error", "inactive"), ("confirmed", "resolved"), ("confirmed", "inactive")],
)
def test_what_is_refuted_or_over_never_counts(coordinator, certainty, course):
    found = allergy(
        verificationStatus=state(certainty, "allergyintolerance-verification"),
        clinicalStatus=None if certainty == "entered-in-error" else state(course, "allergyintolerance-clinical"),
    )
    run(coordinator, bundle(patient(), found))
    ann = Patient.objects.get()
    assert ann.allergies.count() == 1
    assert ann.counting_allergies == []
    assert ann.allergy_status == "not_recorded"


def test_no_known_allergies_is_a_statement_and_no_allergy(coordinator):
    found = run(coordinator, bundle(patient(), allergy(code=concept("716186003", "No known allergy"))))
    ann = Patient.objects.get()
    assert (ann.allergy_status, ann.allergies.count()) == ("none_known", 0)
    assert ann.allergies_asked_at.isoformat() == "2020-01-02T09:00:00+00:00"
    assert counts(found) == (2, 0, 0, 0)


def test_no_known_allergies_never_overwrites_real_ones(coordinator):
    none = allergy("a2", code=concept("716186003", "No known allergy"))
    found = run(coordinator, bundle(patient(), none, allergy()))
    assert Patient.objects.get().allergy_status == "recorded"
    assert said(found) == [
        (
            "a.json, entry 2, AllergyIntolerance/a2: says that there are no allergies, and some are recorded here: "
            "they stay."
        )
    ]


def test_no_known_drug_allergy_is_no_answer_for_latex(coordinator):
    found = run(coordinator, bundle(patient(), allergy(code=concept("409137002", "No known drug allergy"))))
    assert Patient.objects.get().allergy_status == "not_recorded"
    assert "No known drug allergy is no answer for other substances" in said(found)[0]


def test_a_statement_that_was_a_mistake_is_taken_back(coordinator):
    none = allergy(code=concept("716186003", "No known allergy"))
    run(coordinator, bundle(patient(), none))
    wrong = none | {
        "verificationStatus": state("entered-in-error", "allergyintolerance-verification"),
        "meta": {"versionId": "2"},
    }
    found = run(coordinator, bundle(patient(), wrong))
    assert Patient.objects.get().allergy_status == "not_recorded"
    assert counts(found) == (0, 1, 1, 0)


def test_the_worst_that_an_allergy_did_or_could_do(coordinator):
    bad = allergy(
        criticality="high",
        reaction=[
            {"manifestation": [concept("1", "Hives"), concept("2", "Wheeze")], "severity": "mild"},
            {"manifestation": [concept("3", text="Collapse")], "severity": "severe"},
        ],
    )
    run(coordinator, bundle(patient(), bad))
    found = Allergy.objects.get()
    assert (found.severity, found.reaction) == ("fatal", "Hives, Wheeze, Collapse")


@pytest.mark.parametrize(
    ("status", "certainty", "course"),
    [
        ("active", "confirmed", "active"),
        ("on-hold", "confirmed", "inactive"),
        ("stopped", "confirmed", "inactive"),
        ("completed", "confirmed", "inactive"),
        ("entered-in-error", "error", "inactive"),
        ("unknown", "unconfirmed", "active"),
    ],
)
def test_medicines_by_their_status(coordinator, status, certainty, course):
    run(coordinator, bundle(patient(), medicine(status=status)))
    found = Medicine.objects.get()
    assert (found.certainty, found.course) == (certainty, course)


def test_medicines_that_nobody_takes_are_passed_over(coordinator):
    found = run(
        coordinator,
        bundle(
            patient(),
            medicine("m1", status="draft"),
            medicine("m2", intent="proposal"),
            medicine("m3", doNotPerform=True),
        ),
    )
    assert not Medicine.objects.exists()
    assert found.report["ignored"]["Prescriptions that are drafts, proposals, or say not to give"] == 3


def test_a_medicine_by_reference_and_one_that_the_patient_reports(coordinator):
    contained = medicine("m1", medicationCodeableConcept=None) | {
        "contained": [{"resourceType": "Medication", "id": "x", "code": concept("1", "Apixaban 5 MG")}],
        "medicationReference": {"reference": "#x"},
    }
    beside = medicine("m2", medicationCodeableConcept=None) | {"medicationReference": {"reference": "Medication/y"}}
    nowhere = medicine("m3", medicationCodeableConcept=None) | {"medicationReference": {"reference": "Medication/z"}}
    statement = {
        "resourceType": "MedicationStatement",
        "id": "m1",
        "status": "active",
        "medicationCodeableConcept": concept(text="Metformin"),
        "subject": {"reference": "Patient/p1"},
        "effectivePeriod": {"start": "2020-01-01", "end": "2020-02-01"},
    }
    drug = {"resourceType": "Medication", "id": "y", "code": concept("2", "Insulin glargine")}
    found = run(coordinator, bundle(patient(), contained, beside, nowhere, statement, drug))
    kept = {one.text: one.surgical_class for one in Medicine.objects.all()}
    assert kept == {"Apixaban 5 MG": "anticoagulant", "Insulin glargine": "insulin", "Metformin": "glucose"}
    assert said(found) == [
        "a.json, entry 4, MedicationRequest/m3: medicationReference: refers to Medication/z, which is not in this file."
    ]


def test_procedures_that_were_not_done_never_count_and_planned_ones_are_passed_over(coordinator):
    run(coordinator, bundle(patient(), procedure(status="not-done"), procedure("o2", status="preparation")))
    assert PastProcedure.objects.get().certainty == "refuted"


def test_where_a_procedure_was_done_by_its_encounter(coordinator):
    visit = {
        "resourceType": "Encounter",
        "id": "e",
        "status": "finished",
        "class": {"code": "AMB"},
        "serviceProvider": {"reference": "Organization/h"},
    }
    place = {"resourceType": "Organization", "id": "h", "name": "Hill Hospital"}
    run(coordinator, bundle(patient(), procedure(encounter={"reference": "Encounter/e"}), visit, place))
    assert PastProcedure.objects.get().place == "Hill Hospital"


def test_a_description_that_is_too_long_is_shortened_and_said_to_be(coordinator):
    found = run(coordinator, bundle(patient(), allergy(code=concept("1", "x" * 101))))
    assert Allergy.objects.get().substance == "x" * 99 + "…"
    assert said(found) == ["a.json, entry 2, AllergyIntolerance/a1: code: was shortened to 100 characters."]


def test_unknown_types_are_counted_by_name(coordinator):
    found = run(coordinator, bundle(patient(), {"resourceType": "Observation"}, {"resourceType": "Observation"}))
    assert found.report["ignored"]["Observation, not kept here"] == 2
    assert found.report["entries"] == 3


# --- references -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "reference"),
    [
        ("urn:uuid:0b1c", "urn:uuid:0b1c"),
        ("http://ehr.example/fhir/Patient/p1", "http://ehr.example/fhir/Patient/p1"),
        ("http://ehr.example/fhir/Patient/p1", "Patient/p1"),
        ("", "Patient/p1/_history/3"),
        ("", f"Patient?identifier={MRN}|M1"),
    ],
)
def test_ways_to_refer_to_a_patient_of_the_same_file(coordinator, address, reference):
    file = bundle(allergy(whose=reference), patient())
    if address:
        file["entry"][1]["fullUrl"] = address
    assert counts(run(coordinator, file)) == (2, 0, 0, 0)
    assert Patient.objects.get().allergies.count() == 1


@pytest.mark.parametrize("reference", ["Patient/p1", f"Patient?identifier={MRN}|m1", "http://ehr.example/Patient/p1"])
def test_ways_to_refer_to_a_patient_who_is_here_already(coordinator, reference):
    run(coordinator, bundle(patient()), source="http://ehr.example")
    found = run(coordinator, bundle(allergy(whose=reference)), source="http://ehr.example")
    assert counts(found) == (1, 0, 0, 0)
    assert Patient.objects.get().allergy_status == "recorded"


def test_a_reference_by_number_alone(coordinator):
    run(coordinator, bundle(patient()))
    whose = {"identifier": {"system": MRN, "value": "M1"}}
    assert counts(run(coordinator, bundle(allergy(patient=whose)))) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("whose", "words"),
    [
        ("Patient/p9", "refers to a patient who is neither in the files nor known here."),
        ("Group/g", "patient: “Group/g” is in no file and can't be here."),
        ("Practitioner/d", "patient: refers to a Practitioner, not to a patient."),
    ],
)
def test_references_that_lead_nowhere(coordinator, whose, words):
    found = run(coordinator, bundle(patient(), allergy(whose=whose), {"resourceType": "Practitioner", "id": "d"}))
    assert said(found) == [f"a.json, entry 2, AllergyIntolerance/a1: {words}"]
    assert counts(found) == (1, 0, 0, 1)
    assert not Allergy.objects.exists()


def test_of_ndjson_files_each_patient_is_put_together(coordinator):
    people = ndjson(patient("M1", "p1"), patient("M2", "p2"))
    allergies = ndjson(allergy("a1", whose="Patient/p2"), allergy("a2", whose="Patient/p1"), {"resourceType": "Claim"})
    conditions = ndjson(condition("c1", whose="Patient/p1"), condition("c2", whose="Patient/p3"))
    found = run(coordinator, allergies, conditions, people)
    assert counts(found) == (5, 0, 0, 1)
    assert said(found) == [
        "b.json, line 2, Condition/c2: refers to a patient who is neither in the files nor known here."
    ]
    assert [Patient.objects.get(mrn=mrn).allergies.get().external_id for mrn in ("M1", "M2")] == [
        "AllergyIntolerance/a2",
        "AllergyIntolerance/a1",
    ]
    assert found.report["entries"] == 7
    assert Condition.objects.count() == 1
