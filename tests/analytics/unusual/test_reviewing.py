"""The queue of what stood out: filled once, reviewed once, and never by the person concerned."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from analytics.models import UnusualAccess
from analytics.tasks import find_unusual_access
from analytics.unusual.services import find_unusual, review_unusual
from tests.analytics.unusual.test_rules import DAY, at, patient, saw
from tests.factories import UserFactory
from tests.scheduling.views.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer() -> User:
    return UserFactory(role="privacy_officer")


@pytest.fixture
def nurse() -> User:
    return UserFactory(given_name="Nia", family_name="Nurse", role="ward_nurse")


def row(actor: User, **fields: Any) -> UnusualAccess:
    values = {"rule": "volume", "day": DAY, "evidence": "60 records opened.", **fields}
    return UnusualAccess.objects.create(actor=actor, **values)


def test_looking_twice_adds_nothing(nurse: User) -> None:
    saw(nurse, patient(confidential=True))
    assert find_unusual(DAY) == 2  # nor does the patient have an operation
    assert find_unusual(DAY) == 0
    assert set(UnusualAccess.objects.values_list("rule", "outcome")) == {("confidential", ""), ("no_appointment", "")}


def test_the_night_looks_at_yesterday(nurse: User) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    saw(nurse, patient(confidential=True), when=at("12:00", yesterday))
    assert find_unusual_access() == 2
    assert find_unusual_access() == 0


def test_nights_that_were_missed_are_made_up_for(nurse: User) -> None:
    record, today = patient(confidential=True), timezone.localdate()
    for days in (2, 7, 8):
        saw(nurse, record, when=at("12:00", today - timedelta(days=days)))
    assert find_unusual_access() == 4
    assert {(today - row.day).days for row in UnusualAccess.objects.all()} == {2, 7}


def test_the_command() -> None:
    said = StringIO()
    call_command("find_unusual_access", "--day", str(DAY), stdout=said)
    assert said.getvalue() == f"{DAY}: 0 new rows.\n"
    for day, words in (("x", "is no day"), (str(timezone.localdate() + timedelta(days=1)), "has not come yet")):
        with pytest.raises(CommandError, match=words):
            call_command("find_unusual_access", "--day", day)


def test_one_outcome_for_many(officer: User, nurse: User) -> None:
    rows = [row(nurse), row(UserFactory())]
    count = review_unusual(actor=officer, numbers=[one.pk for one in rows], outcome="justified", note=" on call ")
    assert count == 2
    one = UnusualAccess.objects.get(pk=rows[0].pk)
    assert (one.outcome, one.note, one.reviewed_by, one.reviewed_at is None) == (
        "justified",
        "on call",
        officer,
        False,
    )


def test_all_or_none(officer: User, nurse: User) -> None:
    done, left = row(nurse), row(UserFactory())
    review_unusual(actor=officer, numbers=[done.pk], outcome="justified")
    for numbers in ([done.pk, left.pk], [left.pk, 10**9], []):
        with pytest.raises(ValidationError):
            review_unusual(actor=officer, numbers=numbers, outcome="justified")
    with pytest.raises(ValidationError, match="Choose"):
        review_unusual(actor=officer, numbers=[left.pk], outcome="")
    left.refresh_from_db()
    assert left.outcome == ""


def test_nobody_reviews_themselves(officer: User) -> None:
    own = row(officer)
    with pytest.raises(ValidationError, match="somebody else"):
        review_unusual(actor=officer, numbers=[own.pk], outcome="justified")
    with pytest.raises(IntegrityError), transaction.atomic():
        UnusualAccess.objects.filter(pk=own.pk).update(outcome="justified", reviewed_by=officer)


def test_only_reviewers_do(nurse: User) -> None:
    with pytest.raises(PermissionDenied):
        review_unusual(actor=nurse, numbers=[row(UserFactory()).pk], outcome="justified")


def test_the_page_shows_what_is_open_and_records(officer: User, nurse: User) -> None:
    one, own = row(nurse), row(officer)
    client = client_of(officer)
    text = client.get("/reviews/unusual/").content.decode()
    assert "Nia Nurse" in text
    assert "60 records opened." in text
    assert f'value="{one.pk}"' in text
    assert f'value="{own.pk}"' not in text

    answer = client.post("/reviews/unusual/record/", {"row": [one.pk], "outcome": "follow_up", "note": "asked"})
    assert (answer.status_code, answer["Location"]) == (302, "/reviews/unusual/")
    text = client.get("/reviews/unusual/").content.decode()
    assert "Recorded for 1 row." in text
    assert "Nia Nurse" not in text
    assert "asked" in client.get("/reviews/unusual/?state=done").content.decode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"outcome": "justified"}, "Tick at least one row"),
        ({"row": ["x"], "outcome": "justified"}, "x is not one of the available choices"),
        ({"row": ["9" * 30], "outcome": "justified"}, "is not one of the available choices"),
        ({"row": ["999"], "outcome": "justified"}, "Nothing was recorded"),
    ],
)
def test_what_is_wrong_is_said_and_ticks_stay(officer: User, nurse: User, data: dict[str, Any], words: str) -> None:
    row(nurse)
    answer = client_of(officer).post("/reviews/unusual/record/", data)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_filters(officer: User, nurse: User) -> None:
    row(nurse)
    client = client_of(officer)
    assert "Nia Nurse" in client.get("/reviews/unusual/?rule=volume").content.decode()
    assert "Nia Nurse" not in client.get("/reviews/unusual/?rule=confidential").content.decode()
    assert "Nia Nurse" in client.get("/reviews/unusual/?rule=x&state=x&page=x").content.decode()


def test_the_menu_counts_both_kinds(officer: User, nurse: User) -> None:
    row(nurse)
    assert '<span class="count">1<' in client_of(officer).get("/").content.decode()


def test_three_rows_take_as_many_queries_as_one(officer: User, django_assert_num_queries: Any) -> None:
    client = client_of(officer)
    row(UserFactory())
    client.get("/reviews/unusual/")
    with django_assert_num_queries(6):
        client.get("/reviews/unusual/")
    for _ in range(2):
        row(UserFactory())
    with django_assert_num_queries(6):
        client.get("/reviews/unusual/")


def test_several_rows_at_once_need_a_note(officer: User) -> None:
    rows = [row(UserFactory()), row(UserFactory())]
    with pytest.raises(ValidationError, match="all 2 rows"):
        review_unusual(actor=officer, numbers=[one.pk for one in rows], outcome="justified", note="  ")
    assert UnusualAccess.objects.exclude(outcome="").count() == 0
