"""Allergies, conditions and procedures of R4 as entries of the record here."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from patients.importing.fhir.coded import (
    NOTHING_KNOWN,
    PassedOverError,
    coded,
    end_of,
    kept,
    snomed,
    start_of,
    words_of,
)
from patients.importing.fhir.context import Context, Raw
from patients.importing.fhir.dates import in_order, instant, past_day, read_day
from patients.importing.fhir.medicines import read_medicine_request, read_medicine_statement
from patients.importing.fhir.parsing import bound, code
from patients.importing.incoming import (
    AllergyEntry,
    ConditionEntry,
    Entry,
    Incoming,
    NoneKnown,
    ProcedureEntry,
)
from patients.importing.report import Remark
from patients.importing.texts import BadValueError
from patients.models import Certainty, Course, Severity

TERMS = "http://terminology.hl7.org/CodeSystem"
NONE_KNOWN = {"716186003", "160244002"}
"""SNOMED CT for "no known allergy": of any kind."""
NONE_OF_A_KIND = {
    "409137002": "drug",
    "428607008": "environmental",
    "429625007": "food",
    "1003774007": "latex",
}
"""SNOMED CT for "no known allergy" to one kind of substance: nobody knows about the rest."""
ALLERGY_CLINICAL = {"active": Course.ACTIVE, "inactive": Course.INACTIVE, "resolved": Course.RESOLVED}
CLINICAL = {
    **ALLERGY_CLINICAL,
    "recurrence": Course.ACTIVE,
    "relapse": Course.ACTIVE,
    "remission": Course.INACTIVE,
}
ALLERGY_CERTAINTY = {
    "confirmed": Certainty.CONFIRMED,
    "unconfirmed": Certainty.UNCONFIRMED,
    "refuted": Certainty.REFUTED,
    "entered-in-error": Certainty.ERROR,
}
CERTAINTY = {**ALLERGY_CERTAINTY, "provisional": Certainty.UNCONFIRMED, "differential": Certainty.UNCONFIRMED}
SEVERITIES = {"mild": Severity.MILD, "moderate": Severity.MODERATE, "severe": Severity.SEVERE}
CRITICALITIES = {"low": "", "high": Severity.FATAL, "unable-to-assess": ""}
WORST = (Severity.FATAL, Severity.SEVERE, Severity.MODERATE, Severity.MILD)

DONE = {
    "completed": Certainty.CONFIRMED,
    "stopped": Certainty.UNCONFIRMED,
    "in-progress": Certainty.UNCONFIRMED,
    "unknown": Certainty.UNCONFIRMED,
    "not-done": Certainty.REFUTED,
    "entered-in-error": Certainty.ERROR,
    "preparation": None,
    "on-hold": None,
}
BEFORE_BIRTH = timedelta(days=280)
"""Children are treated, and fall ill, before they are born."""


def read_allergy(see: Context, raw: Raw, found: Any) -> Incoming:
    """Return an allergy, or the statement that there is none."""
    certainty = bound(
        found.verificationStatus,
        "verificationStatus",
        f"{TERMS}/allergyintolerance-verification",
        ALLERGY_CERTAINTY,
        missing=Certainty.UNCONFIRMED,
    )
    course = bound(
        found.clinicalStatus,
        "clinicalStatus",
        f"{TERMS}/allergyintolerance-clinical",
        ALLERGY_CLINICAL,
        missing=Course.INACTIVE if certainty == Certainty.ERROR else Course.ACTIVE,
    )
    past_day(found.recordedDate, "recordedDate")
    counts = course == Course.ACTIVE and certainty in (Certainty.CONFIRMED, Certainty.UNCONFIRMED)
    codes = snomed(found.code)
    if codes & NONE_KNOWN:
        return NoneKnown(origin=see.origin(raw, found), asked_at=instant(found.recordedDate), counts=counts)
    if kinds := {NONE_OF_A_KIND[one] for one in codes & NONE_OF_A_KIND.keys()}:
        text = f"No known {kinds.pop()} allergy is no answer for other substances: it is not kept as “none known”."
        see.report.say(Remark.NOTED, raw.spot, text, "code")
        raise PassedOverError("Statements of no known allergy to one kind of substance")
    reaction = ", ".join(words_of(one) for each in found.reaction or [] for one in each.manifestation if words_of(one))
    return AllergyEntry(
        **coded(see, raw, found, found.code, "code", "substance"),
        certainty=certainty,
        course=course,
        reaction=see.described(raw, reaction, "reaction", "allergy", "reaction"),
        severity=_severity(found),
        recorded_at=instant(found.recordedDate),
    )


def _severity(found: Any) -> str:
    """Return the worst that it did, or that it could do."""
    said = [code(one.severity, "reaction.severity", SEVERITIES, missing="") for one in found.reaction or []]
    said.append(code(found.criticality, "criticality", CRITICALITIES, missing=""))
    return str(next((one for one in WORST if one in said), ""))


def read_condition(see: Context, raw: Raw, found: Any) -> Incoming:
    """Return a condition."""
    certainty = bound(
        found.verificationStatus,
        "verificationStatus",
        f"{TERMS}/condition-ver-status",
        CERTAINTY,
        missing=Certainty.UNCONFIRMED,
    )
    began = past_day(found.onsetDateTime or start_of(found.onsetPeriod), "onset")
    ended = read_day(found.abatementDateTime or end_of(found.abatementPeriod), "abatement")
    in_order(began, ended, "abatement")
    over = ended or found.abatementAge or found.abatementString or found.abatementRange
    course = bound(
        found.clinicalStatus,
        "clinicalStatus",
        f"{TERMS}/condition-clinical",
        CLINICAL,
        missing=Course.RESOLVED if over or certainty == Certainty.ERROR else Course.ACTIVE,
    )
    if snomed(found.code) & NOTHING_KNOWN:
        raise PassedOverError("Statements of no known problems")
    return ConditionEntry(
        **coded(see, raw, found, found.code, "code", "text"),
        certainty=certainty,
        course=course,
        began_on=kept(see, began),
        ended_on=kept(see, ended),
        recorded_at=instant(found.recordedDate),
    )


def read_procedure(see: Context, raw: Raw, found: Any) -> Incoming:
    """Return a procedure that was done."""
    certainty = code(found.status, "status", DONE)
    if certainty is None:
        raise PassedOverError("Procedures that are only planned")
    period = found.performedPeriod
    began = past_day(found.performedDateTime or start_of(period), "performed")
    ended = read_day(end_of(period), "performedPeriod.end")
    in_order(began, ended, "performedPeriod.end")
    _check_instants(period)
    place = see.name_of(found.location, found) or _encounter_place(see, found)
    complications = "; ".join(filter(None, map(words_of, found.complication or [])))
    return ProcedureEntry(
        **coded(see, raw, found, found.code, "code", "text"),
        certainty=certainty,
        performed_on=kept(see, began or ended),
        place=see.described(raw, place, "location", "procedure", "place"),
        complications=see.described(raw, complications, "complication", "procedure", "complications"),
    )


def _check_instants(period: Any) -> None:
    """Refuse a period that ends, on the same day, before it starts."""
    start, end = instant(start_of(period)), instant(end_of(period))
    if start and end and end < start:
        raise BadValueError("performedPeriod.end", f"{end.isoformat()} is before it began, {start.isoformat()}.")


def _encounter_place(see: Context, found: Any) -> str:
    """Return the organisation of the encounter in which something was done."""
    from fhirclient.models.fhirreference import FHIRReference  # noqa: PLC0415

    encounter = see.referred(found.encounter, found)
    provider = encounter.get("serviceProvider") if encounter else None
    return see.name_of(FHIRReference(provider, strict=False), found) if isinstance(provider, dict) else ""


def check_after_birth(entry: Entry, born: Any) -> None:
    """Refuse what is dated long before the patient was born."""
    for name in ("began_on", "performed_on"):
        day = getattr(entry, name, None)
        if born and day and day < born - BEFORE_BIRTH:
            raise BadValueError(name.removesuffix("_on"), f"{day} is before the patient was born.")


READERS: dict[str, Callable[[Context, Raw, Any], Incoming]] = {
    "AllergyIntolerance": read_allergy,
    "Condition": read_condition,
    "MedicationRequest": read_medicine_request,
    "MedicationStatement": read_medicine_statement,
    "Procedure": read_procedure,
}
