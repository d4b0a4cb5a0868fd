"""Encrypted fields: what the database holds, what is read back, and what can't be asked."""

from typing import Any

import pytest
from auditlog.models import LogEntry
from auditlog.registry import auditlog
from django.apps import apps
from django.core.exceptions import FieldError, ValidationError
from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Upper

from accounts.encryption import LostKeyError, is_current
from accounts.encryption.cipher import DamagedTokenError
from accounts.encryption.fields import BlindIndexField, EncryptedCharField, EncryptedTextField, encrypted_fields
from accounts.roles import Role
from patients.models import Patient
from patients.selectors import find_patients
from scheduling.models import OperationChange
from tests.factories import PatientFactory, UserFactory

pytestmark = pytest.mark.django_db


def stored(patient: Patient, column: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM patients_patient WHERE id = %s", [patient.pk])
        return str(cursor.fetchone()[0])


def store(patient: Patient, column: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE patients_patient SET {column} = %s WHERE id = %s", [value, patient.pk])


def test_the_database_holds_a_token_and_the_model_the_text() -> None:
    patient = PatientFactory(phone="0123 456", email="ben@example.org")

    assert is_current(stored(patient, "phone"))
    assert is_current(stored(patient, "email"))
    patient.refresh_from_db()
    assert (patient.phone, patient.email) == ("0123 456", "ben@example.org")
    assert list(Patient.objects.values_list("phone", flat=True)) == ["0123 456"]


def test_every_way_of_writing_encrypts() -> None:
    (patient,) = Patient.objects.bulk_create([Patient(mrn="A", family_name="B", phone="1")])
    assert is_current(stored(patient, "phone"))
    patient.phone = "2"
    Patient.objects.bulk_update([patient], ["phone"])
    assert is_current(stored(patient, "phone"))
    patient.refresh_from_db()
    assert patient.phone == "2"
    Patient.objects.update(phone="3")
    assert is_current(stored(patient, "phone"))
    patient.refresh_from_db()
    assert patient.phone == "3"


@pytest.mark.parametrize("expression", [F("mrn"), Value("x"), Upper("mrn")])
def test_an_expression_would_be_written_in_clear_and_is_refused(expression: Any) -> None:
    PatientFactory()
    with pytest.raises(FieldError, match="write a text into it"):
        Patient.objects.update(phone=expression)


def test_nothing_written_stays_nothing_and_is_found() -> None:
    without, given = PatientFactory(), PatientFactory(phone="1")

    assert stored(without, "phone") == ""
    assert list(Patient.objects.filter(phone="")) == [without]
    assert list(Patient.objects.exclude(phone="")) == [given]
    assert Patient.objects.filter(phone__isnull=True).count() == 0


@pytest.mark.parametrize(
    "asked", [{"phone": "1"}, {"phone__in": ["1"]}, {"phone__contains": "1"}, {"phone__gt": "1"}, {"phone__iexact": ""}]
)
def test_no_other_question_is_answered(asked: dict[str, Any]) -> None:
    with pytest.raises(FieldError, match="encrypted"):
        Patient.objects.filter(**asked).exists()


@pytest.mark.parametrize("asked", [{"overrides": []}, {"overrides__0__reason": "x"}, {"overrides__contains": "x"}])
def test_nothing_is_asked_of_encrypted_json(asked: dict[str, Any]) -> None:
    with pytest.raises(FieldError, match="encrypted"):
        OperationChange.objects.filter(**asked).exists()


def test_a_text_of_an_older_release_is_still_read() -> None:
    patient = PatientFactory()
    store(patient, "phone", "0123 456")

    patient.refresh_from_db()

    assert patient.phone == "0123 456"


def test_what_looks_like_a_token_is_kept_as_it_was_typed() -> None:
    patient = PatientFactory(phone="v1.a.b.c")
    patient.refresh_from_db()
    assert patient.phone == "v1.a.b.c"


def test_a_token_of_another_column_is_not_read() -> None:
    patient = PatientFactory(phone="1")
    store(patient, "email", stored(patient, "phone"))

    with pytest.raises(DamagedTokenError, match="moved"):
        patient.refresh_from_db()


def test_a_lost_key_is_named(settings: Any) -> None:
    patient = PatientFactory(phone="1")
    settings.FIELD_KEYS = ["other:bmV3LWtleS1mb3Itb25lLW1hY2hpbmUtb25seS0hISE="]

    with pytest.raises(LostKeyError, match="“test” is missing"):
        patient.refresh_from_db()


def test_validation_is_that_of_the_clear_text() -> None:
    with pytest.raises(ValidationError) as caught:
        PatientFactory.build(phone="1" * 33, email="nobody").full_clean()

    assert set(caught.value.message_dict) == {"phone", "email"}


def test_fields_write_themselves_into_migrations() -> None:
    for field in (EncryptedTextField(blank=True), EncryptedCharField(max_length=5), BlindIndexField(source="phone")):
        _, path, args, kwargs = field.deconstruct()
        assert path == f"accounts.encryption.fields.{type(field).__name__}"
        assert type(field)(*args, **kwargs).deconstruct()[1:] == (path, args, kwargs)


def test_a_column_of_tokens_is_neither_unique_nor_indexed() -> None:
    field = EncryptedCharField(max_length=5, unique=True, db_index=True)
    field.set_attributes_from_name("x")
    field.model = Patient
    assert [error.msg for error in field.check() if error.id == "accounts.E001"] == [
        "An encrypted field can't have unique.",
        "An encrypted field can't have db_index.",
    ]


def test_a_national_number_is_found_by_the_whole_of_it() -> None:
    patient = PatientFactory(national_number="943 476 5919")
    PatientFactory(national_number="")
    PatientFactory(national_number="")

    assert is_current(stored(patient, "national_number"))
    clerk = UserFactory(role=Role.BOOKING_CLERK)
    assert [list(find_patients(text, clerk)) for text in ("943-476-5919", "9434765919", " 943 476 5919 ")] == [
        [patient]
    ] * 3
    assert list(find_patients("943 476 591", clerk)) == []
    assert stored(patient, "national_number_index").count("943") < 2


def test_one_number_belongs_to_one_patient() -> None:
    PatientFactory(national_number="943 476 5919")
    with pytest.raises(ValidationError, match="Another patient has this national number"):
        PatientFactory.build(national_number="9434765919").full_clean()


def test_the_index_follows_its_number() -> None:
    patient = PatientFactory(national_number="1234")
    patient.national_number = ""
    patient.save()
    assert list(find_patients("1234", UserFactory(role=Role.BOOKING_CLERK))) == []
    assert stored(patient, "national_number_index") == "None"


def test_the_trail_holds_no_encrypted_text() -> None:
    for model in apps.get_models():
        if auditlog.contains(model):
            left_out = set(auditlog.get_model_fields(model)["exclude_fields"])
            assert {field.name for field in encrypted_fields(model)} <= left_out, model
    patient = PatientFactory(phone="1")
    patient.national_number, patient.phone = "98765", "2"
    patient.save()
    assert not {"phone", "national_number", "national_number_index"} & {
        name for entry in LogEntry.objects.all() for name in entry.changes
    }
