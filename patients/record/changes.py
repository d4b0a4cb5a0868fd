"""Keep every value that the record had, and read it again."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Model

from accounts.models import User
from patients.models import (
    Allergy,
    ChangeVerb,
    Condition,
    Medicine,
    NextOfKin,
    PastProcedure,
    Patient,
    PatientIdentifier,
    PatientName,
    PreoperativeAssessment,
    RecordChange,
)
from patients.record.texts import Texts, as_texts, differing


def note_change(  # what a line of history consists of
    patient_id: int,
    part: str,
    *,
    before: Texts,
    after: Texts,
    actor: User | None,
    entry: int = 0,
    verb: str = ChangeVerb.CHANGED,
    source: str = "",
) -> RecordChange | None:
    """Write down what changed; nothing where nothing did."""
    values = differing(before, after)
    if not values:
        return None
    return RecordChange.objects.create(
        patient_id=patient_id, part=part, entry=entry, verb=verb, values=values, actor=actor, source=source
    )


PARTS_OF_ROWS: dict[type[Model], str] = {
    Allergy: "allergies",
    Condition: "conditions",
    Medicine: "medicines",
    PastProcedure: "procedures",
    PreoperativeAssessment: "assessments",
    NextOfKin: "kin",
    PatientName: "names",
    PatientIdentifier: "numbers",
}
DETAILS: dict[str, tuple[str, ...]] = {
    "contact": ("phone", "email", "address", "language", "interpreter_needed"),
    "gp": ("gp_name", "gp_practice", "gp_phone"),
}
"""The patient's own fields by card; all others are of the identity."""


def changes_of_row(
    row: Any, before: Mapping[str, Any], after: Mapping[str, Any], *, actor: User | None, source: str
) -> list[RecordChange]:
    """Return, unsaved, what a program changed in a row: for many rows that are written at once.

    ``before`` and ``after`` hold the values of the fields that it wrote.
    """
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


def _part_of(row: Model, name: str) -> str:
    if not isinstance(row, Patient):
        return PARTS_OF_ROWS[type(row)]
    if name == "allergy_status":
        return "allergies"
    return next((card for card, names in DETAILS.items() if name in names), "identity")
