"""Add, change and take back an entry of a list of the record: an allergy, a medicine, somebody to call."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from patients.models import Certainty, ChangeVerb, Patient
from patients.record.changes import note_change
from patients.record.errors import GoneError, NotPossibleError, StaleError
from patients.record.locking import changing
from patients.record.parts import EntryPart
from patients.record.texts import Texts, as_texts, differing, is_stale

FIXED = "This is a number of ours, by which a record that was merged into this one is found. Undo the merge instead."
TWICE = timedelta(minutes=2)
"""The same entry by the same person within this time is one that was sent twice."""


def add_entry(*, actor: User, patient_id: int, part: EntryPart, values: Mapping[str, Any]) -> Model:
    """Add an entry; one that is sent twice is one. Raises :class:`ValidationError` by field."""
    with changing(actor, patient_id, part.capability) as patient:
        texts = as_texts(values)
        if twin := _sent_before(actor, patient, part, texts):
            return twin
        row = part.model(patient=patient, recorded_by=actor)
        _write(part, row, values)
        note_change(
            patient.pk, part.slug, before={}, after=part.texts(row), actor=actor, entry=row.pk, verb=ChangeVerb.ADDED
        )
        part.after(patient, actor)
    return row


def change_entry(
    *, actor: User, patient_id: int, part: EntryPart, entry_id: int, shown: Texts, values: Mapping[str, Any]
) -> Model:
    """Change an entry that was shown with the texts ``shown``.

    Raises :class:`StaleError` where it says something else by now, :class:`GoneError`, and
    :class:`ValidationError` by field.
    """
    with changing(actor, patient_id, part.capability) as patient:
        row = _row(part, patient, entry_id)
        now = part.texts(row)
        wanted = now | as_texts(values)
        if not differing(now, wanted):
            return row
        if is_stale(shown, now):
            raise StaleError(shown=shown, now=now)
        _write(part, row, values)
        note_change(patient.pk, part.slug, before=now, after=part.texts(row), actor=actor, entry=row.pk)
        part.after(patient, actor)
    return row


def take_back_entry(*, actor: User, patient_id: int, part: EntryPart, entry_id: int) -> None:
    """Say that an entry was made in error: what is clinical stays on record and never counts, the rest goes.

    The history keeps what it said. Done twice it is done once.
    """
    with changing(actor, patient_id, part.capability) as patient:
        row: Any = part.rows(patient).filter(pk=entry_id).first()
        if row is None:
            return
        _demand_free_hand(row)
        before = part.texts(row)
        if part.keeps:
            if row.certainty == Certainty.ERROR:
                return
            before |= {"certainty": row.certainty}
            row.certainty = Certainty.ERROR
            row.version += 1
            row.save(update_fields=["certainty", "version"])
            after = before | {"certainty": str(Certainty.ERROR)}
        else:
            row.delete()
            after = {}
        note_change(
            patient.pk, part.slug, before=before, after=after, actor=actor, entry=entry_id, verb=ChangeVerb.REMOVED
        )
        part.after(patient, actor)


def put_back_entry(*, actor: User, patient_id: int, part: EntryPart, entry_id: int) -> Model:
    """Take back that an entry was made in error. Raises :class:`ValidationError` where another says the same now."""
    with changing(actor, patient_id, part.capability) as patient:
        row = _row(part, patient, entry_id)
        if part.keeps:
            _put_back(part, patient, actor, row)
    return row


def _put_back(part: EntryPart, patient: Patient, actor: User, row: Any) -> None:
    if row.certainty != Certainty.ERROR:
        return
    before = {"certainty": str(row.certainty)}
    row.certainty = _certainty_before(part, patient, row)
    row.version += 1
    row.full_clean()
    row.save(update_fields=["certainty", "version"])
    after = {"certainty": str(row.certainty)}
    note_change(patient.pk, part.slug, before=before, after=after, actor=actor, entry=row.pk)
    part.after(patient, actor)


def _certainty_before(part: EntryPart, patient: Patient, row: Any) -> str:
    """Return how sure it was before it was taken back; what other systems took back was never known to be sure."""
    changes = patient.record_changes.filter(part=part.slug, entry=row.pk, verb=ChangeVerb.REMOVED)
    latest = changes.first()
    was = latest.values.get("certainty", [""])[0] if latest else ""
    return was if was in Certainty.values and was != Certainty.ERROR else Certainty.UNCONFIRMED


def _row(part: EntryPart, patient: Patient, entry_id: int) -> Model:
    row: Model | None = part.rows(patient).filter(pk=entry_id).first()
    if row is None:
        raise GoneError
    _demand_free_hand(row)
    return row


def _demand_free_hand(row: Model) -> None:
    """Refuse what leads here from elsewhere: without it, its number would find nobody."""
    if getattr(row, "is_fixed", False):
        raise NotPossibleError(FIXED)


def _sent_before(actor: User, patient: Patient, part: EntryPart, texts: Texts) -> Model | None:
    since = timezone.now() - TWICE
    recent = part.rows(patient).filter(recorded_by=actor, recorded_at__gte=since)
    if part.keeps:
        recent = recent.exclude(certainty=Certainty.ERROR)
    return next((row for row in recent if not differing(part.texts(row) | texts, part.texts(row))), None)


def _write(part: EntryPart, row: Any, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    part.complete(row)
    if row.pk and hasattr(row, "version"):
        row.version += 1
    row.full_clean()
    try:
        row.save()
    except IntegrityError as error:
        # Somebody wrote the same since it was checked: the lock holds one patient, and those who ask for it.
        raise ValidationError(part.taken) from error
