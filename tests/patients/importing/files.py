"""Small files of FHIR, written by hand."""

import json
from pathlib import Path
from typing import Any

from patients.importing.report import printed, totals
from patients.importing.runs import begin, carry_out
from patients.importing.sources import from_bytes
from patients.models import IdentifierSystem, ImportRun

MRN = "http://hospital.example/mrn"
SNOMED = "http://snomed.info/sct"
TERMS = "http://terminology.hl7.org/CodeSystem"


def configure() -> None:
    IdentifierSystem.objects.get_or_create(uri=MRN, defaults={"name": "MRN", "is_ours": True})


def patient(mrn: str = "M1", key: str = "p1", **more: Any) -> dict[str, Any]:
    found = {
        "resourceType": "Patient",
        "id": key,
        "identifier": [{"system": "http://other.example", "value": "first"}, {"system": MRN, "value": mrn}],
        "name": [{"use": "official", "family": "Baker", "given": ["Ann", "Mary"]}],
        "gender": "female",
        "birthDate": "1980-05-17",
    }
    return _without(found | more)


def concept(code: str = "", display: str = "", system: str = SNOMED, text: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"text": text} if text else {}
    if code:
        found["coding"] = [{"system": system, "code": code, **({"display": display} if display else {})}]
    return found


def state(value: str, kind: str) -> dict[str, Any]:
    return {"coding": [{"system": f"{TERMS}/{kind}", "code": value}]}


def allergy(key: str = "a1", substance: str = "Latex", *, whose: str = "Patient/p1", **more: Any) -> dict[str, Any]:
    found = {
        "resourceType": "AllergyIntolerance",
        "id": key,
        "clinicalStatus": state("active", "allergyintolerance-clinical"),
        "verificationStatus": state("confirmed", "allergyintolerance-verification"),
        "code": concept("111088007", substance),
        "patient": {"reference": whose},
        "recordedDate": "2020-01-02T10:00:00+01:00",
    }
    return _without(found | more)


def condition(key: str = "c1", text: str = "Asthma", *, whose: str = "Patient/p1", **more: Any) -> dict[str, Any]:
    found = {
        "resourceType": "Condition",
        "id": key,
        "clinicalStatus": state("active", "condition-clinical"),
        "verificationStatus": state("confirmed", "condition-ver-status"),
        "code": concept("195967001", text),
        "subject": {"reference": whose},
        "onsetDateTime": "2010-03-04",
    }
    return _without(found | more)


def medicine(key: str = "m1", text: str = "Warfarin 5 MG", *, whose: str = "Patient/p1", **more: Any) -> dict[str, Any]:
    found = {
        "resourceType": "MedicationRequest",
        "id": key,
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": concept("855332", text, "http://www.nlm.nih.gov/research/umls/rxnorm"),
        "subject": {"reference": whose},
        "authoredOn": "2021-02-03T08:00:00Z",
        "dosageInstruction": [{"text": "one in the evening"}],
    }
    return _without(found | more)


def procedure(
    key: str = "o1", text: str = "Appendicectomy", *, whose: str = "Patient/p1", **more: Any
) -> dict[str, Any]:
    found = {
        "resourceType": "Procedure",
        "id": key,
        "status": "completed",
        "code": concept("80146002", text),
        "subject": {"reference": whose},
        "performedPeriod": {"start": "2011-01-02T08:00:00Z", "end": "2011-01-02T09:00:00Z"},
    }
    return _without(found | more)


def order(key: str = "s1", *, whose: str = "Patient/p1", **more: Any) -> dict[str, Any]:
    found = {
        "resourceType": "ServiceRequest",
        "id": key,
        "status": "active",
        "intent": "order",
        "priority": "routine",
        "category": [concept("387713003")],
        "code": concept("0DTJ4ZZ", "Appendicectomy, keyhole", "http://www.cms.gov/Medicare/Coding/ICD10"),
        "subject": {"reference": whose},
        "authoredOn": "2026-11-01",
    }
    return _without(found | more)


def _without(found: dict[str, Any]) -> dict[str, Any]:
    """Leave out what was set to ``None``."""
    return {name: value for name, value in found.items() if value is not None}


def bundle(*resources: Any, kind: str = "collection") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": one} for one in resources]}


def ndjson(*resources: Any) -> bytes:
    return b"\n".join(json.dumps(one).encode() for one in resources)


def run(actor: Any, *contents: Any, dry_run: bool = False, source: str = "") -> ImportRun:
    """Import contents (JSON or bytes) as files a.json, b.json …"""
    made = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in contents]
    sources = [from_bytes(f"{'abcdef'[at]}.json", content) for at, content in enumerate(made)]
    found = begin(actor=actor, kind="fhir", title="a.json", dry_run=dry_run, source=source)
    return carry_out(actor=actor, run=found, sources=sources)


def said(found: ImportRun, remark: str = "") -> list[str]:
    """Return the lines of the report, without the summary."""
    lines = [line for line in printed(found.report, dry_run=found.dry_run) if line.startswith("  ")]
    wanted = [row for row in found.report["lines"] if not remark or row["remark"] == remark]
    return [line.strip() for line in lines[: len(wanted)]] if not remark else [_line(row) for row in wanted]


def _line(row: dict[str, Any]) -> str:
    from patients.importing.report import sentence

    return sentence(row)


def counts(found: ImportRun) -> tuple[int, int, int, int]:
    """Return how many were created, updated, unchanged, refused."""
    return tuple(totals(found.report).values())  # type: ignore[return-value]


def save(folder: Path, content: Any, name: str = "a.json") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path
