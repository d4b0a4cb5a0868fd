"""The index follows every writer, and nobody waits for anybody because of it."""

import threading
from datetime import date
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection, connections, transaction

from patients.finding.search import find
from patients.models import NameWord, Patient, PatientName, phone_index
from tests.factories import PatientFactory, UserFactory

migration = import_module("patients.migrations.0010_finding")


def words(patient: Patient) -> list[str]:
    return sorted(NameWord.objects.filter(patient=patient.pk).values_list("word", flat=True))


@pytest.mark.django_db
def test_names_are_entered_changed_and_taken_out() -> None:
    patient = PatientFactory(family_name="van den Berg", given_name="Zoë")
    assert words(patient) == ["berg", "den", "van", "vandenberg", "zoe"]
    Patient.objects.filter(pk=patient.pk).update(family_name="Løve", date_of_birth=date(1999, 1, 1))
    assert words(patient) == ["love", "zoe"]
    assert {entry.born for entry in NameWord.objects.all()} == {date(1999, 1, 1)}
    name = PatientName.objects.create(patient=patient, family_name="Birch", given_name="Zoë")
    assert words(patient) == ["birch", "love", "zoe"]
    name.family_name = "Ash"
    name.save()
    assert words(patient) == ["ash", "love", "zoe"]
    name.delete()
    assert words(patient) == ["love", "zoe"]
    patient.delete()
    assert NameWord.objects.count() == 0


@pytest.mark.django_db
def test_a_name_moved_to_another_patient_moves_its_words() -> None:
    one, other = PatientFactory(family_name="Ash", given_name=""), PatientFactory(family_name="Birch", given_name="")
    name = PatientName.objects.create(patient=one, family_name="Cole")
    PatientName.objects.filter(pk=name.pk).update(patient=other)
    assert (words(one), words(other)) == (["ash"], ["birch", "cole"])


@pytest.mark.django_db
def test_writers_in_bulk_and_in_sql_are_followed() -> None:
    Patient.objects.bulk_create([Patient(mrn=f"B{n}", family_name=f"Bulk{'ab'[n]}") for n in range(2)])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO patients_patient (mrn, family_name, given_name, sex, phone, email, language, allergy_status) "
            "VALUES ('R1', 'Raw', 'Row', 'unknown', '', '', 'en', 'not_recorded')"
        )
    assert sorted(NameWord.objects.values_list("word", flat=True)) == ["bulka", "bulkb", "raw", "row"]


@pytest.mark.django_db
def test_the_longest_names_fit_into_the_index() -> None:
    patient = PatientFactory(family_name="\ufdfa" * 100, given_name="李 " * 50)
    for _ in range(10):
        PatientName.objects.create(patient=patient, family_name="李" * 100, given_name="𠮷" * 100)
    assert max(len(word) for word in words(patient)) == 64


@pytest.mark.django_db
def test_the_phones_index_is_written_with_the_phone() -> None:
    patient = PatientFactory()
    patient.phone = "07911 123456"
    patient.save(update_fields=["phone"])
    patient.refresh_from_db()
    assert patient.phone_index == phone_index("+44 7911 123456") is not None
    patient.phone = "12345"
    patient.save()
    patient.refresh_from_db()
    assert patient.phone_index is None


@pytest.mark.django_db(transaction=True)
def test_patients_from_before_are_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration, "BATCH", 2)
    patients = PatientFactory.create_batch(5, family_name="Ash", phone="07911 123456")
    Patient.objects.update(phone_index=None)
    NameWord.objects.exclude(patient=patients[2].pk).delete()
    for _ in range(2):
        migration.enter_names(apps, None)
        migration.enter_phones(apps, None)
        assert [words(patient) for patient in patients] == [["ash", "ben"]] * 5
        assert list(Patient.objects.values_list("phone_index", flat=True)) == [phone_index("07911123456")] * 5


@pytest.mark.django_db(transaction=True)
def test_writers_of_the_same_new_words_in_other_orders_do_not_wait_for_each_other() -> None:
    both = threading.Barrier(2, timeout=20)
    failed: list[Exception] = []

    def write(names: list[str], at: int) -> None:
        try:
            with transaction.atomic():
                for name in names:
                    PatientFactory(family_name=name, given_name="", mrn=f"{name}{at}")
                    both.wait()  # each has written before either goes on: a lock between them would never open
        except Exception as error:  # noqa: BLE001  # told by the test
            failed.append(error)
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=write, args=(names, at))
        for at, names in enumerate((["Alder", "Birch"], ["Birch", "Alder"]))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == []
    assert sorted(NameWord.objects.values_list("word", flat=True)) == ["alder"] * 2 + ["birch"] * 2


@pytest.mark.django_db(transaction=True)
def test_a_name_and_a_former_name_written_at_once_are_both_found() -> None:
    patient = PatientFactory(family_name="Ash", given_name="")
    written, failed = threading.Event(), []

    def add_former() -> None:
        try:
            written.wait(20)
            PatientName.objects.create(patient=patient, family_name="Birch")
        except Exception as error:  # noqa: BLE001
            failed.append(error)
        finally:
            connections.close_all()

    other = threading.Thread(target=add_former)
    other.start()
    with transaction.atomic():
        Patient.objects.filter(pk=patient.pk).update(family_name="Cole")
        written.set()
        other.join(0.5)  # it waits for this transaction
    other.join(30)
    assert (failed, words(patient)) == ([], ["birch", "cole"])
    clerk = UserFactory(role="booking_clerk")
    assert [find(text, clerk).patients for text in ("cole", "birch", "ash")] == [[patient], [patient], []]
