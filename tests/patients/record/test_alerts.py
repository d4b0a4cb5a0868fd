"""What stands beside the name: by the last answer to each question, not by the last form."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from patients.models import Patient, PreoperativeAssessment
from patients.record.alerts import alerts_of
from tests.factories import PatientFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient(db: None) -> Patient:
    return PatientFactory()


def assess(patient: Patient, days_ago: int, **found: Any) -> None:
    day = timezone.localdate() - timedelta(days=days_ago)
    PreoperativeAssessment.objects.create(patient=patient, assessed_on=day, **found)


def test_an_assessment_that_does_not_ask_takes_nothing_back(patient: Patient) -> None:
    assess(patient, 400, pacemaker=True, infection="MRSA")
    assess(patient, 3, asa=2)
    assert alerts_of(patient) == ["Pacemaker or defibrillator", "Infection: MRSA"]


def test_one_that_asks_does(patient: Patient) -> None:
    assess(patient, 400, pacemaker=True, infection="MRSA", pregnancy="yes")
    assess(patient, 3, pacemaker=False, infection="None.", pregnancy="no")
    assert alerts_of(patient) == []


def test_what_was_found_in_error_does_not_count(patient: Patient) -> None:
    assess(patient, 3, pacemaker=True, certainty="error")
    assert alerts_of(patient) == []


@pytest.mark.parametrize(("days", "alerts"), [(10, ["Pregnant"]), (294, ["Pregnant"]), (295, [])])
def test_no_pregnancy_goes_on_for_years(patient: Patient, days: int, alerts: list[str]) -> None:
    assess(patient, days, pregnancy="yes")
    assert alerts_of(patient) == alerts
