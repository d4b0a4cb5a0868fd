"""Nothing that leads to a patient is forgotten: neither by a copy of the record nor by its erasure."""

import pytest

from messaging.models import Notice
from patients.rights.holdings import holdings
from scheduling.models import Operation
from tests.patients.rights.whole_patient import is_text, leading_to_patients, whole_patient

HELD = {one.model: one for one in holdings()}
JOINS = {
    Operation.features.through: "The export names an operation's features with the operation.",
    Notice: "For staff alone: a message to a patient never stands behind the bell.",
}
"""Tables between two others, and where the export has what they say; and what only seems to lead to patients."""


def test_every_model_that_leads_to_a_patient_is_named() -> None:
    assert {model._meta.label for model in leading_to_patients()} == {model._meta.label for model in (*HELD, *JOINS)}


@pytest.mark.parametrize("held", HELD.values(), ids=lambda one: one.name)
def test_every_field_is_given_or_withheld_with_a_reason(held) -> None:
    names = [field.name for field in held.fields()]
    assert sorted([*held.given, *held.withheld]) == sorted(names)
    assert all(len(reason) > 10 for reason in held.withheld.values())


@pytest.mark.parametrize("held", HELD.values(), ids=lambda one: one.name)
def test_erasure_says_of_every_text_what_becomes_of_it(held) -> None:
    texts = {field.name for field in held.fields() if is_text(field)}
    assert texts - held.left.keys() - held.stays.keys() == (texts if held.goes else set())
    assert held.left.keys() | held.stays.keys() <= {field.name for field in held.fields()}


@pytest.mark.django_db
def test_the_tests_patient_has_something_in_every_table() -> None:
    patient = whole_patient()
    assert [one.name for one in holdings() if not one.rows(patient.pk).exists()] == []
