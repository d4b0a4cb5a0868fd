"""What a card shows at once, and what it folds away."""

from datetime import date

import pytest

from patients.models import Condition, PastProcedure, Patient
from patients.record.cards import Card, card_of
from patients.record.parts import PARTS
from tests.factories import PatientFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient(db: None) -> Patient:
    return PatientFactory()


def card(slug: str, patient: Patient) -> Card:
    return card_of(PARTS[slug], patient, UserFactory(role="theatre_nurse"))


def test_an_operation_that_went_badly_is_never_folded_away(patient: Patient) -> None:
    PastProcedure.objects.create(patient=patient, text="Tonsillectomy", complications="Malignant hyperthermia")
    for year in range(1990, 2005):
        PastProcedure.objects.create(patient=patient, text=str(year), performed_on=date(year, 1, 1))
    shown = card("procedures", patient)
    newest = [str(year) for year in range(2004, 1996, -1)]
    assert [row.text for row in shown.current] == [*newest, "Tonsillectomy"]
    assert [row.text for row in shown.past] == [str(year) for year in range(1996, 1989, -1)]


def test_a_long_list_is_drawn_in_part(patient: Patient) -> None:
    for course, rows in (("active", 60), ("resolved", 30)):
        Condition.objects.bulk_create([Condition(patient=patient, text="Cold", course=course) for _ in range(rows)])
    shown = card("conditions", patient)
    assert (len(shown.drawn), len(shown.drawn_past), shown.left_out) == (50, 20, 20)
    assert (len(shown.current), len(shown.past)) == (60, 30)
    shown.whole = True
    assert (len(shown.drawn), len(shown.drawn_past), shown.left_out) == (60, 30, 0)
