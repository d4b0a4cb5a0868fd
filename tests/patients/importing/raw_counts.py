"""Counts what files of FHIR say, from the bare JSON and with nothing of ours: for comparing with what is here."""

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

NONE_KNOWN = {"716186003", "160244002"}


def allergies_by_mrn(paths: Iterable[Path], system: str) -> dict[str, list[tuple[str, bool]]]:
    """Return (substance, counts) of every allergy, by the patient's MRN; every patient has a key."""
    found: dict[str, list[tuple[str, bool]]] = {}
    for path in paths:
        entries = json.loads(path.read_text(encoding="utf-8"))["entry"]
        names: dict[str, str] = {}
        theirs = defaultdict(list)
        for entry in entries:
            one = entry["resource"]
            if one["resourceType"] == "Patient":
                (mrn,) = [number["value"].upper() for number in one["identifier"] if number.get("system") == system]
                names |= {entry.get("fullUrl", ""): mrn, f"Patient/{one['id']}": mrn}
            elif one["resourceType"] == "AllergyIntolerance" and not codes(one) & NONE_KNOWN:
                theirs[one["patient"]["reference"]].append((words(one), counts(one)))
        found |= {mrn: [] for mrn in names.values()}
        for reference, allergies in theirs.items():
            found[names[reference]] += allergies
    return {mrn: sorted(allergies) for mrn, allergies in found.items()}


def words(allergy: dict[str, Any]) -> str:
    return str(allergy["code"].get("text") or allergy["code"]["coding"][0]["display"])


def codes(allergy: dict[str, Any]) -> set[str]:
    return {one["code"] for one in allergy["code"].get("coding", [])}


def counts(allergy: dict[str, Any]) -> bool:
    """Say whether a theatre team must heed it: active, neither refuted nor entered in error."""
    clinical = allergy.get("clinicalStatus", {}).get("coding", [{}])[0].get("code")
    certainty = allergy.get("verificationStatus", {}).get("coding", [{}])[0].get("code")
    return clinical == "active" and certainty in ("confirmed", "unconfirmed")
