"""What the entries of R4 share: codes with their words, periods, and what is passed over."""

from datetime import date
from typing import Any

from patients.importing.fhir.context import Context, Raw
from patients.importing.fhir.dates import Day
from patients.importing.texts import BadValueError, clean, fitting

SNOMED = "http://snomed.info/sct"
NOTHING_KNOWN = {"160245001", "787481004", "160243008"}
"""SNOMED CT for "no problems" and "no medicines": no entry of the record says that."""

INTENTS = {
    **dict.fromkeys(("order", "original-order", "reflex-order", "filler-order", "instance-order"), True),
    **dict.fromkeys(("proposal", "plan", "option"), False),
}


class PassedOverError(Exception):
    """Nothing is wrong with it, and it is nothing to be kept; the message says what it is."""


def kept(see: Context, day: Day | None) -> date | None:
    """Return the first day on which it can have been; the record holds whole dates."""
    if day and not day.is_exact:
        see.report.ignored[f"Dates known to the {day.accuracy} only, kept as its first day"] += 1
    return day.first if day else None


def coded(see: Context, raw: Raw, found: Any, concept: Any, element: str, column: str) -> dict[str, Any]:
    """Return what something is: the words, and one code with its system, as received."""
    kind = {"substance": "allergy"}.get(column) or _KINDS[raw.kind]
    codings = [one for one in (concept.coding or []) if one.code] if concept is not None else []
    coding = next((one for one in codings if one.userSelected), codings[0] if codings else None)
    display = next((one.display for one in (coding, *codings) if one is not None and one.display), "")
    text = (concept.text if concept is not None else "") or display
    if not text:
        if coding is None:
            raise BadValueError(element, "is missing: nothing says what it is.")
        text = f"{coding.code} ({coding.system or 'no code system'})"
    return {
        "origin": see.origin(raw, found),
        column: see.described(raw, text, element, kind, column),
        "system": fitting(clean(coding.system or "", f"{element}.coding.system"), element, kind, "system")
        if coding
        else "",
        "code": fitting(clean(coding.code, f"{element}.coding.code"), element, kind, "code") if coding else "",
    }


_KINDS = {
    "AllergyIntolerance": "allergy",
    "Condition": "condition",
    "MedicationRequest": "medicine",
    "MedicationStatement": "medicine",
    "Procedure": "procedure",
}


def words_of(concept: Any) -> str:
    """Return what a concept says."""
    if concept is None:
        return ""
    return str(concept.text or next((one.display for one in concept.coding or [] if one.display), "") or "")


def snomed(concept: Any) -> set[str]:
    """Return the codes of SNOMED CT."""
    return {one.code for one in (concept.coding or []) if one.system == SNOMED and one.code} if concept else set()


def start_of(period: Any) -> Any:
    """Return when a period starts, if there is one."""
    return period.start if period is not None else None


def end_of(period: Any) -> Any:
    """Return when a period ends, if there is one."""
    return period.end if period is not None else None
