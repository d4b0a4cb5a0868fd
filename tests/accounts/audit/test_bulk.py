"""Rows written many at a time leave the same trail as rows that are saved one by one."""

from copy import copy
from typing import Any

import pytest
from auditlog.context import set_actor
from auditlog.models import LogEntry

from accounts.audit.bulk import Changed, create_trailed, update_trailed, write_trail
from patients.models import Condition, Patient
from tests.factories import PatientFactory, UserFactory

pytestmark = pytest.mark.django_db


def entries(row: Any) -> list[tuple[Any, ...]]:
    """Return what the trail says of a row, but for its numbers and how it names rows that lead here."""
    found = LogEntry.objects.filter(object_pk=str(row.pk), content_type__model=row._meta.model_name).order_by("pk")
    plain = {field.name for field in row._meta.concrete_fields} - {"id", "mrn", "recorded_at", "version"}
    return [
        (e.action, e.actor_id, {k: v for k, v in e.changes.items() if k in plain}, e.object_id == row.pk, e.cid)
        for e in found
    ]


def test_rows_that_are_made_and_changed():
    actor = UserFactory()
    with set_actor(actor):
        one = Patient.objects.create(mrn="1", family_name="Baker", given_name="Ann")
        other = Patient(mrn="2", family_name="Baker", given_name="Ann")
        write_trail(create_trailed([other]))
        before = copy(other)
        one.given_name = other.given_name = "Bo"
        one.phone = other.phone = "123"
        one.save(update_fields=["given_name", "phone"])
        write_trail(update_trailed([Changed(before, other, ["given_name", "phone"])]))
    assert entries(other) == entries(one)
    assert [entry[:2] for entry in entries(other)] == [(0, actor.pk), (1, actor.pk)]
    other.refresh_from_db()
    assert (other.given_name, other.phone) == ("Bo", "123")


def test_what_is_encrypted_stays_out_of_the_trail_and_is_encrypted():
    patient = PatientFactory()
    row = Condition(patient=patient, text="Asthma", code="195967001")
    write_trail(create_trailed([row]))
    (entry,) = LogEntry.objects.filter(content_type__model="condition")
    assert {"text", "code"} & entry.changes.keys() == set()
    assert "Asthma" not in str(entry.changes)
    raw = Condition.objects.raw("SELECT id, text AS stored FROM patients_condition")[0]
    assert raw.stored.startswith("v1.")
    assert Condition.objects.get().text == "Asthma"


def test_nothing_to_write(django_assert_num_queries: Any):
    with django_assert_num_queries(0):
        write_trail(create_trailed([]))
        write_trail(update_trailed([]))
