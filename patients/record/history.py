"""Every change of a record in words, newest first."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from patients.models import ChangeVerb, RecordChange
from patients.record.parts import PARTS, Part, in_words, system_names
from patients.record.texts import Texts


@dataclass(frozen=True, kw_only=True)
class Line:
    """One change: who, when, where, and each field with what it was and became."""

    at: datetime
    actor: User | None
    source: str
    part: str
    slug: str
    verb: str
    entry: int
    values: list[tuple[str, str, str]]


def lines_of(changes: list[RecordChange]) -> list[Line]:
    """Return changes in words, with one query at most; load them with ``select_related("actor")``."""
    systems = system_names() if any(change.part == "numbers" for change in changes) else {}
    return [_line(change, systems) for change in changes]


def _line(change: RecordChange, systems: Texts) -> Line:
    part = PARTS.get(change.part)
    labels = part.labels() if part else {}
    values = [
        (
            labels.get(name, name.replace("_", " ")).capitalize(),
            in_words(part, name, was, systems) if part else was,
            in_words(part, name, became, systems) if part else became,
        )
        for name, (was, became) in change.values.items()
    ]
    return Line(
        at=change.at,
        actor=change.actor,
        source=change.source,
        part=part.title if part else change.part,
        slug=change.part,
        verb=ChangeVerb(change.verb).label,
        entry=change.entry,
        values=values,
    )


def merged(part: Part, *, shown: Texts, now: Texts, mine: Texts) -> tuple[Texts, list[tuple[str, str]]]:
    """Return what a form shows after somebody was faster, and what stands there now, by label.

    Where only the other changed a field theirs is taken, where only this person did theirs stays; where both did,
    the form keeps what was typed and what stands now is said beside it. Saving again decides.
    """
    labels = part.labels()
    taken: Texts = {}
    theirs: list[tuple[str, str]] = []
    for name, typed in mine.items():
        stands = now.get(name, "")
        is_theirs = stands != shown.get(name, "")
        taken[name] = stands if is_theirs and typed == shown.get(name, "") else typed
        if is_theirs:
            theirs.append((labels.get(name, name).capitalize(), in_words(part, name, stands)))
    return taken, theirs
