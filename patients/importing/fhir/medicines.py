"""Medicines of R4, prescribed or reported, as entries of the record here."""

from typing import Any

from patients.importing.fhir.coded import (
    INTENTS,
    NOTHING_KNOWN,
    PassedOverError,
    coded,
    end_of,
    kept,
    snomed,
    start_of,
)
from patients.importing.fhir.context import Context, Raw
from patients.importing.fhir.dates import Day, in_order, past_day, read_day
from patients.importing.fhir.parsing import code
from patients.importing.incoming import Incoming, MedicineEntry
from patients.importing.texts import BadValueError
from patients.models import Certainty, Course
from patients.record.surgical import surgical_class

TAKEN = (Certainty.CONFIRMED, Course.ACTIVE)
STOPPED = (Certainty.CONFIRMED, Course.INACTIVE)
WRONG = (Certainty.ERROR, Course.INACTIVE)
PERHAPS = (Certainty.UNCONFIRMED, Course.ACTIVE)
REQUESTS = {
    "active": TAKEN,
    "on-hold": STOPPED,
    "cancelled": STOPPED,
    "completed": STOPPED,
    "stopped": STOPPED,
    "entered-in-error": WRONG,
    "draft": None,
    "unknown": PERHAPS,
}
STATEMENTS = {
    "active": TAKEN,
    "completed": STOPPED,
    "stopped": STOPPED,
    "on-hold": STOPPED,
    "not-taken": STOPPED,
    "entered-in-error": WRONG,
    "intended": None,
    "unknown": PERHAPS,
}
UNITS = {"h": "hours", "d": "days", "wk": "weeks", "mo": "months", "min": "minutes"}


def read_medicine_request(see: Context, raw: Raw, found: Any) -> Incoming:
    """Return what was prescribed."""
    state = code(found.status, "status", REQUESTS)
    if not code(found.intent, "intent", INTENTS) or state is None or found.doNotPerform:
        raise PassedOverError("Prescriptions that are drafts, proposals, or say not to give")
    began = past_day(found.authoredOn, "authoredOn")
    validity = found.dispenseRequest.validityPeriod if found.dispenseRequest else None
    ended = read_day(end_of(validity), "dispenseRequest.validityPeriod.end")
    in_order(
        read_day(start_of(validity), "dispenseRequest.validityPeriod.start"), ended, "dispenseRequest.validityPeriod"
    )
    return _medicine(see, raw, found, state, began, None, found.dosageInstruction)


def read_medicine_statement(see: Context, raw: Raw, found: Any) -> Incoming:
    """Return what the patient says they take."""
    state = code(found.status, "status", STATEMENTS)
    if state is None:
        raise PassedOverError("Medicines that are only intended")
    began = past_day(found.effectiveDateTime or start_of(found.effectivePeriod), "effective")
    ended = read_day(end_of(found.effectivePeriod), "effectivePeriod.end")
    in_order(began, ended, "effectivePeriod.end")
    return _medicine(see, raw, found, state, began, ended, found.dosage)


def _medicine(
    see: Context, raw: Raw, found: Any, state: Any, began: Day | None, ended: Day | None, dosage: Any
) -> Incoming:
    certainty, course = state
    concept = found.medicationCodeableConcept or _referred_medicine(see, found)
    if concept is not None and snomed(concept) & NOTHING_KNOWN:
        raise PassedOverError("Statements of no medicines")
    if concept is None and found.medicationReference.display:
        name = see.described(raw, found.medicationReference.display, "medicationReference", "medicine", "text")
        what: dict[str, Any] = {"origin": see.origin(raw, found), "text": name}
    else:
        what = coded(see, raw, found, concept, "medication", "text")
    return MedicineEntry(
        **what,
        certainty=certainty,
        course=course,
        dose=see.described(raw, "; ".join(filter(None, map(_dose, dosage or []))), "dosage", "medicine", "dose"),
        surgical_class=surgical_class(what["text"]),
        began_on=kept(see, began),
        ended_on=kept(see, ended),
    )


def _referred_medicine(see: Context, found: Any) -> Any:
    """Return the code of the Medication that is referred to, where the file has it."""
    from fhirclient.models.medication import Medication  # noqa: PLC0415  # slow to import, and rarely needed

    content = see.referred(found.medicationReference, found)
    if content is None and not found.medicationReference.display:
        target = found.medicationReference.reference or "nothing"
        raise BadValueError("medicationReference", f"refers to {target[:80]}, which is not in this file.")
    return Medication(content, strict=False).code if content else None


def _dose(dosage: Any) -> str:
    """Return a dosage in words: its own, or made of its numbers."""
    if dosage.text:
        return str(dosage.text)
    first = dosage.doseAndRate[0] if dosage.doseAndRate else None
    quantity = first.doseQuantity if first else None
    parts = (
        [f"{quantity.value:g} {quantity.unit or quantity.code or ''}".strip()] if quantity and quantity.value else []
    )
    repeat = dosage.timing.repeat if dosage.timing else None
    if repeat and repeat.frequency and repeat.period:
        unit = UNITS.get(repeat.periodUnit or "", repeat.periodUnit or "")
        every = f"{repeat.period:g} {unit}" if repeat.period != 1 else unit.removesuffix("s")
        parts.append(f"{repeat.frequency} × in {every}" if repeat.period != 1 else f"{repeat.frequency} × a {every}")
    if dosage.asNeededBoolean:
        parts.append("as needed")
    return ", ".join(parts)
