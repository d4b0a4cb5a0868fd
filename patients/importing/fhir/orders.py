"""A ServiceRequest of R4 as a surgical order; what becomes of it, the schedule says."""

from typing import Any

from patients.importing.fhir.coded import INTENTS, SNOMED, PassedOverError
from patients.importing.fhir.context import Context, Raw
from patients.importing.fhir.dates import in_order, past_day, read_day
from patients.importing.fhir.parsing import code
from patients.importing.incoming import Order
from patients.importing.texts import clean

SURGICAL = {"387713003", "24642003"}
"""SNOMED CT for "surgical procedure", as the category of an order; R4 names the first as its example."""
SIDES = {"7771000": "left", "24028007": "right", "51440002": "bilateral", "66459002": ""}
PRIORITIES = dict.fromkeys(("routine", "urgent", "asap", "stat"), 1)
WANTED, WITHDRAWN, NEITHER = "wanted", "withdrawn", ""
STATES = {
    "active": WANTED,
    "revoked": WITHDRAWN,
    "entered-in-error": WITHDRAWN,
    **dict.fromkeys(("draft", "on-hold", "completed", "unknown"), NEITHER),
}


def read_order(see: Context, raw: Raw, found: Any) -> Order:
    """Return the order, or say why it is none."""
    state = code(found.status, "status", STATES)
    if not code(found.intent, "intent", INTENTS) or found.doNotPerform or state == NEITHER:
        raise PassedOverError("Orders that are drafts, on hold, proposals or done")
    code(found.priority, "priority", PRIORITIES, missing=1)
    categories = {c.code for one in found.category or [] for c in one.coding or [] if c.system == SNOMED}
    if found.category and not categories & SURGICAL:
        raise PassedOverError("Orders that are not surgical")
    listed = past_day(found.authoredOn, "authoredOn")
    period = found.occurrencePeriod
    due = read_day((period.end if period else None) or found.occurrenceDateTime, "occurrence")
    in_order(listed, due, "occurrence")
    codings = (found.code.coding or []) if found.code else []
    text = (found.code.text if found.code else "") or next((one.display for one in codings if one.display), "")
    return Order(
        origin=see.origin(raw, found),
        codes=tuple((one.system or "", one.code) for one in codings if one.code),
        text=clean(text or "", "code"),
        urgency=found.priority or "routine",
        side=_side(found),
        listed_on=listed.first if listed else None,
        due_on=due.last if due else None,
        requester=clean(see.name_of(found.requester, found), "requester"),
        notes=clean(" ".join(one.text for one in found.note or [] if one.text), "note"),
        is_surgical=bool(categories & SURGICAL),
        withdrawn=state == WITHDRAWN,
    )


def _side(found: Any) -> str:
    """Return the side where the body site says one by itself."""
    sites = {c.code for one in found.bodySite or [] for c in one.coding or [] if c.system == SNOMED}
    named = {SIDES[one] for one in sites & SIDES.keys()} - {""}
    return named.pop() if len(named) == 1 else ""
