"""Moving everything under a new key: while others write, after a kill, and what is said at the end."""

import base64
import os
import signal
import subprocess
import sys
import threading
import time
from io import StringIO
from typing import Any

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction

from accounts.encryption.moving import decrypt_column, encrypt_column
from accounts.encryption.places import all_places, column, counts_by_key, json_column, renew_all
from patients.models import Patient
from tests.factories import AllergyFactory, OperationFactory, PatientFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "2027:" + base64.b64encode(b"n" * 32).decode()
PHONE = column("patients_patient", "phone")
PLACES = {
    "patients_patient.national_number",
    "patients_patient.phone",
    "patients_patient.email",
    "patients_allergy.reaction",
    "scheduling_operation.notes",
    "scheduling_operationchange.note",
    "scheduling_operationchange.overrides",
    "mfa_authenticator.data.secret",
    "mfa_authenticator.data.seed",
}


def rotate(**options: Any) -> str:
    out = StringIO()
    call_command("rotate_keys", stdout=out, verbosity=0, **options)
    return out.getvalue()


def patients(count: int) -> list[Patient]:
    made = PatientFactory.build_batch(count)
    for number, patient in enumerate(made):
        patient.phone = f"phone {number}"
    return Patient.objects.bulk_create(made)


def test_every_encrypted_place_is_known() -> None:
    assert {f"{place.table}.{place.name}" for place in all_places()} >= PLACES


def test_everything_moves_and_the_old_key_may_go(settings: Any) -> None:
    patient = PatientFactory(phone="1", email="a@example.org", national_number="777")
    allergy = AllergyFactory(patient=patient, reaction="rash")
    operation = OperationFactory(patient=patient, notes="a note")
    operation.changes.update(note="why", overrides=[{"reason": "agreed"}])
    seed = get_adapter().encrypt("SEED")
    factor = Authenticator.objects.create(user=UserFactory(), type="totp", data={"secret": seed, "other": 1})
    settings.FIELD_KEYS = [NEW, *settings.FIELD_KEYS]

    said = rotate(batch=1)

    assert "Nothing is under test." in said
    assert "Everything is under today's key, 2027." in said
    settings.FIELD_KEYS = [NEW]
    for row in (patient, allergy, operation, factor):
        row.refresh_from_db()
    assert (patient.phone, patient.email, patient.national_number) == ("1", "a@example.org", "777")
    assert (allergy.reaction, operation.notes, operation.changes.get().note) == ("rash", "a note", "why")
    assert get_adapter().decrypt(factor.data["secret"]) == "SEED"
    assert factor.data["other"] == 1
    assert operation.changes.get().overrides == [{"reason": "agreed"}]


def test_a_dry_run_counts_and_changes_nothing(settings: Any) -> None:
    patients(3)
    settings.FIELD_KEYS = [NEW, *settings.FIELD_KEYS]

    with pytest.raises(CommandError, match="there is still test"):
        rotate(dry_run=True)

    assert counts_by_key(PHONE) == {"test": 3}


def test_a_lost_key_is_named(settings: Any) -> None:
    patients(1)
    settings.FIELD_KEYS = [NEW]
    with pytest.raises(CommandError, match="FIELD_KEYS lacks test"):
        rotate(dry_run=True)


def test_a_row_in_use_is_left_and_found_on_the_next_walk(settings: Any) -> None:
    first, second = patients(2)
    settings.FIELD_KEYS = [NEW, *settings.FIELD_KEYS]
    locked, done = threading.Event(), threading.Event()

    def edit() -> None:
        with transaction.atomic():
            patient = Patient.objects.select_for_update().get(pk=first.pk)
            locked.set()
            done.wait(20)
            Patient.objects.filter(pk=patient.pk).update(phone="edited")
        connections.close_all()

    editor = threading.Thread(target=edit)
    editor.start()
    assert locked.wait(20)
    assert list(renew_all(PHONE, batch=10)) == [1]
    done.set()
    editor.join()
    rotate()

    assert list(Patient.objects.order_by("pk").values_list("phone", flat=True)) == ["edited", second.phone]


def test_what_is_written_meanwhile_is_not_lost(settings: Any) -> None:
    made = patients(200)
    settings.FIELD_KEYS = [NEW, *settings.FIELD_KEYS]
    stop = threading.Event()
    written: dict[int, str] = {}

    def edit() -> None:
        turn = 0
        while not stop.is_set():
            patient = made[turn % len(made)]
            written[patient.pk] = f"edited {turn}"
            Patient.objects.filter(pk=patient.pk).update(phone=written[patient.pk])
            turn += 1
        connections.close_all()

    editor = threading.Thread(target=edit)
    editor.start()
    while len(written) < 3:
        time.sleep(0.01)
    rotate(batch=3)
    stop.set()
    editor.join()

    expected = {patient.pk: patient.phone for patient in made} | written
    assert dict(Patient.objects.values_list("pk", "phone")) == expected
    assert counts_by_key(PHONE) == {"2027": 200}


def test_killed_in_the_middle_it_goes_on_where_it_was(settings: Any) -> None:
    made = patients(3000)
    old = settings.FIELD_KEYS[0]
    settings.FIELD_KEYS = [NEW, old]
    name = connection.settings_dict["NAME"]
    code = (
        "import django; from django.conf import settings; django.setup();"
        f"settings.DATABASES['default']['NAME'] = {name!r}; settings.FIELD_KEYS = {[NEW, old]!r};"
        "from accounts.encryption.places import column, renew_all;"
        "list(renew_all(column('patients_patient', 'phone'), batch=1))"
    )
    worker = subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"DJANGO_SETTINGS_MODULE": SETTINGS})
    until = time.monotonic() + 60
    while counts_by_key(PHONE).get("2027", 0) < 50 and worker.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    found = counts_by_key(PHONE)
    assert found["2027"] >= 50
    assert found["test"] > 0

    rotate()

    assert counts_by_key(PHONE) == {"2027": 3000}
    assert dict(Patient.objects.values_list("pk", "phone")) == {patient.pk: patient.phone for patient in made}


SETTINGS = "hospital.settings.test"


def test_json_in_clear_is_encrypted_and_back() -> None:
    place = json_column("scheduling_operationchange", "overrides")
    changes = [OperationFactory().changes.get(), OperationFactory().changes.get()]
    with connection.cursor() as cursor:
        cursor.execute(
            'UPDATE scheduling_operationchange SET overrides = \'[{"reason": "x"}]\' WHERE id = %s', [changes[0].pk]
        )
    assert counts_by_key(place) == {"(clear)": 1}

    encrypt_column(place)
    assert counts_by_key(place) == {"test": 1}
    changes[0].refresh_from_db()
    assert (changes[0].overrides, changes[1].overrides) == ([{"reason": "x"}], [])

    decrypt_column(place)
    with connection.cursor() as cursor:
        cursor.execute("SELECT overrides::text FROM scheduling_operationchange ORDER BY id")
        assert cursor.fetchall() == [('[{"reason": "x"}]',), ("[]",)]


def test_a_column_in_clear_is_encrypted_and_back() -> None:
    patient = PatientFactory()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE patients_patient SET phone = '0123'")
    assert counts_by_key(PHONE) == {"(clear)": 1}

    encrypt_column(PHONE)
    assert counts_by_key(PHONE) == {"test": 1}
    patient.refresh_from_db()
    assert patient.phone == "0123"

    decrypt_column(PHONE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone FROM patients_patient")
        assert cursor.fetchall() == [("0123",)]
