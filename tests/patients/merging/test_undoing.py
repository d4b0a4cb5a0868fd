"""A merge taken back: what returns, what stays, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from guardian.shortcuts import assign_perm

from accounts.models import User
from accounts.permissions import NotAllowedError
from patients.merging.errors import MergeRefusedError
from patients.merging.undoing import DONE, EARLIER, LATER, NO_REASON, undo_merge
from patients.merging.writing import movable
from patients.models import (
    Allergy,
    ContactConsent,
    DuplicatePair,
    Patient,
    PatientBlock,
    PatientIdentifier,
    PatientMerge,
    PatientName,
    RecordChange,
    Restriction,
)
from patients.permissions import CARE_TEAM
from patients.rights.models import Erasure, LegalHold
from patients.selectors import find_patients, patient_numbered
from tests.factories import AllergyFactory, PatientFactory, UserFactory
from tests.patients.merging.conftest import Merge
from tests.patients.rights.whole_patient import whole_patient

pytestmark = pytest.mark.django_db
WHY = "Two sisters"


def picture(patient: Patient) -> dict[str, Any]:
    """Return everything about one record as the database has it, but for the number of writes."""
    own = Patient.objects.filter(pk=patient.pk).values().get()
    for name in ("version", "national_number_index", "phone_index"):
        own.pop(name)
    rows = {
        model._meta.label: list(model._base_manager.filter(**{path: patient.pk}).order_by("pk").values())
        for model, path in movable()
        if model is not RecordChange  # the history goes on
    }
    for found in rows.values():
        for row in found:
            row.pop("version", None)
    return {"own": own, **rows}


def test_everything_is_as_it_was(join: Merge, clerk: User) -> None:
    duplicate, survivor = whole_patient(), PatientFactory(national_number="943 476 5919", allergy_status="none_known")
    AllergyFactory(patient=survivor, substance=duplicate.allergies.get().substance.upper(), reaction="Rash")
    ContactConsent.objects.create(patient=survivor, channel="sms", given=False)
    before = picture(survivor), picture(duplicate)

    done = join(survivor, duplicate, name="duplicate", national_number="duplicate", phone="duplicate")
    assert (picture(survivor), picture(duplicate)) != before
    done = undo_merge(actor=clerk, merge_id=done.pk, reason=WHY)

    after = picture(survivor), picture(duplicate)
    # An allergy listed under "none known" is the one thing that does not come back.
    assert (before[0]["own"].pop("allergy_status"), after[0]["own"].pop("allergy_status")) == ("none_known", "recorded")
    assert after == before
    assert (done.kept, done.undone_by, done.undone_because) == ([], clerk, WHY)
    assert patient_numbered(duplicate.mrn) == duplicate
    assert list(find_patients("943 476 5919", clerk)) == [survivor]


def test_what_came_after_stays(join: Merge, clerk: User) -> None:
    survivor, duplicate = PatientFactory(), PatientFactory()
    done = join(survivor, duplicate)
    late = AllergyFactory(patient=survivor, substance="Iodine")
    undo_merge(actor=clerk, merge_id=done.pk, reason=WHY)
    late.refresh_from_db()
    survivor.refresh_from_db()
    assert (late.patient, survivor.allergy_status) == (survivor, "recorded")


def test_what_was_changed_since_stays_and_is_listed(join: Merge, clerk: User) -> None:
    survivor, duplicate = PatientFactory(phone=""), PatientFactory(phone="020", email="a@example.org")
    moved = Allergy.objects.create(patient=duplicate, substance="Latex")
    gone = Allergy.objects.create(patient=duplicate, substance="Iodine")
    kept = AllergyFactory(patient=survivor, substance="Nickel", severity="mild")
    Allergy.objects.create(patient=duplicate, substance="Nickel", severity="severe")
    done = join(survivor, duplicate)
    survivor.phone = "030"
    survivor.save(update_fields=["phone"])
    gone.delete()
    kept.refresh_from_db()
    kept.severity = "moderate"
    kept.save(update_fields=["severity"])

    done = undo_merge(actor=clerk, merge_id=done.pk, reason=WHY)

    survivor.refresh_from_db()
    moved.refresh_from_db()
    kept.refresh_from_db()
    assert (survivor.phone, survivor.email, moved.patient, kept.severity) == ("030", "", duplicate, "moderate")
    assert done.kept == [
        "Of the record, the phone was changed since and stays.",
        f"Of the allergies, number {kept.pk}, the severity was changed since and stays.",
        "1 of the allergies are not there any more.",
    ]


def test_a_row_that_now_equals_one_left_behind_stays(join: Merge, clerk: User) -> None:
    survivor, duplicate = PatientFactory(), PatientFactory()
    AllergyFactory(patient=survivor, substance="Nickel")
    Allergy.objects.create(patient=duplicate, substance="Nickel")
    moved = Allergy.objects.create(patient=duplicate, substance="Latex")
    done = join(survivor, duplicate)
    survivor.allergies.filter(substance="Nickel").delete()
    survivor.allergies.filter(pk=moved.pk).update(substance="Nickel")
    done = undo_merge(actor=clerk, merge_id=done.pk, reason=WHY)
    moved.refresh_from_db()
    assert moved.patient == survivor
    assert done.kept[-1] == f"One of the allergies, number {moved.pk}, was changed since and stays."


def test_what_was_stricter_is_as_it_was(join: Merge, clerk: User) -> None:
    coordinator, kept = UserFactory(role="coordinator"), UserFactory(role="anaesthetist")
    survivor, duplicate = PatientFactory(), PatientFactory(confidential=True)
    PatientBlock.objects.create(patient=duplicate, user=kept)
    until = timezone.localdate() + timedelta(days=3)
    LegalHold.objects.create(patient=survivor, reason="Claim", placed_by=clerk, until=until)
    LegalHold.objects.create(patient=duplicate, reason="Inquiry", placed_by=clerk)
    assign_perm(CARE_TEAM, clerk, duplicate)
    done = join(survivor, duplicate, actor=coordinator)

    undo_merge(actor=coordinator, merge_id=done.pk, reason=WHY)

    survivor.refresh_from_db()
    assert (survivor.confidential, LegalHold.objects.get(patient=survivor).until) == (False, until)
    assert Patient.objects.visible_to(kept).filter(pk=survivor.pk).exists()
    assert not Patient.objects.visible_to(kept).filter(pk=duplicate.pk).exists()
    assert LegalHold.objects.get(patient=duplicate).until is None
    assert duplicate.care_team.get().user == clerk
    assert [row.verb for row in Restriction.objects.all()] == ["not_confidential", "confidential"]
    assert not PatientIdentifier.objects.exists()
    assert not PatientName.objects.exists()


def test_a_number_that_somebody_has_now_is_left_to_them(join: Merge, clerk: User) -> None:
    survivor, duplicate = PatientFactory(national_number="1"), PatientFactory(national_number="2")
    done = join(survivor, duplicate)
    other = PatientFactory(national_number="2")
    done = undo_merge(actor=clerk, merge_id=done.pk, reason=WHY)
    duplicate.refresh_from_db()
    assert (duplicate.national_number, other.national_number) == ("", "2")
    assert "national number" in done.kept[0]


def test_the_two_are_not_proposed_again(join: Merge, clerk: User) -> None:
    one, other = PatientFactory(), PatientFactory()
    done = join(other, one)
    undo_merge(actor=clerk, merge_id=done.pk, reason=WHY)
    assert [(pair.first, pair.second, pair.distinct_by) for pair in DuplicatePair.objects.all()] == [
        (one, other, clerk)
    ]


class TestRefused:
    def test_twice(self, join: Merge, clerk: User) -> None:
        done = join(PatientFactory(), PatientFactory())
        undo_merge(actor=clerk, merge_id=done.pk, reason=WHY)
        with pytest.raises(MergeRefusedError, match=DONE):
            undo_merge(actor=clerk, merge_id=done.pk, reason=WHY)

    def test_without_a_reason(self, join: Merge, clerk: User) -> None:
        done = join(PatientFactory(), PatientFactory())
        with pytest.raises(ValidationError, match=NO_REASON):
            undo_merge(actor=clerk, merge_id=done.pk, reason="")

    def test_under_a_later_merge(self, join: Merge, clerk: User) -> None:
        first, second, third = PatientFactory(mrn="A1"), PatientFactory(mrn="B2"), PatientFactory(mrn="C3")
        inner, outer = join(second, first), join(third, second)
        with pytest.raises(MergeRefusedError, match=LATER):
            undo_merge(actor=clerk, merge_id=inner.pk, reason=WHY)
        undo_merge(actor=clerk, merge_id=outer.pk, reason=WHY)
        assert [patient_numbered(mrn) for mrn in ("A1", "B2", "C3")] == [second, second, third]
        undo_merge(actor=clerk, merge_id=inner.pk, reason=WHY)
        assert patient_numbered("A1") == first

    def test_of_two_into_one_the_latest_first(self, join: Merge, clerk: User) -> None:
        survivor = PatientFactory()
        first, second = join(survivor, PatientFactory()), join(survivor, PatientFactory())
        with pytest.raises(MergeRefusedError, match=EARLIER):
            undo_merge(actor=clerk, merge_id=first.pk, reason=WHY)
        undo_merge(actor=clerk, merge_id=second.pk, reason=WHY)
        undo_merge(actor=clerk, merge_id=first.pk, reason=WHY)
        assert not PatientMerge.objects.filter(undone_at=None).exists()

    def test_after_an_erasure(self, join: Merge, clerk: User) -> None:
        survivor = PatientFactory()
        done = join(survivor, PatientFactory())
        Erasure.objects.create(patient=survivor, ground="request", state="done", done_at=timezone.now())
        with pytest.raises(MergeRefusedError, match="erased"):
            undo_merge(actor=clerk, merge_id=done.pk, reason=WHY)

    def test_other_roles(self, join: Merge) -> None:
        done = join(PatientFactory(), PatientFactory())
        with pytest.raises(NotAllowedError):
            undo_merge(actor=UserFactory(role="surgeon"), merge_id=done.pk, reason=WHY)
