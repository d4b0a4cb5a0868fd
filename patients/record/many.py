"""The history of rows that a program changes many of at once."""

from collections.abc import Mapping
from typing import Any

from accounts.models import User
from patients.models import ChangeVerb, Patient, RecordChange
from patients.record.allergies import STATUS
from patients.record.parts import DETAIL_PARTS, ENTRY_PARTS
from patients.record.texts import Texts, as_texts, differing


def changes_of_row(
    row: Any, before: Mapping[str, Any], after: Mapping[str, Any], *, actor: User | None, source: str
) -> list[RecordChange]:
    """Return, unsaved, what a program changed in a row; ``before`` and ``after`` hold the fields that it wrote."""
    by_part: dict[str, tuple[Texts, Texts]] = {}
    was, became = as_texts(before), as_texts(after)
    for name in became:
        texts = by_part.setdefault(_part_of(row, name), ({}, {}))
        texts[0][name], texts[1][name] = was.get(name, ""), became[name]
    entry, patient_id = (0, row.pk) if isinstance(row, Patient) else (row.pk, row.patient_id)
    return [
        RecordChange(
            patient_id=patient_id,
            part=part,
            entry=entry,
            verb=ChangeVerb.CHANGED,
            values=values,
            actor=actor,
            source=source,
        )
        for part, texts in by_part.items()
        if (values := differing(*texts))
    ]


def _part_of(row: Any, name: str) -> str:
    """Return the part that a row belongs to; of the patient's own row the card with the field, else the identity."""
    if not isinstance(row, Patient):
        return next(part.slug for part in ENTRY_PARTS.values() if isinstance(row, part.model))
    if name == STATUS:
        return "allergies"
    return next((part.slug for part in DETAIL_PARTS.values() if name in part.names), "identity")
