"""Rows that can stand once only: what happens where both records have one.

The survivor's row stays and takes what is stricter or newer from the other; the other stays with the merged record,
as it was entered, so that undo finds it.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from patients.models import Allergy, CareTeamMember, Certainty, ContactConsent, Course, Document, PatientBlock, Severity
from patients.models.clinical import HEEDED
from patients.rights.models import Erasure, ErasureState, LegalHold, ProcessingRestriction

Values = dict[str, Any]


def _nothing(_kept: Any, _other: Any) -> Values:
    return {}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """``key(row)`` tells rows that can't stand twice apart, ``None`` for those that can.

    ``settle(kept, other)`` gives what the row that is kept takes over.
    """

    key: Callable[[Any], Hashable | None]
    settle: Callable[[Any, Any], Values] = _nothing


_SEVERITIES = [severity.value for severity in Severity]


def worse_allergy(kept: Allergy, other: Allergy) -> Values:
    """Return what makes of two entries of one substance the one that warns more; both reactions are named."""
    reactions = [text for text in (kept.reaction.strip(), other.reaction.strip()) if text]
    if len(reactions) > 1 and reactions[1].lower() in reactions[0].lower():
        reactions.pop()
    joined = "; ".join(reactions)
    longest = Allergy._meta.get_field("reaction").max_length or 0  # noqa: SLF001  # Django's public name for it
    return {
        "severity": max(kept.severity, other.severity, key=_SEVERITIES.index),
        "certainty": Certainty.CONFIRMED
        if Certainty.CONFIRMED in (kept.certainty, other.certainty)
        else kept.certainty,
        "course": Course.ACTIVE if Course.ACTIVE in (kept.course, other.course) else kept.course,
        "reaction": joined if len(joined) <= longest else f"{joined[: longest - 1]}…",
    }


def stricter_consent(kept: ContactConsent, other: ContactConsent) -> Values:
    """Return a refusal before a consent, and of two alike the newer."""
    if (not other.given, other.recorded_at) <= (not kept.given, kept.recorded_at):
        return {}
    return {"given": other.given, "recorded_by_id": other.recorded_by_id, "recorded_at": other.recorded_at}


def longer_lasting(kept: Any, other: Any) -> Values:
    """Return the later last day, none being the latest."""
    return {"until": max(kept.until, other.until) if kept.until and other.until else None}


def _is_open(row: Any) -> bool | None:
    return True if row.lifted_at is None else None


RULES: dict[type[Model], Rule] = {
    Allergy: Rule(
        key=lambda row: row.substance.lower() if row.certainty in HEEDED else None,
        settle=worse_allergy,
    ),
    ContactConsent: Rule(key=lambda row: row.channel, settle=stricter_consent),
    CareTeamMember: Rule(key=lambda row: (row.user_id, row.permission_id)),
    PatientBlock: Rule(key=lambda row: row.user_id),
    Document: Rule(key=lambda row: None if row.is_withdrawn else row.fingerprint),
    LegalHold: Rule(key=_is_open, settle=longer_lasting),
    ProcessingRestriction: Rule(key=_is_open, settle=longer_lasting),
    Erasure: Rule(key=lambda row: True if row.state != ErasureState.REFUSED else None),
}


def once(rules: Mapping[type[Model], Rule]) -> None:
    """Add the rules of another app's tables."""
    RULES.update(rules)
