"""Entries of the record: added, changed, taken back, and never lost between two people."""

from datetime import timedelta
from threading import Barrier, Event, Thread
from time import sleep
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from guardian.shortcuts import assign_perm

from accounts.models import User
from accounts.permissions import NotAllowedError
from patients.access import NotOnCareTeamError
from patients.models import (
    Allergy,
    AllergyStatus,
    IdentifierSystem,
    Medicine,
    NextOfKin,
    Patient,
    PatientBlock,
    RecordChange,
)
from patients.permissions import CARE_TEAM
from patients.record.allergies import state_none_known
from patients.record.entries import add_entry, change_entry, put_back_entry, take_back_entry
from patients.record.errors import GoneError, NotPossibleError, StaleError
from patients.record.parts import ENTRY_PARTS
from patients.rights.restricting import RestrictedError, restrict_processing
from patients.services import add_patient
from tests.factories import AllergyFactory, PatientFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)
ALLERGIES, MEDICINES, KIN, NUMBERS = (ENTRY_PARTS[name] for name in ("allergies", "medicines", "kin", "numbers"))
WARFARIN = {
    "text": "Warfarin",
    "dose": "3 mg",
    "surgical_class": "anticoagulant",
    "plan": "",
    "course": "active",
    "began_on": None,
    "ended_on": None,
}
LATEX = {"substance": "Latex", "reaction": "Hives", "severity": "severe", "certainty": "confirmed", "course": "active"}


@pytest.fixture
def nurse(transactional_db: None) -> User:
    return UserFactory(role="theatre_nurse")


@pytest.fixture
def patient(transactional_db: None) -> Patient:
    return PatientFactory(allergy_status=AllergyStatus.NOT_RECORDED)


def add(actor: User, patient: Patient, part: Any = MEDICINES, **values: Any) -> Any:
    given = {ALLERGIES: LATEX, MEDICINES: WARFARIN}.get(part, {})
    return add_entry(actor=actor, patient_id=patient.pk, part=part, values=given | values)


def change(actor: User, row: Any, part: Any = MEDICINES, *, shown: Any = None, **values: Any) -> Any:
    stored = {name: getattr(row, name) for name in part.names}
    return change_entry(
        actor=actor,
        patient_id=row.patient_id,
        part=part,
        entry_id=row.pk,
        shown=part.texts(row) if shown is None else shown,
        values=stored | values,
    )


def test_an_entry_says_who_and_when_and_its_history_keeps_every_value(nurse: User, patient: Patient) -> None:
    row = add(nurse, patient)
    other = UserFactory(role="anaesthetist")
    change(other, row, dose="5 mg", began_on=timezone.localdate())
    row.refresh_from_db()
    assert (row.recorded_by, row.dose, row.version) == (nurse, "5 mg", 2)
    added, changed = RecordChange.objects.order_by("pk")
    assert (added.verb, added.actor, added.values["dose"]) == ("added", nurse, ["", "3 mg"])
    assert (changed.verb, changed.actor, changed.entry) == ("changed", other, row.pk)
    assert changed.values == {"dose": ["3 mg", "5 mg"], "began_on": ["", timezone.localdate().isoformat()]}


def test_the_history_is_sealed(nurse: User, patient: Patient) -> None:
    add(nurse, patient)
    with connection.cursor() as cursor:
        cursor.execute("SELECT values::text FROM patients_recordchange")
        assert "Warfarin" not in cursor.fetchone()[0]


def test_nothing_changed_is_no_change(nurse: User, patient: Patient) -> None:
    row = add(nurse, patient)
    change(nurse, row)
    row.refresh_from_db()
    assert row.version == 1
    assert RecordChange.objects.count() == 1


def test_a_stale_change_is_refused_and_says_how_it_stands(nurse: User, patient: Patient) -> None:
    row = add(nurse, patient)
    shown = MEDICINES.texts(row)
    change(nurse, row, dose="5 mg")
    with pytest.raises(StaleError) as refused:
        change(nurse, row, shown=shown, plan="Stop on Monday")
    assert refused.value.now["dose"] == "5 mg"
    row.refresh_from_db()
    assert (row.dose, row.plan) == ("5 mg", "")


def test_the_same_change_by_two_people_is_made_once(nurse: User, patient: Patient) -> None:
    row = add(nurse, patient)
    shown = MEDICINES.texts(row)
    change(nurse, row, dose="5 mg")
    change(UserFactory(role="anaesthetist"), row, shown=shown, dose="5 mg")
    assert RecordChange.objects.count() == 2


def test_what_is_sent_twice_is_one(nurse: User, patient: Patient) -> None:
    assert add(nurse, patient).pk == add(nurse, patient).pk
    assert add(nurse, patient, dose="4 mg").pk != Medicine.objects.earliest("pk").pk
    assert Medicine.objects.count() == 2
    Medicine.objects.update(recorded_at=timezone.now() - timedelta(hours=1))
    add(nurse, patient)
    assert Medicine.objects.count() == 3


def test_two_at_once_change_one_entry_one_after_the_other(nurse: User, patient: Patient) -> None:
    row = add(nurse, patient)
    shown, gate, outcomes = MEDICINES.texts(row), Barrier(2), []

    def run(dose: str) -> None:
        gate.wait()
        try:
            change(nurse, row, shown=shown, dose=dose)
            outcomes.append("done")
        except StaleError:
            outcomes.append("stale")
        finally:
            connection.close()

    threads = [Thread(target=run, args=(dose,)) for dose in ("1 mg", "2 mg")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "stale"]


def test_two_at_once_add_one_substance(nurse: User, patient: Patient) -> None:
    gate, outcomes = Barrier(2), []
    actors = [nurse, UserFactory(role="anaesthetist")]

    def run(actor: User) -> None:
        gate.wait()
        try:
            add(actor, patient, ALLERGIES)
            outcomes.append("done")
        except ValidationError:
            outcomes.append("known")
        finally:
            connection.close()

    threads = [Thread(target=run, args=(actor,)) for actor in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "known"]
    assert Allergy.objects.count() == 1


def test_the_same_substance_from_elsewhere_at_this_moment_is_refused_in_words(nurse: User, patient: Patient) -> None:
    written = Event()

    def import_it() -> None:
        with transaction.atomic():
            Allergy.objects.create(patient=patient, substance="latex")
            written.set()
            sleep(1)
        connection.close()

    other = Thread(target=import_it)
    other.start()
    written.wait()
    with pytest.raises(ValidationError, match="on the list already"):
        add(nurse, patient, ALLERGIES)
    other.join()


def test_an_entry_made_in_error_stays_and_counts_no_more_until_it_is_put_back(nurse: User, patient: Patient) -> None:
    row = add(nurse, patient, ALLERGIES, certainty="unconfirmed")
    where = {"actor": nurse, "patient_id": patient.pk, "part": ALLERGIES, "entry_id": row.pk}
    take_back_entry(**where)
    take_back_entry(**where)
    row.refresh_from_db()
    patient.refresh_from_db()
    assert (row.certainty, patient.allergy_status) == ("error", "not_recorded")
    assert RecordChange.objects.filter(verb="removed").count() == 1
    put_back_entry(**where)
    row.refresh_from_db()
    patient.refresh_from_db()
    assert (row.certainty, patient.allergy_status) == ("unconfirmed", "recorded")


def test_what_is_not_clinical_goes_and_the_history_keeps_it() -> None:
    clerk, patient = UserFactory(role="booking_clerk"), PatientFactory()
    row = add(clerk, patient, KIN, name="Mary Baker", relationship="Wife", phone="", note="")
    take_back_entry(actor=clerk, patient_id=patient.pk, part=KIN, entry_id=row.pk)
    assert not NextOfKin.objects.exists()
    assert RecordChange.objects.first().values["name"] == ["Mary Baker", ""]  # type: ignore[union-attr]
    with pytest.raises(GoneError):
        change(clerk, row, KIN, phone="123456")


def test_a_substance_taken_back_can_not_be_put_back_beside_its_twin(nurse: User, patient: Patient) -> None:
    first = add(nurse, patient, ALLERGIES)
    take_back_entry(actor=nurse, patient_id=patient.pk, part=ALLERGIES, entry_id=first.pk)
    add(nurse, patient, ALLERGIES, reaction="Shock")
    with pytest.raises(ValidationError):
        put_back_entry(actor=nurse, patient_id=patient.pk, part=ALLERGIES, entry_id=first.pk)


class TestAllergies:
    """ "None known" is a statement of somebody, and never what an empty list means."""

    def test_none_known_says_who_and_when(self, nurse: User, patient: Patient) -> None:
        state_none_known(actor=nurse, patient_id=patient.pk)
        patient.refresh_from_db()
        assert (patient.allergy_status, patient.allergies_asked_by) == ("none_known", nurse)
        assert patient.allergies_asked_at is not None
        assert RecordChange.objects.get().values == {"allergy_status": ["not_recorded", "none_known"]}

    def test_not_while_one_is_listed(self, nurse: User) -> None:
        patient = AllergyFactory().patient
        with pytest.raises(NotPossibleError, match="There are allergies on record"):
            state_none_known(actor=nurse, patient_id=patient.pk)

    def test_what_is_said_of_a_new_patient_says_who_and_when(self) -> None:
        clerk = UserFactory(role="booking_clerk")
        given = {"mrn": "M1", "family_name": "Adams"}
        allergic = add_patient(actor=clerk, patient=Patient(**given), allergies=["Latex"])
        assert (allergic.allergies_asked_by, allergic.allergies.get().recorded_by) == (clerk, clerk)
        added, asked = RecordChange.objects.filter(patient=allergic)
        assert (added.verb, added.actor, added.values["substance"]) == ("added", clerk, ["", "Latex"])
        assert asked.values == {"allergy_status": ["not_recorded", "recorded"]}
        none = Patient(**given | {"mrn": "M2"}, allergy_status=AllergyStatus.NONE_KNOWN)
        none = add_patient(actor=clerk, patient=none)
        assert none.allergies_asked_by == clerk
        assert none.allergies_asked_at is not None
        silent = add_patient(actor=clerk, patient=Patient(**given | {"mrn": "M3"}))
        assert (silent.allergies_asked_by, silent.allergies_asked_at) == (None, None)
        assert not silent.record_changes.exists()

    def test_adding_one_ends_the_statement(self, nurse: User, patient: Patient) -> None:
        state_none_known(actor=nurse, patient_id=patient.pk)
        add(nurse, patient, ALLERGIES)
        patient.refresh_from_db()
        assert patient.allergy_status == "recorded"

    def test_refuting_the_last_is_no_statement_that_there_is_none(self, nurse: User, patient: Patient) -> None:
        row = add(nurse, patient, ALLERGIES)
        change(nurse, row, ALLERGIES, certainty="refuted")
        patient.refresh_from_db()
        assert (patient.allergy_status, patient.allergies_asked_by) == ("not_recorded", None)


class TestWho:
    """Who may write."""

    @pytest.mark.parametrize("role", ["booking_clerk", "manager", "privacy_officer", "administrator"])
    def test_not_every_role_writes_about_health(self, patient: Patient, role: str) -> None:
        with pytest.raises(NotAllowedError):
            add(UserFactory(role=role), patient)

    def test_a_nurse_does_not_change_who_somebody_is(self, nurse: User, patient: Patient) -> None:
        with pytest.raises(NotAllowedError):
            add(nurse, patient, KIN, name="X", relationship="", phone="", note="")

    def test_not_whom_the_patient_keeps_away(self, nurse: User, patient: Patient) -> None:
        PatientBlock.objects.create(patient=patient, user=nurse)
        with pytest.raises(NotOnCareTeamError):
            add(nurse, patient)

    def test_a_ward_nurse_writes_about_the_own_patients_only(self, patient: Patient) -> None:
        nurse = UserFactory(role="ward_nurse")
        with pytest.raises(NotOnCareTeamError):
            add(nurse, patient)
        assign_perm(CARE_TEAM, nurse, patient)
        add(nurse, patient)

    def test_a_restricted_record_is_written_by_those_who_treat(self, nurse: User, patient: Patient) -> None:
        officer = UserFactory(role="privacy_officer")
        restrict_processing(actor=officer, patient_id=patient.pk, ground="claims", reason="Claim 7")
        with pytest.raises(RestrictedError):
            add(nurse, patient)
        assign_perm(CARE_TEAM, nurse, patient)
        add(nurse, patient)

    def test_a_number_has_letters_or_digits(self) -> None:
        clerk, patient = UserFactory(role="booking_clerk"), PatientFactory()
        system = IdentifierSystem.objects.create(uri="urn:x", name="X")
        with pytest.raises(ValidationError, match="Letters or digits are missing"):
            add(clerk, patient, NUMBERS, system=system, value="---")

    def test_a_number_is_one_patients(self) -> None:
        clerk, one, two = UserFactory(role="booking_clerk"), PatientFactory(), PatientFactory()
        system = IdentifierSystem.objects.create(uri="urn:x", name="X")
        add(clerk, one, NUMBERS, system=system, value="12 34")
        with pytest.raises(ValidationError, match="Another patient has this number"):
            add(clerk, two, NUMBERS, system=system, value="1234")

    def test_a_number_of_ours_that_leads_here_stays(self) -> None:
        clerk, patient = UserFactory(role="booking_clerk"), PatientFactory()
        ours = IdentifierSystem.objects.create(uri="urn:ours", name="MRN", is_ours=True)
        row = patient.identifiers.create(system=ours, value="M1")
        where = {"actor": clerk, "patient_id": patient.pk, "part": NUMBERS, "entry_id": row.pk}
        with pytest.raises(NotPossibleError, match="Undo the merge"):
            take_back_entry(**where)
        with pytest.raises(NotPossibleError):
            change(clerk, row, NUMBERS, value="M2")
        assert patient.identifiers.exists()
