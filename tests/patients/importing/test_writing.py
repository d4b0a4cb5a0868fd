"""A second import, a newer version, an older one, and what somebody here wrote meanwhile."""

from datetime import date
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.db import connection

from patients.models import (
    Allergy,
    Condition,
    ImportedRecord,
    Medicine,
    Patient,
    PatientIdentifier,
    PatientName,
)
from patients.record.surgical import surgical_class
from patients.rights.models import ProcessingRestriction
from tests.factories import AllergyFactory, PatientFactory, SpecialtyFactory, UserFactory
from tests.patients.importing.files import (
    MRN,
    allergy,
    bundle,
    concept,
    condition,
    configure,
    counts,
    medicine,
    patient,
    procedure,
    run,
    said,
    state,
)

pytestmark = pytest.mark.django_db
WHOLE = bundle(patient(), allergy(), condition(), medicine(), procedure())


def trail() -> tuple[int, int]:
    """Return how many rows both trails have about patients."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_event WHERE table_name <> 'patients_importrun'")
        (noted,) = cursor.fetchone()
    return noted, LogEntry.objects.exclude(content_type__model="importrun").count()


def test_a_second_import_changes_nothing_at_all(coordinator):
    run(coordinator, WHOLE)
    before, rows = trail(), list(ImportedRecord.objects.order_by("pk").values())
    assert counts(run(coordinator, WHOLE)) == (0, 0, 5, 0)
    assert trail() == before
    assert list(ImportedRecord.objects.order_by("pk").values()) == rows
    assert set(Allergy.objects.values_list("version", flat=True)) == {1}


def test_every_row_is_in_both_trails_in_the_name_of_who_imports(coordinator):
    run(coordinator, WHOLE)
    for model in (Patient, Allergy, Condition, Medicine):
        row = model.objects.get()
        entry = LogEntry.objects.get(content_type__model=model._meta.model_name, object_pk=str(row.pk))
        assert entry.action == LogEntry.Action.CREATE
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT table_name FROM audit_event WHERE table_name LIKE 'patients_%'")
        noted = {name for (name,) in cursor.fetchall()}
    assert noted >= {"patients_patient", "patients_allergy", "patients_medicine", "patients_importedrecord"}


def newer(resource: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return resource | changed | {"meta": {"versionId": "2", "lastUpdated": "2026-01-02T00:00:00Z"}}


def older(resource: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return resource | changed | {"meta": {"versionId": "1", "lastUpdated": "2026-01-01T00:00:00Z"}}


def test_a_newer_version_updates_in_place_and_keeps_history(coordinator):
    run(coordinator, bundle(patient(), older(condition())))
    row = Condition.objects.get()
    done = newer(condition(), clinicalStatus=state("resolved", "condition-clinical"), abatementDateTime="2020-01-01")
    assert counts(run(coordinator, bundle(patient(), done))) == (0, 1, 1, 0)
    row.refresh_from_db()
    assert (row.course, row.ended_on, row.version) == ("resolved", date(2020, 1, 1), 2)
    changes = LogEntry.objects.get(object_pk=str(row.pk), action=LogEntry.Action.UPDATE).changes
    assert changes["course"] == ["active", "resolved"]


def test_an_older_version_changes_nothing_and_is_said_to_be_older(coordinator):
    run(coordinator, bundle(patient(), newer(condition())))
    found = run(coordinator, bundle(patient(), older(condition(), code=concept("1", "Other"))))
    assert counts(found) == (0, 0, 2, 0)
    assert said(found) == ["a.json, entry 2, Condition/c1: is older than what is recorded."]
    assert Condition.objects.get().text == "Asthma"


def test_what_somebody_here_wrote_stays_and_is_named(coordinator):
    run(coordinator, bundle(patient(telecom=[{"system": "phone", "value": "1"}])))
    ann = Patient.objects.get()
    ann.phone, ann.family_name = "2", "Baker-Smith"
    ann.save()
    moved = patient(
        telecom=[{"system": "phone", "value": "3"}], gender="other", name=[{"family": "Cook", "given": ["Ann"]}]
    )
    found = run(coordinator, bundle(newer(moved)))
    ann.refresh_from_db()
    assert (ann.phone, ann.family_name, ann.given_name, ann.sex) == ("2", "Baker-Smith", "Ann Mary", "other")
    (line,) = said(found)
    assert line.startswith(
        "a.json, entry 1, Patient/p1: family name, given name, phone: says otherwise; changed here on "
    )
    assert counts(run(coordinator, bundle(newer(moved)))) == (0, 0, 1, 0)


def test_what_the_other_system_did_not_change_is_no_quarrel(coordinator):
    run(coordinator, bundle(patient(telecom=[{"system": "phone", "value": "1"}])))
    Patient.objects.update(phone="2")
    found = run(coordinator, bundle(newer(patient(telecom=[{"system": "phone", "value": "1"}], gender="other"))))
    assert said(found) == []
    assert Patient.objects.get().phone == "2"


def test_of_a_patient_who_was_entered_here_only_gaps_are_filled(coordinator):
    PatientFactory(mrn="M1", family_name="Baker", given_name="Anne", date_of_birth=date(1980, 5, 17), sex="unknown")
    found = run(coordinator, bundle(patient()))
    ann = Patient.objects.get()
    assert (ann.given_name, ann.sex) == ("Anne", "female")
    assert counts(found) == (0, 1, 0, 0)
    assert "given name: says otherwise; " in said(found)[0]


def test_a_theatre_lists_placeholder_gets_its_name(coordinator):
    PatientFactory(mrn="M1", family_name="Imported patient", given_name="M1", date_of_birth=None)
    run(coordinator, bundle(patient()))
    ann = Patient.objects.get()
    assert (ann.family_name, ann.born) == ("Baker", "17 May 1980")
    assert not PatientName.objects.exists()


def test_a_name_that_changes_there_leaves_the_former_one(coordinator):
    run(coordinator, bundle(patient()))
    run(coordinator, bundle(newer(patient(name=[{"family": "Cook", "given": ["Ann"]}]))))
    former = PatientName.objects.get()
    assert (former.use, former.family_name) == ("former", "Baker")
    assert Patient.objects.get().family_name == "Cook"


def test_the_same_substance_entered_here_becomes_one_entry(coordinator):
    ann = PatientFactory(mrn="M1", family_name="Baker", given_name="Ann Mary", date_of_birth=date(1980, 5, 17))
    AllergyFactory(patient=ann, substance="latex", reaction="rash")
    found = run(coordinator, bundle(patient(), allergy(reaction=[{"manifestation": [concept(text="hives")]}])))
    latex = ann.allergies.get()
    assert (latex.reaction, latex.code, latex.source) == ("rash", "111088007", MRN)
    assert counts(run(coordinator, bundle(patient(), allergy()))) == (0, 0, 2, 0) or said(found)


def test_two_allergies_to_one_substance_are_named_and_the_first_counts(coordinator):
    found = run(coordinator, bundle(patient(), allergy("a1"), allergy("a2", "LATEX")))
    assert Allergy.objects.get().external_id == "AllergyIntolerance/a1"
    assert "names the same substance as another allergy" in said(found)[0]


def test_no_file_switches_off_what_somebody_here_recorded(coordinator):
    ann = PatientFactory(mrn="M1", family_name="Baker", given_name="Ann Mary", date_of_birth=date(1980, 5, 17))
    AllergyFactory(patient=ann, substance="latex")
    over = allergy(clinicalStatus=state("resolved", "allergyintolerance-clinical"))
    run(coordinator, bundle(patient(), over))
    ann.refresh_from_db()
    assert [one.substance for one in ann.counting_allergies] == ["latex"]


def test_an_allergy_that_is_so_again_counts_though_an_old_one_comes_first(coordinator):
    over = allergy("a1", clinicalStatus=state("resolved", "allergyintolerance-clinical"))
    run(coordinator, bundle(patient(), over, allergy("a2")))
    ann = Patient.objects.get()
    assert (len(ann.counting_allergies), ann.allergy_status) == (1, "recorded")


def test_an_allergy_that_was_over_here_counts_again(coordinator):
    run(coordinator, bundle(patient(), allergy("a1", clinicalStatus=state("resolved", "allergyintolerance-clinical"))))
    run(coordinator, bundle(patient(), allergy("a2")))
    ann = Patient.objects.get()
    assert (len(ann.counting_allergies), ann.allergy_status) == (1, "recorded")


def test_none_known_is_not_believed_beside_an_allergy_that_was_refused(coordinator):
    none = allergy("a2", code=concept("716186003", "No known allergy"))
    found = run(coordinator, bundle(patient(), allergy("a1", recordedDate="2999-01-01T00:00:00Z"), none))
    assert Patient.objects.get().allergy_status == "not_recorded"
    assert any("ask the patient" in line for line in said(found))


def test_an_allergy_that_is_refuted_later_no_longer_counts(coordinator):
    run(coordinator, bundle(patient(), allergy()))
    refuted = newer(allergy(), verificationStatus=state("refuted", "allergyintolerance-verification"))
    run(coordinator, bundle(patient(), refuted))
    ann = Patient.objects.get()
    assert ann.counting_allergies == []
    assert ann.allergy_status == "not_recorded"


def test_an_entry_that_was_removed_here_does_not_come_back(coordinator):
    run(coordinator, bundle(patient(), condition()))
    Condition.objects.all().delete()
    found = run(coordinator, bundle(patient(), newer(condition(), code=concept("1", "Other"))))
    assert said(found) == ["a.json, entry 2, Condition/c1: was removed here; it is not brought back."]


# --- whose is it -----------------------------------------------------------------------------------------------


def test_two_patients_of_a_file_who_claim_one_mrn_are_both_refused(coordinator):
    found = run(coordinator, bundle(patient(id="p1"), patient(id="p2"), allergy()))
    assert counts(found) == (0, 0, 0, 3)
    assert "has the MRN that another patient of the file has: a.json, entry 2, Patient/p2." in said(found)[1]
    assert not Patient.objects.exists()


def test_an_mrn_of_somebody_else_is_refused(coordinator):
    here = PatientFactory(mrn="M1", family_name="Cook", given_name="Bo", date_of_birth=date(1950, 1, 1))
    found = run(coordinator, bundle(patient(), allergy()))
    assert f"has the MRN of somebody whose name and date of birth are both others: Patient {here.pk}" in said(found)[1]
    assert counts(found) == (0, 0, 0, 2)
    assert not Allergy.objects.exists()


def test_one_of_the_two_may_differ(coordinator):
    PatientFactory(mrn="M1", family_name="Baker", given_name="Ann Mary", date_of_birth=date(1950, 1, 1))
    assert counts(run(coordinator, bundle(patient())))[3] == 0


def test_a_patient_whose_mrn_changes_there_is_refused(coordinator):
    run(coordinator, bundle(patient("M1")))
    found = run(coordinator, bundle(newer(patient("M2"))))
    assert "had another MRN here before" in said(found)[0]
    assert Patient.objects.count() == 1


def test_an_entry_that_moves_to_somebody_else_is_refused(coordinator):
    run(coordinator, bundle(patient(), patient("M2", "p2"), condition()))
    found = run(coordinator, bundle(newer(condition(whose="Patient/p2"))))
    assert "was recorded as somebody else's before" in said(found)[0]


def test_a_number_that_leads_to_another_record_finds_it(coordinator):
    """The MRN of a record that was merged is kept as a number of the one that took it over."""
    configure()
    survivor = PatientFactory(mrn="M9", family_name="Baker", given_name="Ann Mary", date_of_birth=date(1980, 5, 17))
    from patients.models import IdentifierSystem

    PatientIdentifier.objects.create(patient=survivor, system=IdentifierSystem.objects.get(uri=MRN), value="M1")
    run(coordinator, bundle(patient("M1"), allergy()))
    assert Patient.objects.count() == 1
    assert survivor.allergies.count() == 1


def test_a_restricted_record_is_left_alone(coordinator):
    here = PatientFactory(mrn="M1", family_name="Baker", given_name="Ann Mary", date_of_birth=date(1980, 5, 17))
    ProcessingRestriction.objects.create(patient=here, ground="claims", reason="x", placed_by=coordinator)
    found = run(coordinator, bundle(patient(), allergy()))
    assert counts(found) == (0, 0, 0, 2)
    assert not Allergy.objects.exists()


def test_a_national_number_that_somebody_else_has_is_left_out_and_named(coordinator):
    from patients.models import IdentifierSystem

    IdentifierSystem.objects.create(uri="http://nation.example", name="National", is_national=True)
    other = PatientFactory(mrn="M9", national_number="123")
    numbers = [{"system": MRN, "value": "M1"}, {"system": "http://nation.example", "value": "123"}]
    found = run(coordinator, bundle(patient(identifier=numbers)))
    assert Patient.objects.get(mrn="M1").national_number == ""
    assert f"has the national number of Patient {other.pk} here." in said(found)[0]


# --- the frame -------------------------------------------------------------------------------------------------


def test_a_dry_run_says_the_same_and_writes_nothing(coordinator):
    tried = run(coordinator, WHOLE, dry_run=True)
    assert not Patient.objects.exists()
    assert not ImportedRecord.objects.exists()
    done = run(coordinator, WHOLE)
    assert tried.report == done.report


@pytest.mark.parametrize("role", ["booking_clerk", "surgeon", "anaesthetist", "theatre_nurse", "ward_nurse", "manager"])
def test_others_may_not_import(db, role):
    configure()
    with pytest.raises(PermissionDenied, match="does not let you bring patients in"):
        run(UserFactory(role=role), WHOLE)


def test_a_role_that_is_limited_reaches_too_few_patients_to_import(db):
    configure()
    limited = UserFactory(role="coordinator", role__specialties=[SpecialtyFactory()])
    with pytest.raises(PermissionDenied, match="an import reaches all patients"):
        run(limited, WHOLE)


def many(count: int) -> dict[str, Any]:
    """Return a Bundle of one patient with so many of everything."""
    entries = [make(f"{name}{n}", f"Thing {n}") for n in range(count) for name, make in MAKERS.items()]
    return bundle(patient(), *entries)


MAKERS = {"a": allergy, "c": condition, "m": medicine, "o": procedure}


def queries(actor: Any, count: int, django_assert_max_num_queries: Any) -> int:
    with django_assert_max_num_queries(100) as seen:
        run(actor, many(count))
    return len(seen)


def test_the_queries_of_a_patient_do_not_grow_with_what_is_said_of_them(coordinator, django_assert_max_num_queries):
    run(coordinator, bundle(patient("M0", "p0")))  # content types are read once
    first = queries(coordinator, 1, django_assert_max_num_queries)
    Patient.objects.all().delete()
    assert queries(coordinator, 3, django_assert_max_num_queries) == first
    assert queries(coordinator, 3, django_assert_max_num_queries) < first  # nothing to write any more


def test_the_queries_of_an_update_do_not_grow_either(coordinator, django_assert_max_num_queries):
    def renamed(count: int) -> dict[str, Any]:
        entries = [
            newer(make(f"{name}{n}", f"Other {n}")) for n in range(count) for name, make in MAKERS.items() if n < 3
        ]
        return bundle(patient(), *entries)

    run(coordinator, many(3))
    with django_assert_max_num_queries(100) as one:
        run(coordinator, renamed(1))
    Patient.objects.all().delete()
    run(coordinator, many(3))
    with django_assert_max_num_queries(100) as three:
        assert counts(run(coordinator, renamed(3))) == (0, 12, 1, 0)
    assert len(three) == len(one)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Warfarin Sodium 5 MG Oral Tablet", "anticoagulant"),
        ("CLOPIDOGREL 75 mg", "antiplatelet"),
        ("insulin, aspart 100 UNT/ML", "insulin"),
        ("24 HR Metformin hydrochloride 500 MG", "glucose"),
        ("Prednisone 20 MG", "steroid"),
        ("Hydrocortisone 10 MG/ML Topical Cream", ""),
        ("Hydrochlorothiazide 25 MG", ""),
        ("Aspirin / Oxycodone", "antiplatelet"),
        ("", ""),
    ],
)
def test_medicines_that_matter_for_surgery(text, expected):
    assert surgical_class(text) == expected
