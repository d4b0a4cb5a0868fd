"""Change a card of the patient's own details."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError

from accounts.models import User
from patients.models import Patient
from patients.record.changes import note_change
from patients.record.errors import StaleError
from patients.record.locking import changing
from patients.record.parts import TAKEN, DetailPart
from patients.record.texts import Texts, as_texts, differing, is_stale


def change_details(
    *, actor: User, patient_id: int, part: DetailPart, shown: Texts, values: Mapping[str, Any]
) -> Patient:
    """Change a card that was shown with the texts ``shown``.

    Raises :class:`StaleError` where it says something else by now, and :class:`ValidationError` by field.
    """
    with changing(actor, patient_id, part.capability) as patient:
        now = part.texts(patient)
        asked = {name: text for name, text in as_texts(values).items() if name in now}
        if not differing(now, now | asked):
            return patient
        if is_stale(shown, now):
            raise StaleError(shown=shown, now=now)
        for name in part.names:
            if name in values:
                setattr(patient, name, values[name])
        patient.version += 1
        others = {field.name for field in patient._meta.fields} - set(part.names)  # noqa: SLF001
        patient.full_clean(exclude=others)
        part.write_beside(patient, actor, dict(values))
        try:
            patient.save()
        except IntegrityError as error:
            # Somebody took the same number since it was checked; the lock holds one patient only.
            raise ValidationError(TAKEN) from error
        note_change(patient.pk, part.slug, before=now, after=part.texts(patient), actor=actor)
    return patient
