"""How rows change hands: one by one, each on the trails, with what undo needs to know of it."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.apps import apps
from django.db.models import Model

from accounts.models import User
from patients.merging.followers import followers
from patients.merging.rules import RULES
from patients.models import ChangeVerb, Patient
from patients.record.changes import note_change
from patients.record.parts import DETAIL_PARTS, ENTRY_PARTS
from patients.record.texts import as_text
from patients.rights.holdings import holdings


def movable() -> list[tuple[type[Model], str]]:
    """Return every table whose rows follow the patient, with the field that names the patient."""
    direct = [(one.model, one.path) for one in holdings() if one.is_direct and one.moves]
    return [*direct, (Patient, "merged_into")]


def column_of(model: type[Model], path: str) -> str:
    """Return the attribute that holds the patient's number."""
    return model._meta.get_field(path).attname  # type: ignore[union-attr]  # noqa: SLF001


def plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    return value.isoformat() if isinstance(value, date) else value  # an instant is one, too


def read(row: Model, name: str, value: Any) -> Any:
    """Return a value from JSON as the row's attribute has it."""
    one = next(f for f in row._meta.concrete_fields if name in (f.name, f.attname))  # noqa: SLF001
    return one.to_python(value) if value is not None else None


@contextmanager
def on_record(patient: Patient, actor: User) -> Iterator[None]:
    """Keep in the record's history what a step changes of the patient's own details."""
    before = {slug: part.texts(patient) for slug, part in DETAIL_PARTS.items()}
    yield
    for slug, part in DETAIL_PARTS.items():
        note_change(patient.pk, slug, before=before[slug], after=part.texts(patient), actor=actor)


def note_entry(row: Any, actor: User, changed: dict[str, list[Any]] | None = None, *, verb: str) -> None:
    """Keep in the record's history what became of one entry, if it is one that pages show."""
    part = next((one for one in ENTRY_PARTS.values() if isinstance(row, one.model)), None)
    if part is None:
        return
    now = part.texts(row)
    pairs = {name: [as_text(one) for one in pair] for name, pair in (changed or {}).items() if name in now}
    if changed is None:
        pairs = {name: ["", text] if verb == ChangeVerb.ADDED else [text, ""] for name, text in now.items()}
    before, after = ({name: pair[at] for name, pair in pairs.items()} for at in (0, 1))
    note_change(row.patient_id, part.slug, entry=row.pk, verb=verb, before=before, after=after, actor=actor)


def write(row: Model, values: dict[str, Any]) -> dict[str, list[Any]]:
    """Save what differs; return it, before and after, as JSON has it."""
    found = {name: [plain(getattr(row, name)), plain(value)] for name, value in values.items()}
    changed = {name: pair for name, pair in found.items() if pair[0] != pair[1]}
    for name in changed:
        setattr(row, name, values[name])
    if changed:
        meta = row._meta  # noqa: SLF001  # Django's public name for it
        names = {f.attname: f.name for f in meta.concrete_fields}
        row.save(update_fields=[names.get(name, name) for name in changed])
    return changed


@dataclass(kw_only=True)
class Ledger:
    """What one merge did, as :class:`~patients.models.PatientMerge` keeps it."""

    survivor: Patient
    duplicate: Patient
    actor: User
    moved: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    rows: list[dict[str, Any]] = field(default_factory=list)
    made: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def move_all(self) -> None:
        """Move every row of the duplicate that can stand beside the survivor's; settle the others."""
        for model, path in movable():
            self._move(model, path)
        for one in followers():
            label = one.rows([self.survivor.pk]).model._meta.label_lower  # noqa: SLF001
            one.moved(self.moved.get(label, []))

    def _move(self, model: type[Model], path: str) -> None:
        rule = RULES.get(model)
        standing = {}
        if rule:
            theirs = model._base_manager.filter(**{path: self.survivor.pk}).order_by("pk")  # noqa: SLF001
            standing = {key: row for row in theirs if (key := rule.key(row)) is not None}
        for row in model._base_manager.filter(**{path: self.duplicate.pk}).order_by("pk"):  # noqa: SLF001
            key = rule.key(row) if rule else None
            if rule and key in standing:
                self.change(standing[key], rule.settle(standing[key], row))
                continue
            setattr(row, column_of(model, path), self.survivor.pk)
            row.save(update_fields=[path])
            self.moved[model._meta.label_lower].append(row.pk)  # noqa: SLF001

    def change(self, row: Any, values: dict[str, Any]) -> None:
        """Change a row of the survivor's, and remember what it was."""
        if hasattr(row, "version") and any(getattr(row, name) != value for name, value in values.items()):
            values = {**values, "version": row.version + 1}  # whoever has it open is told
        if changed := write(row, values):
            label = row._meta.label_lower  # noqa: SLF001
            self.rows.append({"model": label, "pk": row.pk, "values": changed})
            note_entry(row, self.actor, changed, verb=ChangeVerb.CHANGED)

    def make(self, row: Model) -> None:
        """Save a new row of the survivor's, and remember it."""
        row.save()
        note_entry(row, self.actor, verb=ChangeVerb.ADDED)
        self.made[row._meta.label_lower].append(row.pk)  # noqa: SLF001


def model_of(label: str) -> type[Model] | None:
    """Return a model by its label; ``None`` where this release has none any more."""
    try:
        return apps.get_model(label)
    except LookupError:
        return None
