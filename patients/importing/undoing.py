"""Takes a whole import back, but for patients of whom something was changed or used since."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from accounts.audit.bulk import Changed, update_trailed, write_trail
from accounts.models import User
from patients.importing.runs import demand_importer
from patients.importing.writing.comparing import plain
from patients.importing.writing.here import MODELS
from patients.importing.writing.work import with_hashes
from patients.models import (
    DuplicatePair,
    ImportChange,
    ImportedRecord,
    ImportRun,
    ImportState,
    NameWord,
    Patient,
    RecordChange,
)
from patients.record.many import changes_of_row
from patients.rights.holdings import holdings

NOT_DONE = "Only an import that is done, and was no dry run, can be undone."
UNDONE = "This import is undone already."
_OURS = (ImportedRecord, ImportChange, RecordChange, NameWord, DuplicatePair)
"""What follows from an import, or is worked out from the record: none of it is something that was added."""
_KINDS = ("patient", *(kind for kind in MODELS if kind != "patient"))


def undo_import(*, actor: User, run_id: int) -> ImportRun:
    """Delete what an import made and put back what it changed, patient by patient, each whole or not at all.

    The run's ``undo_report`` lists the patients who stay as they are, with the reasons. It may be repeated for those.
    Raises :class:`ValidationError` where there is nothing to undo.
    """
    demand_importer(actor)
    run = ImportRun.objects.get(pk=run_id)
    if run.state != ImportState.DONE or run.dry_run:
        raise ValidationError(NOT_DONE)
    if run.undone_at and not run.undo_report.get("kept"):
        raise ValidationError(UNDONE)
    done, kept = 0, []
    for number in _patients(run):
        reasons = _undo_patient(actor, run, number)
        done += not reasons
        kept += [{"patient": number, "reasons": reasons}] if reasons else []
    with transaction.atomic(durable=True):
        run.undone_by, run.undone_at = actor, timezone.now()
        earlier = run.undo_report.get("done", 0) if run.undo_report else 0
        run.undo_report = {"done": done + earlier, "kept": kept}
        run.save(update_fields=["undone_by", "undone_at", "undo_report"])
    return run


def _patients(run: ImportRun) -> list[int]:
    begun = ImportedRecord.objects.filter(begun_by=run).values_list("patient_id", flat=True)
    changed = ImportChange.objects.filter(run=run).values_list("patient_id", flat=True)
    return sorted({*begun, *changed})


def _undo_patient(actor: User, run: ImportRun, number: int) -> list[str]:
    """Undo all of one patient, or return why not."""
    with transaction.atomic(durable=True):
        patient = Patient.objects.select_for_update(no_key=True).filter(pk=number).first()
        if patient is None:
            return []
        traces = _Traces(actor, run, patient)
        reasons = list(dict.fromkeys(traces.obstacles()))
        if not reasons:
            traces.take_back()
    return reasons


class _Traces:
    """What one import left of one patient."""

    def __init__(self, actor: User, run: ImportRun, patient: Patient) -> None:
        self._actor, self._run, self._patient = actor, run, patient
        self._links = list(ImportedRecord.objects.filter(patient=patient, begun_by=run).order_by("-pk"))
        self._changes = list(ImportChange.objects.filter(patient=patient, run=run).order_by("-pk"))
        self._made = {(link.kind, link.record_id) for link in self._links if link.made_by_id == run.pk}
        self._rows = self._read()

    @property
    def _is_new(self) -> bool:
        return ("patient", self._patient.pk) in self._made

    def _read(self) -> dict[tuple[str, int], Any]:
        wanted = defaultdict(set)
        for kind, number in [*self._made, *((change.kind, change.record_id) for change in self._changes)]:
            if kind in MODELS and number:
                wanted[kind].add(number)
        found: dict[tuple[str, int], Any] = {}
        for kind, numbers in wanted.items():
            rows = MODELS[kind]._default_manager.filter(pk__in=numbers)  # noqa: SLF001  # Django's public name
            found |= {(kind, row.pk): row for row in rows}
        return found

    def obstacles(self) -> Iterator[str]:
        """Yield what keeps the patient from being put back as they were."""
        later = [link for link in self._links if link.run_id != self._run.pk]
        touched = ImportChange.objects.filter(patient=self._patient, run__gt=self._run.pk)
        for number in sorted({link.run_id for link in later} | {one.run_id for one in touched}):
            yield f"Import {number} changed something since."
        if any(link.kind == "order" for link in self._links):
            yield "An operation was requested. Cancel it first."
        yield from self._changed_here()
        if self._is_new:
            yield from self._used()

    def _changed_here(self) -> Iterator[str]:
        edits: dict[tuple[str, int | None], list[ImportChange]] = defaultdict(list)
        for change in self._changes:
            if change.after:
                edits[change.kind, change.record_id].append(change)
        for (kind, number), row in self._rows.items():
            theirs = edits[kind, number]
            expected = {name: value for change in reversed(theirs) for name, value in change.after.items()}
            differs = any(plain(getattr(row, name)) != value for name, value in expected.items())
            is_counted = (kind, number) in self._made and hasattr(row, "version")
            if differs or (is_counted and row.version != 1 + len(theirs)) or self._was_saved_since(row):
                yield f"{_named(kind)} was changed since."
        if any(kind in MODELS and (kind, number) not in self._rows for kind, number in self._made):
            yield "Something was removed since."

    def _was_saved_since(self, row: Model) -> bool:
        kind = ContentType.objects.get_for_model(row)
        saved = LogEntry.objects.filter(content_type=kind, object_id=row.pk, timestamp__gt=self._run.finished_at)
        return bool(saved.exists())

    def _used(self) -> Iterator[str]:
        """Yield what was added to a patient who was new."""
        for one in holdings():
            if one.model is Patient or one.model in _OURS:
                continue
            kind = next((kind for kind, model in MODELS.items() if model is one.model), "")
            mine = {number for of, number in self._made if of == kind and number}
            added = one.rows(self._patient.pk).exclude(pk__in=mine)
            # Names, numbers and next of kin came with the patient, and no other system knows them by themselves.
            is_beside = kind in ("name", "number", "kin")
            if any(map(self._was_saved_since, added)) if is_beside else added.exists():
                yield f"Something was added since: {one.title.lower()}."

    def take_back(self) -> None:
        """Put back, then delete."""
        for change in self._changes:
            self._put_back(change)
        ImportChange.objects.filter(pk__in=[change.pk for change in self._changes]).delete()
        ImportedRecord.objects.filter(pk__in=[link.pk for link in self._links]).delete()
        for kind in reversed(_KINDS):
            for (of, number), row in self._rows.items():
                if of == kind and (of, number) in self._made and not (self._is_new and kind != "patient"):
                    row.delete()

    def _put_back(self, change: ImportChange) -> None:
        if change.link:
            state = dict(change.link)
            updated = state["remote_updated_at"]
            state["remote_updated_at"] = datetime.fromisoformat(updated) if updated else None
            ImportedRecord.objects.filter(pk=state.pop("id")).update(
                **{"run_id" if name == "run" else name: value for name, value in state.items()}
            )
        row = self._rows.get((change.kind, change.record_id or 0))
        if row is None or not change.before or (change.kind, change.record_id) in self._made:
            return
        before = type(row)._default_manager.get(pk=row.pk)  # noqa: SLF001  # Django's public name for it
        for name, value in change.before.items():
            setattr(row, name, row._meta.get_field(name).to_python(value))  # noqa: SLF001
        names = [*change.before]
        was, became = ({name: getattr(one, name) for name in names} for one in (before, row))
        source = f"Undo of {self._run}"
        RecordChange.objects.bulk_create(changes_of_row(row, was, became, actor=self._actor, source=source))
        if hasattr(row, "version"):
            row.version += 1
            names.append("version")
        write_trail(update_trailed([Changed(before, row, with_hashes(row, names))]))


def _named(kind: str) -> str:
    words = {"patient": "The patient", "name": "A name", "kin": "The next of kin", "number": "A number"}
    return words.get(kind, f"The {kind}")
