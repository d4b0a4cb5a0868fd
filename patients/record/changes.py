"""Keep every value that the record had, and read it again."""

from accounts.models import User
from patients.models import ChangeVerb, RecordChange
from patients.record.texts import Texts, differing


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
