"""Two records become one: what follows, what wins, and what is refused."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone
from guardian.shortcuts import assign_perm

from accounts.models import User
from accounts.permissions import NotAllowedError
from patients.access import NotOnCareTeamError
from patients.access_history import HistoryFilter, access_history
from patients.emergency import begin_emergency_access, running
from patients.merging.errors import AlreadyMergedError, MergeRefusedError, StaleRecordError
from patients.merging.guarding import guarded
from patients.merging.merging import NO_REASON, ONE_RECORD, merge
from patients.merging.rules import RULES
from patients.merging.writing import movable
from patients.models import (
    Allergy,
    ContactConsent,
    DuplicatePair,
    Patient,
    PatientBlock,
    PatientIdentifier,
    PatientName,
    Restriction,
)
from patients.permissions import CARE_TEAM
from patients.rights.holdings import holdings, trail_of
from patients.rights.models import LegalHold, ProcessingRestriction
from patients.selectors import find_patients, living_patient, patient_numbered
from scheduling.integrity import find_breaches
from tests.factories import AllergyFactory, OperationFactory, PatientFactory, UserFactory
from tests.patients.merging.conftest import Merge, facts
from tests.patients.rights.whole_patient import BY_NUMBER, whole_patient

pytestmark = pytest.mark.django_db


def test_every_table_follows(join: Merge) -> None:
    duplicate, survivor = whole_patient(), PatientFactory()
    kept = [one for one in holdings() if one.moves or not one.goes]
    held = {one.name: set(one.rows(duplicate.pk).values_list("pk", flat=True)) for one in kept}
    direct = [one for one in holdings() if one.is_direct and one.moves]

    done = join(survivor, duplicate)

    assert {one.name for one in direct} <= set(done.moved)
    left = {model._meta.label: model._base_manager.filter(**{path: duplicate.pk}).count() for model, path in movable()}
    assert {label: count for label, count in left.items() if count} == {}
    lost = {one.name: held[one.name] - set(one.rows(survivor.pk).values_list("pk", flat=True)) for one in kept}
    assert {name: rows for name, rows in lost.items() if rows} == {}
    assert trail_of(survivor.pk).filter(object_id=duplicate.pk, content_type__model="patient").exists()


def test_rows_that_stand_once_have_a_rule() -> None:
    """A new table with a unique constraint about the patient says what happens where both records have a row."""
    for model, path in movable():
        meta = model._meta
        unique = [set(one.fields) for one in meta.constraints if isinstance(one, models.UniqueConstraint)]
        expressions = [
            str(expression)
            for one in meta.constraints
            if isinstance(one, models.UniqueConstraint)
            for expression in one.expressions
        ]
        unique += [set(names) for names in meta.unique_together]
        about = any(path in names for names in unique) or any(path in text for text in expressions)
        assert not about or model in RULES, model


def test_the_database_keeps_a_merged_record_empty(join: Merge) -> None:
    duplicate, survivor = PatientFactory(), PatientFactory()
    operation = OperationFactory(patient=survivor)
    join(survivor, duplicate)

    with pytest.raises(IntegrityError, match="was merged into"), transaction.atomic():
        Allergy.objects.create(patient=duplicate, substance="Latex")
    with pytest.raises(IntegrityError, match="was merged into"), transaction.atomic():
        type(operation).objects.filter(pk=operation.pk).update(patient=duplicate)
    with pytest.raises(IntegrityError, match="was merged into"), transaction.atomic():
        Patient.objects.filter(pk=PatientFactory().pk).update(merged_into=duplicate)


def test_every_table_about_patients_is_guarded() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'patient_not_merged'")
        attached = {table for (table,) in cursor.fetchall()}
    assert attached == guarded().keys()
    # A message knows its recipient by a number that need not be a patient's; consent, which has moved, stops it.
    by_number = {model._meta.db_table for model in BY_NUMBER}
    assert {model._meta.db_table for model, _ in movable()} <= attached | {"rights_erasure"} | by_number


class TestNumbersAndNames:
    def test_both_numbers_find_the_survivor(self, join: Merge, clerk: User) -> None:
        survivor = PatientFactory(mrn="A1", national_number="943 476 5919")
        duplicate = PatientFactory(mrn="B2", national_number="401 023 2137")

        join(survivor, duplicate)

        searches = ("A1", "B2", "b2", "943 476 5919", "4010232137")
        assert [list(find_patients(text, clerk)) for text in searches] == [[survivor]] * 5
        assert patient_numbered("b2") == survivor
        assert living_patient(duplicate.pk) == survivor
        assert {row.value for row in survivor.identifiers.all()} == {"B2", "401 023 2137"}
        assert facts(duplicate, "national_number", "merged_into") == {"national_number": "", "merged_into": survivor}

    def test_a_number_that_the_survivor_lacks_becomes_its_own(self, join: Merge) -> None:
        survivor, duplicate = PatientFactory(), PatientFactory(national_number="401 023 2137")
        join(survivor, duplicate)
        assert survivor.national_number == "401 023 2137"
        assert [row.value for row in survivor.identifiers.all()] == [duplicate.mrn]

    def test_the_other_name_is_kept_as_an_alias(self, join: Merge, clerk: User) -> None:
        survivor = PatientFactory(family_name="Smith", given_name="Ann")
        duplicate = PatientFactory(family_name="Smyth", given_name="Anne")
        join(survivor, duplicate)
        assert [(row.use, row.family_name, row.recorded_by) for row in survivor.names.all()] == [
            ("alias", "Smyth", clerk)
        ]

    def test_the_name_that_is_not_chosen_is_kept(self, join: Merge) -> None:
        survivor = PatientFactory(family_name="Smith", given_name="Ann")
        duplicate = PatientFactory(family_name="Smyth", given_name="Anne")
        join(survivor, duplicate, name="duplicate")
        assert facts(survivor, "family_name", "given_name") == {"family_name": "Smyth", "given_name": "Anne"}
        assert [row.family_name for row in survivor.names.all()] == ["Smith"]

    def test_a_placeholder_is_no_name(self, join: Merge) -> None:
        survivor = PatientFactory(family_name="Smith")
        duplicate = PatientFactory(family_name="Unknown", provisional=True)
        join(survivor, duplicate)
        assert not PatientName.objects.exists()
        assert not survivor.provisional

    def test_a_number_of_somebody_else_is_not_taken(self, join: Merge) -> None:
        first, second, third = PatientFactory(), PatientFactory(mrn="B2"), PatientFactory()
        join(first, second)
        second.mrn = "C3"
        Patient.objects.filter(pk=second.pk).update(mrn="C3")
        fourth = PatientFactory(mrn="B2")
        with pytest.raises(MergeRefusedError, match="B2 is on record as a number of another patient"):
            join(third, fourth)


class TestValues:
    def test_the_survivors_stand_and_gaps_are_filled(self, join: Merge) -> None:
        survivor = PatientFactory(phone="", email="a@example.org", date_of_birth=None, sex="unknown")
        duplicate = PatientFactory(
            phone="020", email="b@example.org", date_of_birth=date(1980, 5, 1), birth_accuracy="month", sex="female"
        )
        join(survivor, duplicate)
        assert facts(survivor, "phone", "email", "born", "sex", "version") == {
            "phone": "020",
            "email": "a@example.org",
            "born": "May 1980",
            "sex": "female",
            "version": 2,
        }

    def test_a_choice_wins(self, join: Merge) -> None:
        survivor, duplicate = PatientFactory(phone="1"), PatientFactory(phone="2")
        join(survivor, duplicate, phone="duplicate", email="survivor")
        assert survivor.phone == "2"

    def test_a_recorded_death_is_not_lost(self, join: Merge) -> None:
        survivor, duplicate = PatientFactory(), PatientFactory(died=True)
        join(survivor, duplicate)
        assert survivor.is_deceased

    @pytest.mark.parametrize(
        ("ours", "theirs", "stands"),
        [
            ("not_recorded", "none_known", "none_known"),
            ("none_known", "not_recorded", "none_known"),
            ("none_known", "recorded", "recorded"),
            ("recorded", "none_known", "recorded"),
            ("not_recorded", "not_recorded", "not_recorded"),
        ],
    )
    def test_what_is_said_of_allergies(self, join: Merge, ours: str, theirs: str, stands: str) -> None:
        survivor, duplicate = PatientFactory(allergy_status=ours), PatientFactory(allergy_status=theirs)
        join(survivor, duplicate)
        assert survivor.allergy_status == stands

    def test_none_known_never_stands_over_an_allergy(self, join: Merge) -> None:
        survivor, duplicate = PatientFactory(), PatientFactory(allergy_status="none_known")
        Allergy.objects.create(patient=duplicate, substance="Latex")  # whatever the summary says
        join(survivor, duplicate)
        assert survivor.allergy_status == "recorded"
        assert [one.substance for one in survivor.counting_allergies] == ["Latex"]


class TestRowsThatStandOnce:
    def test_of_one_substance_the_worse_stands_with_both_reactions(self, join: Merge) -> None:
        ours = AllergyFactory(substance="Latex", reaction="Rash", severity="mild", certainty="unconfirmed")
        theirs = AllergyFactory(substance="latex", reaction="Anaphylaxis", severity="fatal", certainty="confirmed")
        survivor, duplicate = ours.patient, theirs.patient

        join(survivor, duplicate)

        ours.refresh_from_db()
        theirs.refresh_from_db()
        assert (ours.severity, ours.certainty, ours.reaction) == ("fatal", "confirmed", "Rash; Anaphylaxis")
        assert (theirs.patient, theirs.reaction, theirs.severity) == (duplicate, "Anaphylaxis", "fatal")

    def test_what_is_resolved_on_one_side_counts_if_it_is_active_on_the_other(self, join: Merge) -> None:
        ours, theirs = AllergyFactory(course="resolved"), AllergyFactory()
        join(ours.patient, theirs.patient)
        assert [one.substance for one in ours.patient.counting_allergies] == ["Latex"]

    def test_a_refuted_entry_does_not_take_away_one_that_counts(self, join: Merge) -> None:
        ours, theirs = AllergyFactory(certainty="refuted"), AllergyFactory()
        join(ours.patient, theirs.patient)
        assert sorted(one.certainty for one in ours.patient.allergies.all()) == ["refuted", "unconfirmed"]
        assert ours.patient.allergy_status == "recorded"

    @pytest.mark.parametrize(("ours", "theirs"), [(True, False), (False, True)])
    def test_a_refusal_to_be_reached_beats_a_consent(self, join: Merge, *, ours: bool, theirs: bool) -> None:
        survivor, duplicate = PatientFactory(), PatientFactory()
        ContactConsent.objects.create(patient=survivor, channel="sms", given=ours)
        ContactConsent.objects.create(patient=duplicate, channel="sms", given=theirs)
        join(survivor, duplicate)
        assert [row.given for row in survivor.contact_consents.all()] == [False]

    def test_the_care_teams_are_one(self, join: Merge) -> None:
        survivor, duplicate = PatientFactory(), PatientFactory()
        both, theirs = UserFactory(role="surgeon"), UserFactory(role="surgeon")
        for patient, user in ((survivor, both), (duplicate, both), (duplicate, theirs)):
            assign_perm(CARE_TEAM, user, patient)
        join(survivor, duplicate)
        assert set(survivor.care_team.values_list("user", flat=True)) == {both.pk, theirs.pk}

    def test_the_longer_hold_stands(self, join: Merge, clerk: User) -> None:
        survivor, duplicate = PatientFactory(), PatientFactory()
        until = timezone.localdate() + timedelta(days=3)
        LegalHold.objects.create(patient=survivor, reason="Claim", placed_by=clerk, until=until)
        LegalHold.objects.create(patient=duplicate, reason="Inquiry", placed_by=clerk)
        join(survivor, duplicate)
        assert [row.until for row in LegalHold.objects.filter(patient=survivor)] == [None]


class TestWhoMaySee:
    def test_whom_one_record_keeps_away_both_do(self, join: Merge) -> None:
        survivor, duplicate, kept = PatientFactory(), PatientFactory(), UserFactory(role="anaesthetist")
        PatientBlock.objects.create(patient=duplicate, user=kept)
        assert Patient.objects.visible_to(kept).filter(pk=survivor.pk).exists()
        join(survivor, duplicate)
        assert not Patient.objects.visible_to(kept).filter(pk__in=[survivor.pk, duplicate.pk]).exists()

    def test_a_confidential_side_makes_it_confidential_and_says_so(self, join: Merge) -> None:
        actor = UserFactory(role="coordinator")
        survivor, duplicate = PatientFactory(), PatientFactory(confidential=True)
        join(survivor, duplicate, actor=actor)
        assert survivor.confidential
        assert [(row.verb, row.actor) for row in Restriction.objects.all()] == [("confidential", actor)]

    @pytest.mark.django_db(transaction=True)
    def test_emergency_access_of_somebody_kept_away_ends(self, join: Merge) -> None:
        survivor, duplicate, kept = PatientFactory(), PatientFactory(), UserFactory(role="surgeon")
        PatientBlock.objects.create(patient=survivor, user=kept)
        begin_emergency_access(actor=kept, patient_id=duplicate.pk, reason="emergency", explanation="Bleeding")
        join(survivor, duplicate)
        assert not running(kept).exists()
        assert survivor.emergency_accesses.count() == 1

    def test_who_saw_either_record_saw_the_patient(self, join: Merge, clerk: User) -> None:
        from accounts.audit.models import AccessKind
        from accounts.audit.recording import record_access

        survivor, duplicate = PatientFactory(), PatientFactory()
        record_access([survivor.pk], actor_id=clerk.pk, view="a", kind=AccessKind.VIEW)
        record_access([duplicate.pk], actor_id=clerk.pk, view="b", kind=AccessKind.VIEW)
        join(survivor, duplicate)
        assert len(access_history(survivor, HistoryFilter(), None)[0]) == 2


class TestRefused:
    def test_with_itself(self, join: Merge) -> None:
        patient = PatientFactory()
        with pytest.raises(MergeRefusedError, match=ONE_RECORD):
            join(patient, patient)

    def test_without_a_reason(self, clerk: User) -> None:
        with pytest.raises(ValidationError, match=NO_REASON):
            merge(actor=clerk, survivor_id=1, duplicate_id=2, versions={}, choices={}, reason=" ")

    def test_stale(self, clerk: User) -> None:
        one, other = PatientFactory(), PatientFactory(version=3)
        versions = {one.pk: 1, other.pk: 2}
        with pytest.raises(StaleRecordError):
            merge(actor=clerk, survivor_id=one.pk, duplicate_id=other.pk, versions=versions, choices={}, reason="x")

    def test_what_was_merged_already(self, join: Merge) -> None:
        first, second, third = (PatientFactory() for _ in range(3))
        join(first, second)
        with pytest.raises(AlreadyMergedError, match="one record already"):
            join(first, second)
        with pytest.raises(AlreadyMergedError, match="one record already"):
            join(second, first)
        with pytest.raises(AlreadyMergedError, match="was merged into another record"):
            join(third, second)

    def test_an_erased_or_restricted_record(self, join: Merge, clerk: User) -> None:
        from patients.rights.models import Erasure

        one, other, third = PatientFactory(), PatientFactory(), PatientFactory()
        Erasure.objects.create(patient=other, ground="request", state="ordered")
        ProcessingRestriction.objects.create(patient=third, ground="claims", reason="x", placed_by=clerk)
        with pytest.raises(MergeRefusedError, match="erased"):
            join(one, other)
        with pytest.raises(MergeRefusedError, match="restricted"):
            join(one, third)

    def test_two_who_were_found_to_be_two(self, join: Merge, clerk: User) -> None:
        one, other = PatientFactory(), PatientFactory()
        DuplicatePair.objects.create(first=one, second=other, score=90, distinct_by=clerk, distinct_at=timezone.now())
        with pytest.raises(MergeRefusedError, match="two people"):
            join(other, one)

    @pytest.mark.parametrize("role", ["surgeon", "anaesthetist", "theatre_nurse", "ward_nurse", "manager"])
    def test_other_roles(self, join: Merge, role: str) -> None:
        with pytest.raises(NotAllowedError):
            join(PatientFactory(), PatientFactory(), actor=UserFactory(role=role))

    def test_a_record_that_is_not_open_to_the_actor(self, join: Merge, clerk: User) -> None:
        one, other = PatientFactory(), PatientFactory(confidential=True)
        with pytest.raises(NotOnCareTeamError):
            join(one, other)

    def test_a_record_that_keeps_the_actor_away(self, join: Merge, clerk: User) -> None:
        one, other = PatientFactory(), PatientFactory()
        PatientBlock.objects.create(patient=other, user=clerk)
        now = timezone.now()
        clerk.emergency_accesses.create(
            patient=other, reason="emergency", explanation="x", began=now, ends=now + timedelta(hours=1)
        )
        with pytest.raises(NotOnCareTeamError):
            join(one, other)

    def test_emergency_access_is_not_enough(self, join: Merge, clerk: User) -> None:
        one, other = PatientFactory(), PatientFactory(confidential=True)
        now = timezone.now()
        clerk.emergency_accesses.create(
            patient=other, reason="emergency", explanation="x", began=now, ends=now + timedelta(hours=1)
        )
        with pytest.raises(NotOnCareTeamError):
            join(one, other)


def test_a_chain_leads_to_its_end(join: Merge) -> None:
    first, second, third = PatientFactory(mrn="A1"), PatientFactory(mrn="B2"), PatientFactory(mrn="C3")
    join(second, first)
    join(third, second)
    assert [patient_numbered(mrn) for mrn in ("A1", "B2", "C3")] == [third] * 3
    assert set(PatientIdentifier.objects.values_list("patient", flat=True)) == {third.pk}
    assert facts(first, "merged_into") == {"merged_into": third}
    assert find_breaches() == []
