"""Who is perhaps on record twice."""

from datetime import date
from typing import Any

import pytest

from accounts.models import User
from patients.merging.finding import find_duplicates, possible_duplicates
from patients.merging.likeness import Person, likeness, plain, similarity, swapped
from patients.merging.pairs import reopen, tell_apart
from patients.models import DuplicatePair, Patient, PatientName
from patients.tasks import find_duplicates as nightly
from tests.factories import PatientFactory, UserFactory
from tests.patients.merging.conftest import Merge

ANN = {"names": (("Smith", "Ann"),), "born": date(1980, 5, 7), "sex": "female"}


def person(**fields: Any) -> Person:
    return Person(**{**ANN, **fields})


@pytest.mark.parametrize(
    ("other", "score", "signs"),
    [
        ({}, 90, ["same_name", "same_birth"]),
        ({"names": (("ŞMITH", "Änn"),)}, 90, ["same_name", "same_birth"]),
        ({"names": (("Ann", "Smith"),)}, 85, ["swapped_name", "same_birth"]),
        ({"names": (("Smyth", "Ann"),)}, 67, ["like_name", "same_birth"]),
        ({"names": (("Jones", "Ann"), ("Smith", "Ann"))}, 90, ["same_name", "same_birth"]),
        ({"born": date(1980, 7, 5)}, 80, ["same_name", "swapped_birth"]),
        ({"born": date(1980, 5, 8)}, 70, ["same_name", "like_birth"]),
        ({"born": date(1980, 1, 1), "accuracy": "year"}, 70, ["same_name", "rough_birth"]),
        ({"born": date(1982, 1, 1), "accuracy": "estimated"}, 70, ["same_name", "rough_birth"]),
        ({"born": date(1981, 1, 1), "accuracy": "year"}, 50, ["same_name"]),
        ({"born": None}, 50, ["same_name"]),
        ({"sex": "male"}, 80, ["same_name", "same_birth", "other_sex"]),
        ({"sex": "unknown"}, 90, ["same_name", "same_birth"]),
        ({"names": (("Smith", "Bob"),), "sex": "male"}, 30, ["same_birth", "other_sex"]),
        ({"names": (("Brown", "Eve"),), "born": None}, 0, []),
    ],
)
def test_what_agrees_and_how_far(other: dict[str, Any], score: int, signs: list[str]) -> None:
    found = likeness(person(), person(**other))
    assert (found.score, list(found.signs)) == (score, signs)
    assert likeness(person(**other), person()) == found


def test_phones_agree_with_and_without_the_country() -> None:
    one, other = person(born=None, phone="+44 20 7946 0958"), person(born=None, phone="020 7946 0958")
    assert (likeness(one, other).score, likeness(one, other).words) == (65, "Same name, same phone")


def test_the_parts() -> None:
    assert [swapped(date(1980, 5, 7)), swapped(date(1980, 5, 5)), swapped(date(1980, 5, 13))] == [
        date(1980, 7, 5),
        None,
        None,
    ]
    assert plain("O’Brien-Núñez") == "o brien nunez"
    assert (similarity("", "a"), similarity("smith ann", "ann smith")) == (0.0, 1.0)


@pytest.mark.django_db
class TestWhileSomebodyIsWrittenDown:
    def found(self, viewer: User, **fields: Any) -> list[tuple[Patient, list[str]]]:
        wanted = Patient(**{"family_name": "Smith", "given_name": "Ann", "date_of_birth": date(1980, 5, 7)} | fields)
        return [(one.patient, list(one.likeness.signs)) for one in possible_duplicates(wanted, viewer)]

    def test_the_likest_come_first(self, clerk: User) -> None:
        same = PatientFactory(family_name="Smith", given_name="Ann", date_of_birth=date(1980, 5, 7))
        turned = PatientFactory(family_name="Smith", given_name="Ann", date_of_birth=date(1980, 7, 5))
        PatientFactory(family_name="Smith", given_name="Ann", date_of_birth=date(1941, 2, 1))
        PatientFactory(family_name="Zhang", given_name="Wei", date_of_birth=date(1980, 5, 7))
        assert self.found(clerk) == [(same, ["same_name", "same_birth"]), (turned, ["same_name", "swapped_birth"])]

    def test_swapped_names_accents_and_typing_errors(self, clerk: User) -> None:
        swap = PatientFactory(family_name="Ann", given_name="Smith", date_of_birth=date(1980, 5, 7))
        typo = PatientFactory(family_name="Smyth", given_name="Ann", date_of_birth=date(1980, 5, 7))
        assert [one for one, _ in self.found(clerk)] == [swap, typo]

    def test_numbers_also_of_merged_records(self, clerk: User, join: Merge) -> None:
        survivor, duplicate = PatientFactory(), PatientFactory(mrn="B2", national_number="401 023 2137")
        join(survivor, duplicate)
        for numbers in ({"mrn": "B2"}, {"mrn": "Q", "national_number": "4010232137"}):
            assert self.found(clerk, family_name="Zhang", given_name="Wei", **numbers) == [(survivor, ["same_number"])]

    def test_the_phone_leads_to_them(self, clerk: User) -> None:
        known = PatientFactory(
            family_name="Smyth", given_name="Ann", date_of_birth=date(1980, 5, 8), phone="+44 20 7946 0958"
        )
        assert self.found(clerk, phone="020 7946 0958") == [(known, ["like_name", "like_birth", "same_phone"])]

    def test_nobody_outside_ones_rights_is_shown(self, clerk: User) -> None:
        PatientFactory(family_name="Smith", given_name="Ann", date_of_birth=date(1980, 5, 7), confidential=True)
        assert self.found(clerk) == []

    def test_one_query_more_for_names_and_numbers_whoever_is_found(
        self, clerk: User, django_assert_num_queries: Any
    ) -> None:
        for _ in range(2):
            PatientFactory(family_name="Smith", given_name="Ann", date_of_birth=date(1980, 5, 7))
            with django_assert_num_queries(8):
                self.found(User.objects.get(pk=clerk.pk))

    def test_nothing_typed_finds_nobody(self, clerk: User) -> None:
        PatientFactory(family_name="", given_name="")
        assert possible_duplicates(Patient(), clerk) == []


@pytest.mark.django_db
class TestTheList:
    def test_pairs_of_all_kinds_are_found_once(self) -> None:
        day = {"date_of_birth": date(1980, 5, 7)}
        one = PatientFactory(family_name="Smith", given_name="Ann", **day)
        two = PatientFactory(family_name="Smyth", given_name="Ann", **day)
        turned = PatientFactory(family_name="Kovács", given_name="Éva", date_of_birth=date(1970, 2, 11))
        other = PatientFactory(family_name="Eva", given_name="Kovacs", date_of_birth=date(1970, 11, 2))
        rough = PatientFactory(family_name="Okafor", given_name="Ada", date_of_birth=date(1960, 1, 1))
        rough.birth_accuracy = "year"
        rough.save()
        exact = PatientFactory(family_name="Okafor", given_name="Adah", date_of_birth=date(1960, 8, 3))
        PatientFactory(family_name="Smith", given_name="Ann", provisional=True, **day)
        PatientFactory(family_name="Zhang", given_name="Wei", **day)

        assert nightly() == 2

        assert {(row.first, row.second): row.score for row in DuplicatePair.objects.all()} == {
            (one, two): 67,
            (turned, other): 75,
        }
        assert (rough.pk < exact.pk, similarity("okafor ada", "okafor adah") >= 0.5) == (True, True)  # 20 and 37: no

    def test_a_former_name_counts(self) -> None:
        day = {"date_of_birth": date(1980, 5, 7)}
        one, two = PatientFactory(family_name="Jones", **day), PatientFactory(family_name="Abara", **day)
        PatientName.objects.create(patient=two, family_name="Jones", given_name="Ben")
        find_duplicates()
        assert [(row.first, row.second, row.score) for row in DuplicatePair.objects.all()] == [(one, two, 90)]

    def test_a_decision_stays_and_can_be_taken_back(self, clerk: User) -> None:
        same = {"family_name": "Smith", "date_of_birth": date(1980, 5, 7)}
        PatientFactory(**same)
        second = PatientFactory(**same)
        assert find_duplicates() == 1
        pair = DuplicatePair.objects.get()

        assert tell_apart(actor=clerk, pair_id=pair.pk).distinct_by == clerk
        assert find_duplicates() == 0
        assert tell_apart(actor=UserFactory(role="coordinator"), pair_id=pair.pk).distinct_by == clerk
        assert reopen(actor=clerk, pair_id=pair.pk).distinct_at is None
        second.family_name = "Zhang"
        second.save()
        assert (find_duplicates(), DuplicatePair.objects.count()) == (0, 0)

    def test_what_was_merged_is_not_proposed(self, join: Merge) -> None:
        same = {"family_name": "Smith", "date_of_birth": date(1980, 5, 7)}
        one, two = PatientFactory(**same), PatientFactory(**same)
        find_duplicates()
        join(one, two)
        assert (DuplicatePair.objects.count(), find_duplicates()) == (0, 0)
