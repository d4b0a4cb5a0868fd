"""The reference lists: every row makes sense, and loading them respects what the hospital edited."""

import re
from collections import Counter
from io import StringIO

import pytest
from django.core.management import call_command

from resources.models import Allergen, Credential, EquipmentType, Feature, Grade, Hue, Specialty
from scheduling.models import (
    AnaesthesiaType,
    CancellationReason,
    ChecklistItem,
    DelayReason,
    Laterality,
    Priority,
    Procedure,
    ReservationRole,
)
from scheduling.reference.loading import load_reference
from scheduling.reference.rows import codes_in, counts_in, rows_of

PCS_CODE = re.compile(r"[0-9A-HJ-NP-Z]{7}")
PROCEDURES = rows_of("procedures")
MINUTES = {"set_up_minutes": 60, "anaesthesia_minutes": 90, "surgery_minutes": 480, "clean_up_minutes": 60}


def codes_of(name):
    return {row["code"] for row in rows_of(name)}


def test_there_are_enough_procedures_in_enough_specialties():
    by_specialty = Counter(row["specialty"] for row in PROCEDURES)
    assert len(PROCEDURES) >= 150
    assert len(by_specialty) >= 12
    assert min(by_specialty.values()) >= 8


@pytest.mark.parametrize("row", PROCEDURES, ids=lambda row: row["code"])
def test_a_procedure_row_is_valid(row):
    assert PCS_CODE.fullmatch(row["code"])
    assert 3 <= len(row["name"]) <= 60
    assert row["specialty"] in codes_of("specialties")
    assert row["laterality"] in Laterality.values
    assert row["anaesthesia_type"] in AnaesthesiaType.values
    assert row["bed"] in {"none", "recovery", "hdu", "icu"}
    assert row["day_case"] in {"yes", "no"}
    assert set(codes_in(row["features"])) <= codes_of("features")
    assert set(codes_in(row["credentials"])) <= codes_of("credentials")
    assert set(codes_in(row["allergens"])) <= set(Allergen.values)
    assert {code for code, _ in counts_in(row["equipment"])} <= codes_of("equipment_types")
    assert {role for role, _ in counts_in(row["staff"])} <= set(ReservationRole.values) - {
        ReservationRole.LEAD_SURGEON,
        ReservationRole.THEATRE,
    }


@pytest.mark.parametrize("row", PROCEDURES, ids=lambda row: row["code"])
def test_a_procedures_needs_fit_each_other(row):
    staff = dict(counts_in(row["staff"]))
    for field, most in MINUTES.items():
        assert 0 < int(row[field]) <= most
    assert (int(row["bed_minutes"]) == 0) == (row["bed"] == "none")
    assert int(row["bed_minutes"]) % 1440 == 0 or row["bed"] == "recovery"
    if row["anaesthesia_type"] in {"general", "spinal", "regional"}:
        assert staff["anaesthetist"] == 1
    if "c-arm" in dict(counts_in(row["equipment"])):
        assert staff["radiographer"] == 1
        assert {"xray-shielded", "hybrid"} & set(codes_in(row["features"]))
    if "bypass-machine" in dict(counts_in(row["equipment"])):
        assert staff["perfusionist"] == 1
    if row["day_case"] == "yes":
        assert row["bed"] in {"none", "recovery"}


@pytest.mark.parametrize(
    "name",
    [
        "specialties",
        "features",
        "equipment_types",
        "credentials",
        "grades",
        "procedures",
        "priorities",
        "cancellation_reasons",
    ],
)
def test_codes_are_unique(name):
    codes = [row["code"] for row in rows_of(name)]
    assert len(codes) == len(set(codes))


def test_every_specialty_has_its_own_colour():
    hues = [row["hue"] for row in rows_of("specialties")]
    assert set(hues) <= set(Hue.values)
    assert len(hues) == len(set(hues))


def test_every_reason_says_where_it_applies():
    for row in rows_of("cancellation_reasons"):
        assert row["applies_to"] in CancellationReason.AppliesTo.values


@pytest.mark.django_db
def test_loading_fills_every_list():
    counts = load_reference()
    assert counts["procedures"].created == Procedure.objects.count() == len(PROCEDURES)
    assert Specialty.objects.count() == len(rows_of("specialties"))
    assert Feature.objects.count() == len(rows_of("features"))
    assert EquipmentType.objects.count() == len(rows_of("equipment_types"))
    assert Credential.objects.count() == len(rows_of("credentials"))
    assert [grade.code for grade in Grade.objects.all()] == [row["code"] for row in rows_of("grades")]
    assert CancellationReason.objects.count() == len(rows_of("cancellation_reasons"))
    assert DelayReason.objects.count() == len(rows_of("delay_reasons"))
    assert ChecklistItem.objects.count() == len(rows_of("checklist_items"))
    assert list(Priority.objects.filter(scheme="E").values_list("code", "target_minutes")) == [
        ("E1", 15),
        ("E2", 60),
        ("E3", 360),
        ("E4", 1440),
    ]
    assert list(Priority.objects.filter(scheme="P").values_list("code", "target_days")) == [
        ("P1a", 1),
        ("P1b", 3),
        ("P2", 28),
        ("P3", 84),
        ("P4", 365),
    ]


@pytest.mark.django_db
def test_a_procedure_has_its_needs():
    load_reference()
    procedure = Procedure.objects.get(code="0SRC0J9")
    assert procedure.specialty.code == "orthopaedics"
    assert procedure.laterality == Laterality.REQUIRED
    assert [feature.code for feature in procedure.features.all()] == ["laminar-flow"]
    assert [credential.code for credential in procedure.credentials.all()] == ["joint-replacement"]
    assert set(procedure.equipment_needs.values_list("equipment_type__code", "quantity")) == {
        ("power-tools", 1),
        ("tourniquet", 1),
    }
    assert dict(procedure.staff_needs.values_list("role", "quantity")) == {
        "assistant": 1,
        "anaesthetist": 1,
        "anaesthetic_nurse": 1,
        "scrub_nurse": 1,
        "circulating_nurse": 1,
    }


@pytest.mark.django_db
def test_the_other_priority_scheme_can_be_chosen():
    load_reference(schemes=("AU",))
    assert [priority.target_days for priority in Priority.objects.all()] == [30, 90, 365]


@pytest.mark.django_db
def test_loading_twice_changes_nothing():
    load_reference()
    before = list(Procedure.objects.values())
    counts = load_reference()
    assert {(c.created, c.updated) for c in counts.values()} == {(0, 0)}
    assert list(Procedure.objects.values()) == before


@pytest.mark.django_db
def test_what_the_hospital_edited_is_kept():
    load_reference()
    Procedure.objects.filter(code="0CTPXZZ").update(surgery_minutes=33)
    Procedure.objects.get(code="0CTPXZZ").staff_needs.all().delete()
    Procedure.objects.filter(code="0FT44ZZ").delete()
    counts = load_reference()
    assert counts["procedures"].created == 1
    kept = Procedure.objects.get(code="0CTPXZZ")
    assert kept.surgery_minutes == 33
    assert not kept.staff_needs.exists()


@pytest.mark.django_db
def test_update_sets_values_and_needs_back():
    load_reference()
    Procedure.objects.filter(code="0CTPXZZ").update(surgery_minutes=33)
    Procedure.objects.get(code="0FT44ZZ").equipment_needs.all().delete()
    counts = load_reference(update=True)
    assert (counts["procedures"].created, counts["procedures"].updated) == (0, 2)
    assert Procedure.objects.get(code="0CTPXZZ").surgery_minutes == 40
    assert Procedure.objects.get(code="0FT44ZZ").equipment_needs.count() == 1


@pytest.mark.django_db
def test_a_dry_run_counts_and_writes_nothing():
    out = StringIO()
    call_command("load_reference", "--dry-run", stdout=out, verbosity=0)
    assert re.fullmatch(r"Would load reference lists: \d{3} new, 0 updated, 0 left as they are\.\n", out.getvalue())
    assert not Procedure.objects.exists()


@pytest.mark.django_db
def test_the_command_says_in_one_line_what_it_did():
    out = StringIO()
    call_command("load_reference", stdout=out, verbosity=0)
    call_command("load_reference", "--update", stdout=out, verbosity=0)
    first, second = out.getvalue().splitlines()
    assert first.startswith("Loaded reference lists: ")
    assert " 0 new, 0 updated, " in second
