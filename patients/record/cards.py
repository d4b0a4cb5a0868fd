"""The cards of a patient's page: what each part of the record says, and its form where somebody is filling it in."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Model

from accounts.models import User
from patients.models import Course, PastProcedure, Patient
from patients.models.clinical import HEEDED
from patients.record.alerts import language_name
from patients.record.forms import SUBSTANCES, PartForm, consent_field
from patients.record.locking import is_closed
from patients.record.parts import ENTRY_PARTS, PARTS, DetailPart, EntryPart, Part

DRAWN, DRAWN_PAST = 50, 20
"""So many entries of a list are drawn until somebody asks for all: some records have thousands."""
SHOWN_PROCEDURES = 8
"""So many of the newest are shown at once, and each of which it is told how it went."""


@dataclass(kw_only=True)
class Filling:
    """A form that is open on a card, of one entry or a new one; ``theirs`` is what somebody else wrote meanwhile."""

    form: PartForm
    shown: str
    entry: Any = None
    theirs: list[tuple[str, str]] = field(default_factory=list)
    refused: str = ""


@dataclass(kw_only=True)
class Card:
    """One part of the record. ``current`` are the entries that count, ``past`` those that do not any more.

    Of long lists the page draws the first (``drawn``, ``drawn_past``) unless the card is asked for ``whole``.
    """

    part: Part
    patient: Patient
    may_change: bool
    current: list[Any] = field(default_factory=list)
    past: list[Any] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    filling: Filling | None = None
    saved: str = ""
    refused: str = ""
    whole: bool = False

    @property
    def drawn(self) -> list[Any]:
        """Return the entries that count, as far as they are drawn."""
        return self.current if self.whole else self.current[:DRAWN]

    @property
    def drawn_past(self) -> list[Any]:
        """Return the others, as far as they are drawn."""
        return self.past if self.whole else self.past[:DRAWN_PAST]

    @property
    def left_out(self) -> int:
        """Return how many entries are not drawn."""
        return len(self.current) + len(self.past) - len(self.drawn) - len(self.drawn_past)

    @property
    def is_list(self) -> bool:
        """Say whether the part is a list of entries."""
        return isinstance(self.part, EntryPart)

    @property
    def is_of_chart(self) -> bool:
        """Say whether it is about the patient's health, which other people change than who the patient is."""
        return self.part.slug in ENTRY_PARTS and ENTRY_PARTS[self.part.slug].keeps

    @property
    def row_template(self) -> str:
        """Return the template that draws an entry, or the details."""
        return f"patients/record/_{self.part.slug}.html"

    @property
    def suggestions(self) -> tuple[str, ...]:
        """Return what is often typed into the first field."""
        return SUBSTANCES if self.part.slug == "allergies" else ()


def card_of(part: Part, patient: Patient, viewer: User, **state: Any) -> Card:
    """Return one card."""
    return _card(part, patient, may_change=viewer.can(part.capability) and not is_closed(viewer, patient), **state)


def _card(part: Part, patient: Patient, **state: Any) -> Card:
    """Read one card with one query, two for the contact."""
    card = Card(part=part, patient=patient, **state)
    if isinstance(part, EntryPart):
        rows = part.rows(patient)
        if "recorded_by" in {one.name for one in part.model._meta.fields}:  # noqa: SLF001  # Django's public name for it
            rows = rows.select_related("recorded_by")
        if part.slug == "numbers":
            rows = rows.select_related("system")
        _sort(card, part, list(rows))
    elif isinstance(part, DetailPart):
        card.facts = part.read(patient)
        if part.slug == "contact":
            card.facts = _contact(patient, card.facts)
    return card


def cards_of(patient: Patient, viewer: User) -> dict[str, Card]:
    """Return all cards by slug."""
    is_open = not is_closed(viewer, patient)
    return {
        slug: _card(part, patient, may_change=is_open and viewer.can(part.capability)) for slug, part in PARTS.items()
    }


def _sort(card: Card, part: EntryPart, rows: list[Any]) -> None:
    for row in rows:
        (card.current if not part.keeps or _counts(row) else card.past).append(row)
    if part.slug == "procedures":
        card.current.sort(key=lambda row: row.performed_on or date.min, reverse=True)
        heeded = [row for at, row in enumerate(card.current) if at < SHOWN_PROCEDURES or _says_how_it_went(row)]
        _keep(card, heeded)
    if part.slug == "assessments":
        _keep(card, card.current[:1])


def _says_how_it_went(row: PastProcedure) -> bool:
    return bool(row.complications or row.anaesthesia)


def _keep(card: Card, shown: list[Any]) -> None:
    """Leave the rest of the current entries to those that are folded away."""
    card.past = [row for row in card.current if row not in shown] + card.past
    card.current = shown


def _counts(row: Model) -> bool:
    course = getattr(row, "course", Course.ACTIVE)
    return getattr(row, "certainty", "") in HEEDED and course == Course.ACTIVE


def _contact(patient: Patient, facts: dict[str, Any]) -> dict[str, Any]:
    channels = patient.contact_consents.model._meta.get_field("channel").flatchoices  # noqa: SLF001
    consents = [(str(label), facts.get(consent_field(value))) for value, label in channels]
    return facts | {"language_name": language_name(patient.language), "consents": consents}
