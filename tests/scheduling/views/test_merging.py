"""The pages on which a clerk merges, takes that back, decides on pairs, and identifies."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from patients.merging.merging import merge
from patients.models import DuplicatePair, Patient, PatientMerge
from patients.services import add_unknown_patient
from tests.factories import AllergyFactory, OperationFactory, PatientFactory, UserFactory
from tests.scheduling.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(db: None) -> User:
    return UserFactory(role="booking_clerk")


@pytest.fixture
def page(clerk: User) -> Client:
    client = Client()
    client.force_login(clerk, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def compare_url(survivor: Patient, duplicate: Patient) -> str:
    return reverse("scheduling:patient-merge-with", args=[survivor.pk, duplicate.pk])


def seen(*patients: Patient) -> str:
    return " ".join(f"{one.pk}:{one.version}" for one in patients)


def joined(clerk: User, survivor: Patient, duplicate: Patient) -> PatientMerge:
    both = {"survivor_id": survivor.pk, "duplicate_id": duplicate.pk}
    versions = {one.pk: one.version for one in (survivor, duplicate)}
    return merge(actor=clerk, **both, versions=versions, choices={}, reason="Same card")  # type: ignore[arg-type]


class TestMerging:
    def test_from_the_search_to_the_merge_and_back(self, page: Client, clerk: User) -> None:
        survivor = PatientFactory(family_name="Smith", phone="1")
        duplicate = PatientFactory(family_name="Smyth", phone="2")
        OperationFactory(patient=duplicate, actor=clerk)
        found = page.post(reverse("scheduling:patient-merge", args=[survivor.pk]), {"text": "smyth"})
        assert compare_url(survivor, duplicate) in found.content.decode()

        shown = page.get(compare_url(survivor, duplicate)).content.decode()
        assert "operations (1)" in shown
        assert "Names differ by little, born on the same day" in shown
        done = page.post(
            compare_url(survivor, duplicate),
            {"versions": seen(survivor, duplicate), "reason": "Same card", "phone": "duplicate"},
            follow=True,
        )
        row = PatientMerge.objects.get()
        assert done.redirect_chain == [(reverse("scheduling:merge-detail", args=[row.pk]), 302)]
        survivor.refresh_from_db()
        assert (survivor.phone, survivor.operations.count()) == ("2", 1)

        undone = page.post(reverse("scheduling:merge-undo", args=[row.pk]), {"reason": "Sisters"}, follow=True)
        assert "Undone" in undone.content.decode()
        assert duplicate.operations.count() == 1

    def test_what_is_wrong_is_said_beside_the_field(self, page: Client) -> None:
        one, other = PatientFactory(), PatientFactory()
        answer = page.post(compare_url(one, other), {"versions": seen(one, other)})
        assert (answer.status_code, answer.context["form"].errors.keys()) == (422, {"reason"})
        answer = page.post(compare_url(one, other), {"versions": "x", "reason": "x"})
        assert (answer.status_code, answer.context["form"].errors.keys()) == (422, {"versions"})
        stale = f"{one.pk}:9 {other.pk}:1"
        answer = page.post(compare_url(one, other), {"versions": stale, "reason": "x"})
        assert (answer.status_code, "compare again" in answer.content.decode()) == (409, True)

    def test_operations_at_one_time_are_named_with_links(self, page: Client) -> None:
        world = World.make()
        survivor, duplicate = PatientFactory(), PatientFactory()
        ours = world.booked(world.at(9), patient=survivor)
        theirs = world.booked(world.at(9, 30), patient=duplicate, theatre=world.two)
        shown = page.get(compare_url(survivor, duplicate)).content.decode()
        assert f"Case {ours.pk} (Hip replacement, Theatre 1" in shown
        assert shown.count(f'href="/operations/{theirs.pk}/"') == 2  # in the sentence and in the list
        answer = page.post(
            compare_url(survivor, duplicate), {"versions": seen(survivor, duplicate), "reason": "Same card"}
        )
        assert (answer.status_code, PatientMerge.objects.exists()) == (409, False)

    def test_one_record_is_not_compared_with_itself(self, page: Client) -> None:
        patient = PatientFactory()
        answer = page.get(compare_url(patient, patient))
        assert answer["Location"] == reverse("scheduling:patient-merge", args=[patient.pk])

    def test_an_address_of_the_merged_record_leads_on(self, page: Client, clerk: User) -> None:
        survivor, duplicate, third = PatientFactory(), PatientFactory(), PatientFactory()
        joined(clerk, survivor, duplicate)
        answer = page.get(compare_url(third, duplicate) + "?a=b")
        assert answer["Location"] == compare_url(third, survivor) + "?a=b"
        answer = page.post(compare_url(third, duplicate), {"reason": "x"})
        assert (answer.status_code, "Nothing was written" in answer.content.decode()) == (409, True)
        chosen = page.get(f"{reverse('scheduling:operation-request')}?patient={duplicate.pk}")
        assert chosen.context["patient"] == survivor
        found = page.post(reverse("scheduling:patient-find"), {"text": duplicate.mrn})
        assert list(found.context["patients"]) == [survivor]

    def test_who_may_not_see_the_survivor_sees_no_merge(self, page: Client, clerk: User) -> None:
        row = joined(clerk, PatientFactory(), PatientFactory())
        Patient.objects.update(confidential=True)
        assert page.get(reverse("scheduling:merge-detail", args=[row.pk])).status_code == 403

    def test_as_many_queries_for_three_rows_as_for_one(self, page: Client, django_assert_num_queries: Any) -> None:
        survivor, duplicate = PatientFactory(), PatientFactory()
        counts = []
        for _ in range(2):
            for patient in (survivor, duplicate):
                OperationFactory(patient=patient)
                AllergyFactory(patient=patient, substance=f"Thing {patient.allergies.count()}")
            page.get(compare_url(survivor, duplicate))
            from django.db import connection
            from django.test.utils import CaptureQueriesContext

            with CaptureQueriesContext(
                connection,
            ) as queries:
                page.get(compare_url(survivor, duplicate))
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestTheList:
    @pytest.mark.parametrize("tab", ["pairs", "distinct", "unknown", "merged"])
    def test_as_many_queries_for_three_rows_as_for_one(
        self, page: Client, clerk: User, django_assert_num_queries: Any, tab: str
    ) -> None:
        def add() -> None:
            one, other = PatientFactory(), PatientFactory()
            AllergyFactory(patient=one)
            said = {"distinct_by": clerk, "distinct_at": timezone.now()} if tab == "distinct" else {}
            if tab == "merged":
                joined(clerk, one, other)
            elif tab == "unknown":
                OperationFactory(patient=add_unknown_patient(actor=clerk, sex="male"))
            else:
                DuplicatePair.objects.create(first=one, second=other, score=80, signs=["same_name"], **said)

        expected = {"pairs": 10, "distinct": 10, "unknown": 10, "merged": 8}[tab]
        url = f"{reverse('scheduling:duplicates')}?show={tab}"
        add()
        page.get(url)
        with django_assert_num_queries(expected):
            page.get(url)
        add()
        add()
        with django_assert_num_queries(expected):
            assert len(page.get(url).context["page"].object_list) == 3

    def test_a_pair_is_decided_and_that_is_taken_back(self, page: Client, clerk: User) -> None:
        one, other = PatientFactory(provisional=True), PatientFactory()
        pair = DuplicatePair.objects.create(first=one, second=other, score=80, signs=["same_name", "gone_since"])
        url = reverse("scheduling:duplicates")
        text = page.get(url).content.decode()
        assert "Same name" in text
        assert compare_url(other, one) in text  # the confirmed identity is kept

        page.post(reverse("scheduling:pair-distinct", args=[pair.pk]))
        pair.refresh_from_db()
        assert (pair.distinct_by, len(page.get(url).context["page"])) == (clerk, 0)
        assert page.get(compare_url(other, one)).content.decode().count("disabled") == 1
        page.post(reverse("scheduling:pair-reopen", args=[pair.pk]))
        assert len(page.get(url).context["page"]) == 1

    def test_pairs_of_records_outside_ones_rights_are_left_out(self, page: Client) -> None:
        one, other = PatientFactory(), PatientFactory(confidential=True)
        pair = DuplicatePair.objects.create(first=one, second=other, score=80)
        assert len(page.get(reverse("scheduling:duplicates")).context["page"]) == 0
        assert page.post(reverse("scheduling:pair-distinct", args=[pair.pk])).status_code == 403
        assert page.post(reverse("scheduling:pair-distinct", args=[pair.pk + 1])).status_code == 404


TYPED = {
    "family_name": "Smith",
    "given_name": "Ann",
    "date_of_birth": "1980-05-07",
    "sex": "female",
    "mrn": "NEW1",
    "allergy_status": "not_recorded",
}


class TestANewPatient:
    url = "/patients/new/"

    def test_who_looks_like_somebody_on_record_is_added_on_a_second_word(self, page: Client, clerk: User) -> None:
        known = PatientFactory(family_name="Smith", given_name="Ann", date_of_birth=date(1980, 5, 7))
        answer = page.post(self.url, TYPED)
        text = answer.content.decode()
        assert (answer.status_code, Patient.objects.count()) == (409, 1)
        assert f"{reverse('scheduling:operation-request')}?patient={known.pk}" in text
        assert "Same name, born on the same day" in text

        answer = page.post(self.url, {**TYPED, "somebody_else": str(known.pk)})
        added = Patient.objects.get(mrn="NEW1")
        assert answer["Location"] == f"{reverse('scheduling:operation-request')}?patient={added.pk}"
        pair = DuplicatePair.objects.get()
        assert ({pair.first, pair.second}, pair.distinct_by) == ({known, added}, clerk)

    def test_one_who_was_not_shown_is_asked_about_again(self, page: Client) -> None:
        known = PatientFactory(family_name="Smith", given_name="Ann", date_of_birth=date(1980, 5, 7))
        PatientFactory(family_name="Smith", given_name="Anne", date_of_birth=date(1980, 5, 7))
        assert page.post(self.url, {**TYPED, "somebody_else": str(known.pk)}).status_code == 409

    def test_whose_number_it_is_is_shown_beside_the_error(self, page: Client) -> None:
        known = PatientFactory(mrn="NEW1")
        answer = page.post(self.url, TYPED)
        assert answer.status_code == 422
        assert [one.patient for one in answer.context["doubt"].candidates] == [known]

    def test_nobody_alike_is_added_at_once(self, page: Client) -> None:
        PatientFactory(family_name="Zhang", date_of_birth=date(1980, 5, 7))
        assert page.post(self.url, TYPED).status_code == 302
        assert not DuplicatePair.objects.exists()

    def test_an_emergency_never_waits_for_it(self, clerk: User) -> None:
        add_unknown_patient(actor=clerk, sex="male")
        add_unknown_patient(actor=clerk, sex="male")
        assert Patient.objects.filter(provisional=True).count() == 2


class TestIdentifying:
    def fields(self, **more: str) -> dict[str, str]:
        return {**TYPED, "birth_accuracy": "day", "version": "1", **more}

    def test_in_place(self, page: Client, clerk: User) -> None:
        unknown = add_unknown_patient(actor=clerk, sex="female")
        operation = OperationFactory(patient=unknown)
        url = reverse("scheduling:patient-identify", args=[unknown.pk])
        assert "UNKNOWN – identity not confirmed" in page.get(url).content.decode()

        answer = page.post(url, self.fields())

        assert answer["Location"] == reverse("scheduling:patient", args=[unknown.pk])
        assert list(unknown.operations.all()) == [operation]
        unknown.refresh_from_db()
        assert (unknown.mrn, unknown.provisional) == ("NEW1", False)
        assert page.get(url).status_code == 409

    def test_who_is_on_record_already_leads_to_the_merge(self, page: Client, clerk: User) -> None:
        unknown = add_unknown_patient(actor=clerk, sex="female")
        known = PatientFactory(family_name="Smith", given_name="Ann", date_of_birth=date(1980, 5, 7))
        url = reverse("scheduling:patient-identify", args=[unknown.pk])
        answer = page.post(url, self.fields())
        assert (answer.status_code, compare_url(known, unknown) in answer.content.decode()) == (409, True)
        assert page.post(url, self.fields(somebody_else=str(known.pk))).status_code == 302

    def test_the_search_for_the_existing_record_keeps_that_one(self, page: Client, clerk: User) -> None:
        unknown, known = add_unknown_patient(actor=clerk, sex="female"), PatientFactory(family_name="Smith")
        found = page.post(reverse("scheduling:patient-merge", args=[unknown.pk]), {"text": "smith"})
        assert compare_url(known, unknown) in found.content.decode()

    def test_what_is_wrong(self, page: Client, clerk: User) -> None:
        unknown = add_unknown_patient(actor=clerk, sex="female")
        url = reverse("scheduling:patient-identify", args=[unknown.pk])
        assert page.post(url, self.fields(mrn="")).status_code == 422
        assert page.post(url, self.fields(mrn=unknown.mrn)).status_code == 422
        assert page.post(url, self.fields(version="7")).status_code == 409
