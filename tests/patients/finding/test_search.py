"""Who is found, in which order, and by whom."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from guardian.shortcuts import assign_perm

from accounts.models import User
from accounts.roles import Role
from patients.finding import search
from patients.finding.search import Findings, find
from patients.models import IdentifierSystem, Patient, PatientBlock, PatientIdentifier, PatientName
from patients.permissions import CARE_TEAM
from patients.selectors import find_patients
from scheduling.models import Operation
from tests.factories import (
    OperationFactory,
    PatientFactory,
    SiteFactory,
    SpecialtyFactory,
    StaffMemberFactory,
    UserFactory,
)
from tests.scheduling.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    return World.make()


@pytest.fixture
def clerk() -> User:
    return UserFactory(role="booking_clerk")


def person(family: str, given: str = "", born: date | None = None, **more: object) -> Patient:
    return PatientFactory(family_name=family, given_name=given, date_of_birth=born, **more)


def names(found: Findings) -> list[str]:
    return [patient.display_name for patient in found.patients]


@pytest.mark.parametrize(
    "text",
    [
        *("rx4711", "RX47", "rx-4711", "MÜLLER, Zoë", "zoe muller", "mull", "zo m", "mulelr", "zoey mullre"),
        *("5/3/1980", "05.03.80", "1980-03-05", "5 Mar 1980", "5 March 1980", "3/5/1980", "05031980"),
        *("muller 1980", "zoe mueller 5.3.80", "muller march 1980", "muller 3/5/80", "muller rx4"),
        *("07911 123456", "+44 7911 123456", "7911123456", "0044 7911-123456", "muller 07911123456"),
        *("943 476 5919", "9434765919", "K-99 17", "k9917", "birch", "z birch", "van den berg", "vandenberg"),
        *("muller\0", "  müller ,,", "MULLER (zoe)", "\u202emuller"),
    ],
)
def test_each_form_finds_the_patient(text: str, clerk: User) -> None:
    patient = person(
        *("Müller", "Zoë", date(1980, 3, 5)), mrn="RX4711", phone="+44 7911 123456", national_number="943-476-5919"
    )
    PatientName.objects.create(patient=patient, family_name="Birch", given_name="Zoë")
    PatientName.objects.create(patient=patient, family_name="van den Berg")
    system = IdentifierSystem.objects.create(uri="http://example.org/k", name="Clinic")
    PatientIdentifier.objects.create(patient=patient, system=system, value="K99/17")
    person("Doe", "John", date(1950, 1, 1), mrn="AB1", phone="0123 555 777")

    assert find(text, clerk).patients == [patient]
    assert list(find_patients(text, clerk)) == [patient]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "a",
            ",,,",
            "%",
            "%%",
            "__",
            "\\",
            "'; DROP TABLE",
            "\0\0",
            "😀😀",
            "x" * 300,
            "smith jones",
            "1981 smith",
        ),
        *("smith 5/3/81", "smith rx9", "07911 123457", "23456", "943 476 591", "شمس", "🇬🇧 flag", "\u202ehtims"),
    ],
)
def test_nobody_is_found(text: str, clerk: User) -> None:
    person("Smith", "Ann", date(1980, 3, 5), mrn="RX1", phone="07911 123456", national_number="943-476-5919")
    assert find(text, clerk).patients == []
    assert list(find_patients(text, clerk)) == []


def test_exact_before_beginnings_before_typing_errors(clerk: User) -> None:
    for number, (family, given) in enumerate(
        (("Smyth", "Ann"), ("Smithson", "Ann"), ("Smith", "Annabel"), ("Smith", "Ann"))
    ):
        person(family, given, mrn=f"M{number}")
    assert names(find("ann smith", clerk)) == ["SMITH, Ann", "SMITH, Annabel", "SMITHSON, Ann"]  # it fits as it is
    assert names(find("smith", clerk)) == ["SMITH, Ann", "SMITH, Annabel", "SMITHSON, Ann", "SMYTH, Ann"]
    assert find("ann smtih", clerk).by_spelling
    assert not find("ann smith", clerk).by_spelling


@pytest.mark.parametrize("text", ["x-1", "X-12", "x-12/7", "x127", "ash x1", "ash x-127"])
def test_an_mrn_with_signs(text: str, clerk: User) -> None:
    patient = person("Ash", mrn="X-12/7")
    person("Birch", mrn="Y-12/7")
    expected = [] if text == "x127" else [patient]  # signs of the MRN are no signs of the typist
    assert find(text, clerk).patients == expected


def test_the_whole_number_comes_first(clerk: User) -> None:
    longer, whole = person("Ash", mrn="RX47112"), person("Birch", mrn="RX4711")
    assert find("rx4711", clerk).patients == [whole, longer]


def test_the_sites_reading_of_a_date_comes_first(clerk: User) -> None:
    may, march = person("Ash", born=date(1980, 5, 3)), person("Birch", born=date(1980, 3, 5))
    assert find("5/3/1980", clerk).patients == [march, may]


def test_of_equals_those_with_an_operation_to_come_go_first(clerk: User) -> None:
    person("Smith", "Ann")
    OperationFactory(patient=person("Smith", "Ben"), status="cancelled")
    coming = OperationFactory(patient=person("Smith", "Zoe")).patient
    assert names(find("smith", clerk)) == ["SMITH, Zoe", "SMITH, Ann", "SMITH, Ben"]
    assert find("smith", clerk).patients[0] == coming


def test_of_very_many_those_with_an_operation_to_come_go_first(clerk: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "CHUNKS", (3, 4, 5))
    for given in "abcdefghij":
        person("Smith", given)
    OperationFactory(patient=person("Smith", "z"))
    assert names(find("smith", clerk, most=3)) == ["SMITH, z", "SMITH, a", "SMITH, b"]
    assert len(find("smith", clerk).patients) == 11


def test_more_are_said_to_be_there(clerk: User) -> None:
    PatientFactory.create_batch(4, family_name="Same")
    assert [(len(found.rows), found.more) for found in (find("same", clerk, most=3), find("same", clerk, most=4))] == [
        (3, True),
        (4, False),
    ]


@pytest.mark.parametrize(
    ("accuracy", "born", "found"),
    [
        ("year", date(1980, 1, 1), 1),
        ("estimated", date(1980, 1, 1), 1),
        ("month", date(1980, 3, 1), 1),
        ("day", date(1980, 1, 1), 0),
        ("day", date(1980, 3, 1), 0),
        ("month", date(1980, 1, 1), 0),
    ],
)
def test_a_date_known_in_part_is_met_by_the_whole(accuracy: str, born: date, found: int, clerk: User) -> None:
    person("Smith", "Ann", born, birth_accuracy=accuracy)
    assert len(find("smith 5.3.1980", clerk).patients) == found
    assert find_patients("smith 5.3.1980", clerk).count() == found


def test_another_name_is_said(clerk: User) -> None:
    patient = person("Smith", "Ann")
    PatientName.objects.create(patient=patient, use="maiden", family_name="Birch", given_name="Ann")
    PatientName.objects.create(patient=patient, use="former", family_name="Cole")
    said = {text: find(text, clerk).rows[0].formerly for text in ("ann smith", "birch", "ann cole", "smith")}
    assert said == {"ann smith": "", "birch": "born BIRCH, Ann", "ann cole": "formerly COLE", "smith": ""}


def test_people_of_one_name_are_marked(clerk: User) -> None:
    for family, given in (("Smith", "Zoë"), ("SMITH", "Zoe"), ("Smith", "Ann")):
        person(family, given)
    assert [(row.patient.given_name, row.same_name) for row in find("smith", clerk).rows] == [
        ("Ann", False),
        ("Zoë", True),
        ("Zoe", True),
    ]


def test_the_end_of_a_phone_is_not_enough_of_one(clerk: User) -> None:
    person("Ash", phone="+44 7911 123456")
    other = person("Birch", phone="020 1112 3456")
    assert find("020 11123456", clerk).patients == [other]


def soon(operation: Operation, days: int) -> None:
    """Put the operation within the days that a ward sees."""
    at = timezone.now() + timedelta(days=days)
    Operation.objects.filter(pk=operation.pk).update(period=(at, at + timedelta(hours=1)))


EVERYBODY = ["coming", "none", "past"]
FOUND = {
    "coordinator": ["coming", "confidential", "none", "past"],
    "booking_clerk": EVERYBODY,
    "anaesthetist": EVERYBODY,
    "theatre_nurse": EVERYBODY,
    "integration": EVERYBODY,
    "ward_nurse": ["coming"],
}
"""Of whom a role may see: somebody without operations, with a coming one, with a past one, and confidential."""


@pytest.mark.parametrize("role", [*Role])
def test_each_role_finds_whom_it_may_see(role: str, world: World) -> None:
    kinds = {name: person("Smith", name) for name in ("none", "coming", "past", "confidential")}
    soon(world.booked(world.at(10), patient=kinds["coming"]), 1)
    soon(world.booked(world.at(14), patient=kinds["confidential"]), 2)
    OperationFactory(patient=kinds["past"], status="cancelled")
    Patient.objects.filter(pk=kinds["confidential"].pk).update(confidential=True)
    user = UserFactory(role=role)
    visible = set(Patient.objects.filter(family_name="Smith").visible_to(user))

    found = find("smith", user).patients
    assert set(found) == visible == set(find_patients("smith", user))
    assert sorted(patient.given_name for patient in find("smiht", user).patients) == FOUND.get(role, [])
    for text in (kinds["coming"].mrn, "smith co"):
        assert (kinds["coming"] in find(text, user).patients) is (kinds["coming"] in visible)


def test_a_surgeon_finds_own_and_specialtys_patients_a_blocked_colleague_nobody(world: World) -> None:
    surgeon, elsewhere = UserFactory(role="surgeon"), UserFactory(role="surgeon")
    member = StaffMemberFactory(user=surgeon)
    own = OperationFactory(patient=person("Smith", "own"), lead_surgeon=member).patient
    asked = OperationFactory(patient=person("Smith", "asked"), actor=surgeon).patient
    team = person("Smith", "team")
    assign_perm(CARE_TEAM, elsewhere, team)
    specialty = SpecialtyFactory()
    member.specialties.add(specialty)
    theirs = OperationFactory(patient=person("Smith", "theirs"), specialty=specialty).patient
    assert set(find("smith", surgeon).patients) == {own, asked, theirs}
    assert find("smith", elsewhere).patients == [team]
    PatientBlock.objects.create(patient=own, user=surgeon)
    assert set(find("smith", surgeon).patients) == {asked, theirs}


def test_roles_limited_to_a_place_find_its_patients(world: World) -> None:
    here, there = SiteFactory(), SiteFactory()
    type(world.one).objects.filter(pk=world.one.pk).update(site=here)
    operation = world.booked(world.at(10), patient=person("Smith", "here"))
    soon(operation, 1)
    patient = operation.patient
    found = [
        find("smith", UserFactory(role=role, role__sites=[site])).patients
        for role in ("coordinator", "ward_nurse")
        for site in (here, there)
    ]
    assert found == [[patient], [], [patient], []]


def test_who_sees_few_of_many_finds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "CHUNKS", (2, 3, 4))
    monkeypatch.setattr(search, "FEW", 1)
    surgeon = UserFactory(role="surgeon")
    member = StaffMemberFactory(user=surgeon)
    patients = [person("Smith", chr(97 + at)) for at in range(20)]
    own = [OperationFactory(patient=patients[at], lead_surgeon=member).patient for at in (11, 19)]
    assert find("smith", surgeon).patients == own


def queries(text: str, user: User) -> int:
    with CaptureQueriesContext(connection) as captured:
        find(text, user)
    return len(captured)


@pytest.mark.parametrize(
    "text", ["smith", "ann smith", "smi", "smiht", "rx", "rx1", "5/3/1980", "smith 1980", "07911 123456"]
)
def test_three_results_take_the_queries_of_two(text: str, clerk: User) -> None:
    """One result alone needs no order among equals, which is a query less."""
    for number in (1, 2):
        person("Smith", "Ann", date(1980, 3, 5), mrn=f"RX1{number}", phone="07911 123456")
    queries(text, clerk)
    two = queries(text, clerk)
    person("Smith", "Ann", date(1980, 3, 5), mrn="RX13", phone="07911 123456")
    assert queries(text, clerk) == two


def test_an_operation_of_yesterday_is_over(clerk: User, world: World) -> None:
    world.booked(world.at(10), patient=person("Smith", "Zoe"))
    person("Smith", "Ann")
    assert names(find("smith", clerk)) == ["SMITH, Zoe", "SMITH, Ann"]
    Patient.objects.get(given_name="Zoe").operations.update(
        period=(timezone.now() - timedelta(days=3), timezone.now() - timedelta(days=2))
    )
    assert names(find("smith", clerk)) == ["SMITH, Ann", "SMITH, Zoe"]
