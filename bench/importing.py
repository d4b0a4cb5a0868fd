"""Bringing patients in from FHIR with both trails, into an empty record and into one that has them all already.

The files are made here, of the size and mixture of Synthea's: of a patient's 230 entries, 20 are kept and the others
are passed over. Rows a second count what is kept, entries a second all of them; reading JSON and writing a dry run's
report are part of the time, as they are of the command's.
"""

import json
import random
from datetime import date, timedelta
from time import perf_counter, process_time
from typing import Any

import psutil
from django.db import connection

from accounts.commanding import in_name_of
from accounts.models import RoleAssignment, User
from accounts.roles import Role
from bench.figures import middle, table
from patients.importing.report import totals
from patients.importing.runs import begin, carry_out
from patients.importing.sources import Source, from_bytes
from patients.models import IdentifierSystem

MRN = "http://bench.example/mrn"
SNOMED = "http://snomed.info/sct"
TERMS = "http://terminology.hl7.org/CodeSystem"
PATIENTS, ROUNDS = 150, 5
KINDS = (("AllergyIntolerance", 2), ("Condition", 7), ("MedicationRequest", 4), ("Procedure", 7))
PASSED_OVER = 210
SIDES = ("new", "again", "newer")


def measure(*, quick: bool) -> dict[str, Any]:
    """Import fresh patients in every round, then the same again, then a newer version of them; print and return."""
    actor = User.objects.create_user("bench@example.org", given_name="Bench", family_name="Coordinator")
    RoleAssignment.objects.create(user=actor, role=Role.COORDINATOR)
    IdentifierSystem.objects.create(uri=MRN, name="MRN", is_ours=True)
    count = PATIENTS // 3 if quick else PATIENTS
    kept = count * (1 + sum(number for _, number in KINDS))
    taken: dict[str, list[tuple[float, float]]] = {side: [] for side in SIDES}
    for turn in range(2 if quick else ROUNDS):
        names = [f"{turn}-{number}" for number in range(count)]
        for side in SIDES:
            files = [from_bytes(f"{name}.json", _bundle(name, version=SIDES.index(side) // 2)) for name in names]
            taken[side].append(_imported(actor, files, side, kept))
    return _figures(taken, count, kept)


def _figures(taken: dict[str, list[tuple[float, float]]], count: int, kept: int) -> dict[str, Any]:
    entries = kept + count * PASSED_OVER
    found: dict[str, Any] = {"patients": count, "entries": entries, "kept": kept}
    for side, rounds in taken.items():
        seconds, busy = (middle([one[at] for one in rounds], 2) for at in (0, 1))
        found[side] = {
            "seconds": seconds,
            "records_per_second": round(kept / seconds),
            "entries_per_second": round(entries / seconds),
            "processor_seconds": busy,
            "records_per_processor_second": round(kept / busy),
        }
    heads = ("", "s", "records/s", "entries/s", "processor s", "records a processor s")
    title = f"{count} Bundles, {entries:,} entries, {kept:,} records kept, both trails on"
    table(title, heads, [[side, *found[side].values()] for side in SIDES])
    return found


def _imported(actor: User, files: list[Source], side: str, kept: int) -> tuple[float, float]:
    """Return seconds by the clock, and of the processor: Python's and PostgreSQL's, which take turns."""
    began, busy = perf_counter(), process_time() + _of_postgres()
    with in_name_of(actor):
        run = begin(actor=actor, kind="fhir", title="bench", dry_run=False)
        carry_out(actor=actor, run=run, sources=files)
    seconds = perf_counter() - began, process_time() + _of_postgres() - busy
    expected = {"new": "created", "again": "unchanged", "newer": "updated"}[side]
    if totals(run.report)[expected] != kept:
        raise AssertionError(totals(run.report))
    return seconds


def _of_postgres() -> float:
    """Return the processor time of the server process that serves this one, on this machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        times = psutil.Process(cursor.fetchone()[0]).cpu_times()
    return float(times.user + times.system)


def _bundle(name: str, *, version: int) -> bytes:
    dice = random.Random(name)
    born = date(1950, 1, 1) + timedelta(days=dice.randrange(20_000))
    patient = {
        "resourceType": "Patient",
        "id": f"p{name}",
        "meta": {"versionId": str(version)},
        "identifier": [{"system": MRN, "value": f"B{name}"}],
        "name": [{"use": "official", "family": f"Family{name}", "given": ["Ann"]}],
        "telecom": [{"system": "phone", "value": f"555-{version}"}],
        "gender": "female",
        "birthDate": born.isoformat(),
    }
    entries = [patient, *(_resource(kind, name, n, version) for kind, count in KINDS for n in range(count))]
    entries += [_observation(name, number) for number in range(PASSED_OVER)]
    found = [{"fullUrl": f"urn:uuid:{one['resourceType']}-{one['id']}", "resource": one} for one in entries]
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": found}).encode()


def _resource(kind: str, name: str, number: int, version: int) -> dict[str, Any]:
    concept = {"coding": [{"system": SNOMED, "code": f"{number}0007", "display": f"Thing {number} v{version}"}]}
    whose = {"reference": f"urn:uuid:Patient-p{name}"}
    found: dict[str, Any] = {"resourceType": kind, "id": f"{name}-{number}", "meta": {"versionId": str(version)}}
    if kind == "AllergyIntolerance":
        return found | _states("allergyintolerance") | {"code": concept, "patient": whose}
    if kind == "Condition":
        return found | _states("condition") | {"code": concept, "subject": whose, "onsetDateTime": "2015-03-04"}
    if kind == "MedicationRequest":
        more = {"status": "active", "intent": "order", "medicationCodeableConcept": concept}
        return found | more | {"subject": whose, "authoredOn": "2020-01-02T08:00:00Z"}
    period = {"start": "2018-01-02T08:00:00Z", "end": "2018-01-02T09:00:00Z"}
    return found | {"status": "completed", "code": concept, "subject": whose, "performedPeriod": period}


def _states(kind: str) -> dict[str, Any]:
    verification = {"allergyintolerance": "allergyintolerance-verification", "condition": "condition-ver-status"}[kind]
    return {
        "clinicalStatus": {"coding": [{"system": f"{TERMS}/{kind}-clinical", "code": "active"}]},
        "verificationStatus": {"coding": [{"system": f"{TERMS}/{verification}", "code": "confirmed"}]},
    }


def _observation(name: str, number: int) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"{name}-{number}",
        "status": "final",
        "code": {
            "coding": [{"system": "http://loinc.org", "code": "8302-2", "display": "Body Height"}],
            "text": "x" * 2000,
        },
        "subject": {"reference": f"urn:uuid:Patient-p{name}"},
        "effectiveDateTime": "2015-03-04T08:00:00Z",
        "valueQuantity": {"value": 170.1, "unit": "cm"},
    }
