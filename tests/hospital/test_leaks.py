"""Marked values of a patient go through a whole journey, and are looked for wherever they do not belong."""

import inspect
import json
import logging
import subprocess
from datetime import timedelta
from typing import Any

import pytest
import redis
from auditlog.models import LogEntry
from celery import current_app
from django.conf import settings
from django.contrib.admin.models import LogEntry as AdminLogEntry
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from hospital.backups.programs import command_for
from patients.models import Allergy, Patient
from scheduling.models import Operation, OperationChange
from tests.factories import CancellationReasonFactory, OperationFactory, UserFactory
from tests.hospital.leaks import IN_CLEAR, MARKED, SEALED, Watcher, leaks, values_in_redis
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World


class Journey:
    """Somebody who books an operation for the marked patient, and meets every kind of refusal."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.world = World.make()
        self.client = client_of(self.world.coordinator)
        self.client.raise_request_exception = False
        self.statuses: list[int] = []

    def get(self, url: str, **data: Any) -> HttpResponse:
        return self._note(self.client.get(url, data))

    def post(self, url: str, client: Client | None = None, **data: Any) -> HttpResponse:
        return self._note((client or self.client).post(url, data))

    def _note(self, response: HttpResponse) -> HttpResponse:
        self.statuses.append(response.status_code)
        return self.watcher.answer(response)

    def add_patient(self) -> Patient:
        fields = {
            name: MARKED[name] for name in ("mrn", "family_name", "given_name", "national_number", "phone", "email")
        }
        fields |= {"date_of_birth": "1931-02-03", "sex": "female", "allergies": MARKED["substance"]}
        self.post("/patients/new/", **fields)
        self.post("/patients/new/", **fields)  # once more: refused, and what was typed stands in the form
        patient = Patient.objects.get()
        Allergy.objects.update(reaction="")
        self.post("/patients/new/", **(fields | {"date_of_birth": "x"}))
        return patient

    def search(self) -> None:
        for name in ("family_name", "mrn", "national_number", "given_name", "phone"):
            for show in ("", "suggestions"):
                found = self.post("/find/", text=MARKED[name], show=show)
                assert MARKED["family_name"].upper() in found.content.decode()

    def book(self, patient: Patient) -> Operation:
        world = self.world
        asked = {"patient": patient.pk, "procedure": world.procedure.pk, "side": "not_applicable"}
        asked |= {"priority": world.priority.pk, "notes": MARKED["notes"]}
        self.post("/operations/new/", **asked, due_on="2020-01-01")
        self.post("/operations/new/", **asked)
        operation = Operation.objects.get()
        Operation.objects.update(due_on=world.day - timedelta(days=3))
        place = {"theatre": world.one.pk, "day": world.day, "time": "10:00", "minutes": 60, "version": 1}
        world.booked(world.at(12))
        self.post(f"/operations/{operation.pk}/book/", **(place | {"time": "12:00"}))
        self.post(f"/operations/{operation.pk}/book/", **place)
        self.post(f"/operations/{operation.pk}/book/", **place, override_reason=MARKED["override_reason"])
        moved = {"time": "14:00", "version": 2, "override_reason": MARKED["override_reason"]}
        self.post(f"/operations/{operation.pk}/move/", **(place | moved))
        for page in ("", "move/", "cancel/", "postpone/", "push/"):
            self.get(f"/operations/{operation.pk}/{page}")
        for page in (f"/schedule/{world.day}/", f"/schedule/{world.day}/board/", "/waiting-list/"):
            self.get(page)
        return operation

    def cancel(self, operation: Operation) -> None:
        reason = CancellationReasonFactory()
        wrong = {"version": 3, "reason": "x", "note": MARKED["note"]}
        self.post(f"/operations/{operation.pk}/cancel/", **wrong)
        self.post(f"/operations/{operation.pk}/cancel/", **(wrong | {"reason": reason.pk}))
        self.get(f"/operations/{operation.pk}/")
        self.post(f"/changes/{OperationChange.objects.latest('pk').pk}/undo/")

    def edit_in_admin(self, patient: Patient) -> None:
        self.client = client_of(UserFactory(is_staff=True, role="coordinator"))
        self.client.raise_request_exception = False
        page = f"/admin/patients/patient/{patient.pk}/change/"
        allergy = Allergy.objects.get()
        fields: dict[str, Any] = {
            name: MARKED[name] for name in ("mrn", "family_name", "given_name", "national_number", "phone", "email")
        }
        fields |= {"sex": "female", "birth_accuracy": "day", "allergy_status": "recorded", "language": "pl"}
        fields |= {"allergies-0-certainty": "unconfirmed", "allergies-0-course": "active"}
        fields |= {"allergies-TOTAL_FORMS": 1, "allergies-INITIAL_FORMS": 1, "allergies-0-id": allergy.pk}
        fields |= {"allergies-0-substance": MARKED["substance"], "allergies-0-reaction": MARKED["reaction"]}
        self.get(page)
        self.post(page, **(fields | {"email": "wrong"}))
        self.post(page, **fields)
        self.post("/admin/patients/patient/", q=MARKED["family_name"])
        for rest in ("patients/patient/", f"patients/patient/{patient.pk}/history/", "auditlog/logentry/"):
            self.get(f"/admin/{rest}")

    def be_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        nurse = client_of(UserFactory(role="theatre_nurse"))
        self.post("/patients/new/", nurse, family_name=MARKED["family_name"])
        self.post("/nowhere/", family_name=MARKED["family_name"])

        def fail(*_: Any, **__: Any) -> None:
            raise ValueError(f"Failing row contains ({MARKED['family_name']}, {MARKED['phone']})")

        monkeypatch.setattr("scheduling.views.requesting.patients_found", fail)
        self.post("/find/", text=MARKED["family_name"])


@pytest.fixture
def journey(watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> Journey:
    journey = Journey(watcher)
    patient = journey.add_patient()
    journey.search()
    operation = journey.book(patient)
    journey.edit_in_admin(patient)
    journey.client = client_of(journey.world.coordinator)
    journey.client.raise_request_exception = False
    journey.cancel(operation)
    journey.be_refused(monkeypatch)
    return journey


def test_a_patients_data_stays_where_it_belongs(journey: Journey, watcher: Watcher) -> None:
    # The journey reached what it is about: every value is kept, and every kind of refusal was met.
    patient, operation = Patient.objects.get(mrn=MARKED["mrn"]), Operation.objects.get(patient__mrn=MARKED["mrn"])
    told = OperationChange.objects.filter(operation=operation)
    kept = [patient.national_number, patient.phone, patient.email, patient.allergies.get().reaction, operation.notes]
    assert kept == list(SEALED.values())[:5]
    assert MARKED["note"] in {change.note for change in told}
    assert MARKED["override_reason"] in {item["reason"] for change in told for item in change.overrides}
    assert {200, 302, 403, 404, 409, 422, 500} <= set(journey.statuses)

    watcher.seen["mail"] = [f"{message.subject} {message.body}" for message in mail.outbox]
    watcher.seen["session"] = [json.dumps(session.get_decoded()) for session in Session.objects.all()]
    watcher.seen["admin log"] = [f"{row.object_repr} {row.change_message}" for row in AdminLogEntry.objects.all()]
    watcher.seen["trail's names"] = [f"{row.object_repr} {row.additional_data}" for row in LogEntry.objects.all()]
    watcher.seen["redis"] += values_in_redis()
    assert watcher.seen["log"] != []
    assert watcher.seen["session"] != []
    found = {place: leaks(" ".join(texts)) for place, texts in watcher.seen.items()}
    assert found == {place: [] for place in watcher.seen}


def test_what_is_encrypted_is_nowhere_in_the_database_in_clear(journey: Journey) -> None:
    command, environment = command_for("pg_dump", "--format=plain")
    dump = subprocess.run(
        [*command, connection.settings_dict["NAME"]], env=environment, capture_output=True, check=True
    ).stdout.decode()

    assert leaks(dump, IN_CLEAR) == list(IN_CLEAR)  # the dump is of this journey
    assert leaks(dump, SEALED) == []


WORDS_OF_OURS = {("messaging.tasks.deliver", "channel")}
"""Parameters that are one of a few words of the program's own, and can name nobody."""


def test_no_task_takes_anything_but_ids() -> None:
    current_app.loader.import_default_modules()
    ours = [task for name, task in current_app.tasks.items() if not name.startswith("celery.")]
    assert ours != []
    for task in ours:
        for name, parameter in inspect_parameters(task).items():
            assert parameter in {int, "int"} or (task.name, name) in WORDS_OF_OURS, f"{task.name} takes {name}"


def inspect_parameters(task: Any) -> dict[str, Any]:
    return {name: p.annotation for name, p in inspect.signature(task.run).parameters.items()}


def test_the_watcher_would_see_a_leak(watcher: Watcher) -> None:
    logging.getLogger("patients").info("Added %s", MARKED["family_name"])
    OperationFactory(notes="x")
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        server.publish("x", MARKED["phone"])
        server.echo("the end")
    assert leaks(" ".join(watcher.seen["log"])) == ["family_name"]
