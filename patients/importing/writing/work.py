"""What one batch is going to write: collected first, then written in a few statements."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from accounts.audit.bulk import Changed, create_trailed, update_trailed, write_trail
from patients.importing.incoming import Incoming, Order, Spot
from patients.importing.writing.comparing import plain, said
from patients.models import ImportChange, ImportedRecord, ImportRun, Patient, RecordChange, number_index, phone_index
from patients.record.many import changes_of_row

ORDER = ("patient", "name", "number", "kin", "allergy", "condition", "medicine", "procedure")
UNSAID = frozenset(
    {"version", "allergies_asked_by", "allergies_asked_at", "recorded_by", "recorded_at", "national_number_index"}
)
"""Fields that the record's history does not repeat: who and when stand in it anyway."""
LINK = ("remote_version", "remote_updated_at", "digest", "said", "run")
"""What a later import writes into the record of an earlier one."""


@dataclass(slots=True)
class Made:
    """A row to be made, and the record by which the other system knows it."""

    row: Any
    link: ImportedRecord | None


@dataclass(slots=True)
class Edit:
    """A row to be changed: as it was, as it shall be, and the fields."""

    kind: str
    before: Any
    row: Any
    names: list[str]


@dataclass(slots=True)
class Work:
    """Rows to make and to change."""

    run: ImportRun
    made: dict[str, list[Made]] = field(default_factory=lambda: defaultdict(list))
    edits: dict[tuple[str, int], Edit] = field(default_factory=dict)
    links: list[ImportedRecord] = field(default_factory=list)
    changed_links: dict[int, tuple[ImportedRecord, dict[str, Any]]] = field(default_factory=dict)
    """By their numbers, with what they said before."""
    orders: list[tuple[Order, Patient, ImportedRecord | None, str]] = field(default_factory=list)
    kept: list[tuple[str, int, Spot, list[str]]] = field(default_factory=list)
    """(kind, row, place, fields) of what stays as somebody here wrote it."""

    @property
    def kept_rows(self) -> list[tuple[str, int]]:
        """Return the rows of which something stays."""
        return [(kind, number) for kind, number, _, _ in self.kept]

    def link_to(self, incoming: Incoming, patient: Patient, digest: str, **more: Any) -> ImportedRecord:
        """Return a new record of what the other system calls something; written with its row."""
        origin = incoming.origin
        return ImportedRecord(
            patient=patient,
            source=origin.source,
            kind=incoming.KIND,
            key=origin.keys[0],
            remote_version=origin.version,
            remote_updated_at=origin.updated,
            digest=digest,
            said=said(incoming.values()),
            begun_by=self.run,
            run=self.run,
            **more,
        )

    def make(self, kind: str, row: Model, link: ImportedRecord | None) -> None:
        """Make a row."""
        self.made[kind].append(Made(row, link))

    def note(self, link: ImportedRecord, incoming: Incoming, digest: str) -> None:
        """Keep what the other system says now, for the next import to compare with."""
        before = {name: plain(getattr(link, name)) for name in LINK if name != "run"}
        self.changed_links.setdefault(link.pk, (link, before | {"id": link.pk, "run": link.run_id}))
        link.remote_version, link.remote_updated_at = incoming.origin.version, incoming.origin.updated
        link.digest, link.said, link.run = digest, link.said | said(incoming.values()), self.run

    def edit(self, kind: str, row: Any, values: dict[str, Any]) -> None:
        """Change fields of a row; several changes of one row become one."""
        if not values:
            return
        known = self.edits.get((kind, row.pk))
        if known is None:
            known = self.edits[kind, row.pk] = Edit(kind, copy(row), row, [])
            if hasattr(row, "version"):
                row.version += 1
                known.names.append("version")
        for name, value in values.items():
            setattr(row, name, value)
            known.names += [name] if name not in known.names else []

    def write_rows(self) -> None:
        """Write the rows, with their trail."""
        entries = []
        for kind in ORDER:
            made = self.made.get(kind, [])
            for one in made:
                _follow(one.row)
            entries += create_trailed([one.row for one in made])
        for kind in ORDER:
            edits = [edit for edit in self.edits.values() if edit.kind == kind]
            entries += update_trailed([Changed(edit.before, edit.row, _columns(edit)) for edit in edits])
        write_trail(entries)

    def write_links(self) -> None:
        """Write by what the other system knows the rows, and what undo needs."""
        for one in (one for made in self.made.values() for one in made):
            if one.link is not None:
                one.link.record_id = one.row.pk
                self.links.append(one.link)
        for link in self.links:
            link.patient_id = link.patient.pk
        ImportedRecord.objects.bulk_create(self.links)
        if self.changed_links:  # bulk_update would take longer to put together than all the rest
            known = [link for link, _ in self.changed_links.values()]
            ImportedRecord.objects.bulk_create(known, update_conflicts=True, unique_fields=["id"], update_fields=LINK)
        ImportChange.objects.bulk_create([*map(self._change, self.edits.values()), *self._relearned()])
        RecordChange.objects.bulk_create([one for edit in self.edits.values() for one in self._history(edit)])

    def _history(self, edit: Edit) -> list[RecordChange]:
        """Return the lines of the record's history; what was made says itself where it came from."""
        names = [name for name in edit.names if name not in UNSAID]
        before, after = ({name: getattr(row, name) for name in names} for row in (edit.before, edit.row))
        return changes_of_row(edit.row, before, after, actor=self.run.actor, source=str(self.run))

    def _change(self, edit: Edit) -> ImportChange:
        names = [name for name in edit.names if name != "version"]
        return ImportChange(
            run=self.run,
            patient=edit.row if edit.kind == "patient" else edit.row.patient,
            kind=edit.kind,
            record_id=edit.row.pk,
            before=said({name: getattr(edit.before, name) for name in names}),
            after=said({name: getattr(edit.row, name) for name in names}),
        )

    def _relearned(self) -> Iterator[ImportChange]:
        """Yield what records of earlier imports said before."""
        for link, before in self.changed_links.values():
            yield ImportChange(
                run=self.run, patient_id=link.patient_id, kind=link.kind, record_id=link.record_id, link=before
            )


def _follow(row: Any) -> None:
    """Take the number of a patient who was made a moment ago."""
    if isinstance(row, Patient):
        return
    row.patient_id = row.patient.pk


def _columns(edit: Edit) -> Sequence[str]:
    """Return the fields to write: a keyed hash follows its number."""
    return with_hashes(edit.row, edit.names)


def with_hashes(row: Any, names: Sequence[str]) -> list[str]:
    """Let the keyed hashes by which a patient is found follow their numbers; return the fields to write."""
    written = [*names]
    if isinstance(row, Patient) and "national_number" in names:
        row.national_number_index = number_index(row.national_number)
        written.append("national_number_index")
    if isinstance(row, Patient) and "phone" in names:
        row.phone_index = phone_index(row.phone)
        written.append("phone_index")
    return written
