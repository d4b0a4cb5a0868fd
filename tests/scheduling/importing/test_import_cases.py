"""Booking a list: the same rules, one transaction, nothing twice."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.permissions import NotAllowedError
from patients.models import Patient
from patients.rights.restricting import restrict_processing
from resources.models import OpeningHours, Specialty, Theatre
from scheduling.importing.mapping import Mapping
from scheduling.importing.reading import read_cases
from scheduling.integrity import find_breaches
from scheduling.models import (
    Laterality,
    Operation,
    OperationChange,
    OperationEvent,
    Priority,
    Procedure,
    Reservation,
    Status,
)
from scheduling.services import move_operation, undo_change
from scheduling.services.importing import Outcome, import_cases
from tests.factories import FeatureFactory, PatientFactory, ProcedureFactory, TheatreFactory, UserFactory
from tests.scheduling.importing.files import row, save

pytestmark = pytest.mark.django_db

DONE = ("2022-02-01 08:05", "2022-02-01 08:20", "2022-02-01 08:50", "2022-02-01 09:10")
WRITTEN = (Theatre, Specialty, Procedure, Priority, Patient, Operation, Reservation, OperationChange, OperationEvent)


@pytest.fixture
def actor(db):
    return UserFactory(role="coordinator")


@pytest.fixture
def bring(tmp_path, actor):
    """Write rows to a file and import it."""

    def bring(*rows, mapping=None, header=None, **options):
        mapping = mapping or Mapping()
        path = save(tmp_path, *rows, **({"header": header} if header else {}))
        cases = read_cases(path, mapping).cases
        return import_cases(actor=actor, cases=cases, source=path.name, mapping=mapping, **options)

    return bring


def counts():
    return {model.__name__: model.objects.count() for model in WRITTEN}


def outcomes(done):
    return [(entry.case.number, str(entry.outcome)) for entry in done.entries]


def reasons(done):
    return [entry.reason for entry in done.entries]


def test_a_past_case_is_completed_with_its_actual_times_and_its_whole_history(bring, actor):
    bring(row(501, actual=DONE))
    operation = Operation.objects.get(external_id="501")
    assert (operation.status, operation.version) == (Status.COMPLETED, 3)
    assert (operation.set_up_minutes, operation.in_room_minutes, operation.clean_up_minutes) == (0, 60, 0)
    assert (operation.estimate_source, operation.due_on) == ("imported", None)
    events = OperationEvent.objects.values_list("kind", "at", "recorded_by")
    assert list(events) == [
        ("in_theatre", datetime(2022, 2, 1, 8, 5, tzinfo=UTC), actor.pk),
        ("knife_to_skin", datetime(2022, 2, 1, 8, 20, tzinfo=UTC), actor.pk),
        ("closing", datetime(2022, 2, 1, 8, 50, tzinfo=UTC), actor.pk),
        ("out", datetime(2022, 2, 1, 9, 10, tzinfo=UTC), actor.pk),
    ]
    changes = OperationChange.objects.values_list("version", "verb", "note")
    assert list(changes) == [
        (1, "requested", "Imported from list.csv, line 2"),
        (2, "booked", ""),
        (3, "recorded", "Imported: Wheels in 08:05, Knife to skin 08:20, Closing 08:50, Wheels out 09:10"),
    ]
    assert find_breaches() == []


def test_a_coming_case_is_scheduled_and_can_be_moved_and_undone(bring, actor):
    day = timezone.localdate() + timedelta(days=40)
    bring(row(1, f"{day} 10:00"))
    operation = Operation.objects.get()
    assert (operation.status, operation.version) == (Status.SCHEDULED, 2)
    booked = OperationChange.objects.get(version=2)
    undo_change(actor=actor, change_id=booked.pk)
    operation.refresh_from_db()
    assert (operation.status, operation.starts_at) == (Status.WAITING, None)
    assert find_breaches() == []


def test_what_is_missing_is_made_and_said(bring):
    done = bring(row(1), row(2, "2022-02-01 09:00", minutes=90), row(3, "2022-02-01 12:00", minutes=45))
    theatre = Theatre.objects.get()
    assert (theatre.name, theatre.code, OpeningHours.objects.count()) == ("Blue", "blue", 0)
    procedure = Procedure.objects.get()
    assert (procedure.code_system, procedure.code, procedure.name) == ("LOCAL", "K1", "Knee repair")
    assert (procedure.anaesthesia_minutes, procedure.surgery_minutes) == (0, 60)
    assert procedure.specialty.name == "Bones"
    patients = Patient.objects.order_by("mrn").values_list("mrn", "family_name", "given_name")
    assert list(patients) == [(f"CASE-{n}", "Imported case", str(n)) for n in (1, 2, 3)]
    assert done.made == {
        "theatre": ["Blue"],
        "specialty": ["Bones"],
        "procedure": ["K1"],
        "priority": ["Imported, priority not in the list"],
    }


def test_what_the_hospital_has_is_used(bring):
    theatre = TheatreFactory(code="T1", name="Blue")
    procedure = ProcedureFactory(code="K1", code_system="OPCS", specialty__code="bones", specialty__name="Bone work")
    mapping = Mapping(code_system="OPCS", theatres={"room 9": "t1"}, specialties={"limbs": "bones"})
    bring(row(1), row(2, "2022-02-01 09:00", theatre="Room 9", specialty="Limbs"), mapping=mapping)
    assert set(Operation.objects.values_list("theatre", "procedure", "specialty")) == {
        (theatre.pk, procedure.pk, procedure.specialty_id)
    }
    assert (Theatre.objects.count(), Procedure.objects.count(), Specialty.objects.count()) == (1, 1, 1)


def test_a_bare_number_is_a_theatre_with_the_columns_name(bring):
    TheatreFactory(name="Theatre 4")
    bring(row(1, theatre="4"), row(2, theatre="5"))
    assert list(Theatre.objects.values_list("name", flat=True).order_by("name")) == ["Theatre 4", "Theatre 5"]


def test_theatres_with_like_names_get_codes_of_their_own(bring):
    bring(row(1, theatre="Blue!"), row(2, theatre="Blue?"), row(3, theatre="-"))
    assert set(Theatre.objects.values_list("code", flat=True)) == {"blue", "blue-2", "imported"}


def test_new_theatres_can_be_refused(bring):
    TheatreFactory(name="Blue")
    done = bring(row(1), row(2, theatre="Bleu"), new_theatres=False)
    assert outcomes(done) == [("1", "booked"), ("2", "refused")]
    assert reasons(done)[1] == "The hospital has no theatre Bleu. Add it in the admin, or map its name."
    assert Theatre.objects.count() == 1


def test_a_double_booking_is_refused_and_names_both_cases(bring):
    done = bring(row(40, "2022-02-01 10:45"), row(41, "2022-02-01 11:00"), row(42, "2022-02-01 11:45"))
    assert outcomes(done) == [("40", "booked"), ("41", "refused"), ("42", "booked")]
    refusal = done.entries[1]
    assert refusal.reason == "Blue is already booked 10:45–11:45 for case 40 (line 2)."
    assert refusal.others == ("case 40 (line 2)",)
    assert not Operation.objects.filter(external_id="41").exists()
    assert not Patient.objects.filter(mrn="CASE-41").exists()
    pairs = [(pair.first.number, pair.second.number) for pair in done.double_bookings]
    assert pairs == [("40", "41"), ("41", "42")]
    assert find_breaches() == []


def test_the_row_higher_up_keeps_the_place(bring):
    done = bring(row(1, "2022-02-01 10:00"), row(2, "2022-02-01 09:30"))
    assert outcomes(done) == [("1", "booked"), ("2", "refused")]


def test_cases_that_touch_are_no_double_booking(bring):
    done = bring(row(1, "2022-02-01 08:00"), row(2, "2022-02-01 09:00"))
    assert outcomes(done) == [("1", "booked"), ("2", "booked")]
    assert done.double_bookings == []


def test_a_case_over_midnight_clashes_with_the_next_days_first_one(bring, monkeypatch):
    monkeypatch.setattr("scheduling.services.importing.booking.CHUNK", 1)
    done = bring(row(2, "2022-02-02 00:15"), row(1, "2022-02-01 23:30"))
    assert outcomes(done) == [("2", "refused"), ("1", "booked")]
    assert done.entries[0].reason.endswith("for case 1 (line 3).")


def test_what_was_booked_in_other_ways_is_in_the_way_too(bring, actor):
    bring(row(1))
    done = bring(row(2))
    assert reasons(done) == ["Blue is already booked 08:00–09:00 for case 1 (imported before)."]
    Operation.objects.update(external_id=None)
    number = Operation.objects.get().pk
    assert reasons(bring(row(2))) == [f"Blue is already booked 08:00–09:00 for operation {number}."]


def test_hard_rules_other_than_time_count_too(bring):
    procedure = ProcedureFactory(code="K1", code_system="LOCAL")
    procedure.features.add(FeatureFactory(name="laminar flow"))
    done = bring(row(1))
    assert reasons(done) == ["Blue has no laminar flow, which this operation needs."]
    theatre = Theatre.objects.get()
    theatre.features.add(procedure.features.get())
    assert outcomes(bring(row(1))) == [("1", "booked")]
    assert list(Operation.objects.get().features.all()) == list(procedure.features.all())


def test_a_procedure_that_needs_a_side_is_refused_without_one(bring):
    ProcedureFactory(code="K1", code_system="LOCAL", laterality=Laterality.REQUIRED)
    assert reasons(bring(row(1))) == ["K1 is done on a side, and the list names none."]


def test_soft_conflicts_are_accepted_with_a_reason_and_counted(bring, actor):
    done = bring(row(1), row(2, "2022-02-01 09:05"))
    assert done.accepted == {"outside_hours": 2, "in_the_past": 2, "turnover_short": 1}
    overrides = OperationChange.objects.get(operation__external_id="2", version=2).overrides
    assert {item["rule"] for item in overrides} == {"outside_hours", "in_the_past", "turnover_short"}
    assert {(item["reason"], item["by"]) for item in overrides} == {("Imported from list.csv", actor.pk)}
    first, second = Operation.objects.order_by("external_id")
    assert {item["operation"] for item in overrides} == {second.pk}
    assert next(i["other_operation"] for i in overrides if i["rule"] == "turnover_short") == first.pk


HEADER_WITH_MRN = "Case,Theatre,Specialty,Procedure,Minutes,Planned start,MRN"


def test_a_patient_with_a_known_number_is_found_and_is_never_in_two_places(bring):
    known = PatientFactory(mrn="M1")
    rows = [
        "1,Blue,Bones,Knee,60,2022-02-01 08:00,M1",
        "2,Green,Bones,Knee,60,2022-02-01 08:30,M1",
        "3,Green,Bones,Knee,60,2022-02-01 10:00,M2",
        "4,Blue,Bones,Knee,60,2022-02-01 12:00,M2",
    ]
    done = bring(*rows, header=HEADER_WITH_MRN)
    assert outcomes(done) == [("1", "booked"), ("2", "refused"), ("3", "booked"), ("4", "booked")]
    assert done.entries[1].reason == "The patient is already booked 08:00–09:00 for case 1 (line 2)."
    assert Operation.objects.get(external_id="1").patient.pk == known.pk
    made = Patient.objects.exclude(pk=known.pk).get()
    assert (made.mrn, made.family_name, made.given_name) == ("M2", "Imported patient", "M2")


def test_a_patient_of_a_refused_case_is_made_with_the_next_one(bring):
    rows = ["1,Blue,Bones,Knee,60,2022-02-01 08:00,M1", "2,Blue,Bones,Knee,60,2022-02-01 08:00,M2"]
    bring(*rows, "3,Blue,Bones,Knee,60,2022-02-01 09:00,M2", header=HEADER_WITH_MRN)
    assert Operation.objects.get(external_id="3").patient.mrn == "M2"


def test_a_second_run_changes_nothing(bring):
    rows = [row(1, actual=DONE), row(2, "2022-02-01 08:30"), row(3, "2022-02-01 10:00")]
    bring(*rows)
    before, state = counts(), list(Operation.objects.order_by("pk").values())
    done = bring(*rows)
    assert outcomes(done) == [("1", "already there"), ("2", "refused"), ("3", "already there")]
    assert done.entries[1].reason == "Blue is already booked 08:00–09:00 for case 1 (line 2)."
    assert (done.made, dict(done.accepted)) == ({}, {})
    assert (counts(), list(Operation.objects.order_by("pk").values())) == (before, state)


def test_a_changed_row_is_told_and_left_as_it_is(bring, actor):
    day = timezone.localdate() + timedelta(days=40)
    bring(row(1, f"{day} 10:00"), row(2, f"{day} 12:00"), row(3, f"{day} 14:00"), row(4, actual=DONE))
    moved = Operation.objects.get(external_id="2")
    green = TheatreFactory(name="Green")
    OpeningHours.objects.bulk_create(
        OpeningHours(theatre=green, weekday=n, opens="00:00", closes="00:00") for n in range(1, 8)
    )
    move_operation(actor=actor, operation_id=moved.pk, version=2, theatre_id=green.pk, start=moved.period.lower)
    before = list(Operation.objects.order_by("pk").values())
    later = ("2022-02-01 08:06", *DONE[1:])
    done = bring(
        row(1, f"{day} 10:30"),
        row(2, f"{day} 12:00"),
        row(3, f"{day} 14:00", minutes=45, code="K2", specialty="Joints"),
        row(4, actual=later),
    )
    assert {entry.outcome for entry in done.entries} == {Outcome.DIFFERS}
    assert reasons(done) == [
        f"it starts {day:%a %d %b %Y} 10:00 here",
        "it is in Green here",
        "it takes 60 min here; it is another procedure here; its specialty is Bones here",
        "wheels in is Tue 01 Feb 2022 08:05 here",
    ]
    assert list(Operation.objects.order_by("pk").values()) == before


def test_a_dry_run_says_the_same_and_writes_nothing(bring):
    rows = [row(1, actual=DONE), row(2, "2022-02-01 08:30"), row(3, "2022-02-01 10:00")]
    before = counts()
    rehearsal = bring(*rows, dry_run=True)
    assert counts() == before
    assert bring(*rows) == rehearsal


def test_a_failure_at_the_last_row_leaves_nothing(bring, monkeypatch):
    monkeypatch.setattr("scheduling.services.importing.booking.CHUNK", 1)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE scheduling_operation ADD CONSTRAINT no_ninth CHECK (external_id <> '9')")
    before = counts()
    rows = [row(n, f"2022-02-{n:02} 08:00") for n in range(1, 10)]
    with pytest.raises(IntegrityError):
        bring(*rows)
    assert counts() == before
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE scheduling_operation DROP CONSTRAINT no_ninth")
    assert len(bring(*rows).entries) == 9
    assert Operation.objects.count() == 9


def test_the_number_of_queries_does_not_grow_with_the_rows(bring):
    def queries(numbers):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            bring(*[row(n, f"2022-03-{1 + n % 2:02} {6 + n // 10:02}:{n % 10 * 6:02}", minutes=6) for n in numbers])
        return len(captured)

    bring(row(1000))
    few, many = queries(range(2)), queries(range(2, 90))
    assert Operation.objects.count() == 91
    assert many == few


def test_only_those_who_may_import(tmp_path):
    clerk = UserFactory(role="booking_clerk")
    with pytest.raises(NotAllowedError):
        import_cases(actor=clerk, cases=[], source="list.csv", mapping=Mapping())


def test_nothing_is_planned_by_a_list_for_a_restricted_record(bring):
    patient = PatientFactory(mrn="R1")
    officer = UserFactory(role="privacy_officer")
    restrict_processing(actor=officer, patient_id=patient.pk, ground="claims", reason="Claim 7")
    rows = ["1,Blue,Bones,Knee,60,2022-02-01 08:00,R1", "2,Blue,Bones,Knee,60,2022-02-01 10:00,R2"]
    done = bring(*rows, header=HEADER_WITH_MRN)
    assert outcomes(done) == [("1", "refused"), ("2", "booked")]
    assert "restricted" in done.entries[0].reason
    assert Operation.objects.filter(patient=patient).count() == 0
