"""One batch, one transaction: everything of it that may stand is written, or nothing of it is."""

import logging
from collections.abc import Sequence

from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from patients.importing.incoming import Batch, Group, Known, Person
from patients.importing.report import Remark, Report
from patients.importing.writing.entries import Entries
from patients.importing.writing.here import MODELS, Here
from patients.importing.writing.people import People, RefusedError
from patients.importing.writing.work import Work
from patients.models import IdentifierSystem, ImportRun, Patient

logger = logging.getLogger(__name__)
ATTEMPTS = 2
NOWHERE = "refers to a patient who is neither in the files nor known here."
CLOSED = "The patient's record is restricted or erased here; an import does not touch it."
OF_REFUSED = "belongs to a patient who was refused: {}."
FAILED = "could not be written: the database refused it ({}). Nothing of this {} was written; run the import again."


class Writer:
    """Writes the batches of one import, one after the other."""

    def __init__(self, *, actor: User, run: ImportRun, report: Report) -> None:
        self._actor, self._run, self._report = actor, run, report
        self._systems = {row.uri: row for row in IdentifierSystem.objects.all()}

    def write(self, batch: Batch) -> None:
        """Write a batch; in a trial, take it back again. What can't be written is in the report."""
        for attempt in range(1, ATTEMPTS + 1):
            report = Report()
            try:
                with transaction.atomic(durable=True):
                    _Attempt(self._actor, self._run, self._systems, report).write(batch)
                    transaction.set_rollback(self._run.dry_run)
            except IntegrityError as error:
                # Somebody wrote the same number meanwhile, past the import's locks: the second time, it is found.
                if attempt == ATTEMPTS:
                    self._fail(batch, error)
            except DatabaseError as error:
                self._fail(batch, error)
                return
            else:
                self._report.add(report)
                return

    def _fail(self, batch: Batch, error: DatabaseError) -> None:
        if batch.divisible and len(batch.groups) > 1:
            for group in batch.groups:
                self.write(Batch(groups=[group]))
            return
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or type(error).__name__
        logger.error("A batch of import %s was not written.", self._run.pk, exc_info=error)
        for one in (one for group in batch.groups for one in group.everything):
            unit = "Bundle" if one.origin.spot.unit == "entry" else "patient"
            self._report.refuse(one.KIND, one.origin.spot, FAILED.format(name, unit))


class _Attempt:
    """The inside of one transaction."""

    def __init__(self, actor: User, run: ImportRun, systems: dict[str, IdentifierSystem], report: Report) -> None:
        self._actor, self._systems, self._report = actor, systems, report
        self._work = Work(run)

    def write(self, batch: Batch) -> None:
        here = Here.load(batch, self._systems)
        people = People(here, self._work, self._report)
        entries = Entries(self._actor, here, self._work, self._report)
        entries.prepare(batch.groups)
        for group in batch.groups:
            if patient := self._patient(group, here, people):
                entries.write(group, patient)
        self._work.write_rows()
        entries.place_orders()
        self._work.write_links()
        self._say_what_was_kept()

    def _patient(self, group: Group, here: Here, people: People) -> Patient | None:
        if isinstance(group.whose, Known):
            return self._known(group, here)
        try:
            return people.write(group.whose)[0]
        except RefusedError as reason:
            self._refuse_all(group, group.whose, str(reason))
            return None

    def _known(self, group: Group, here: Here) -> Patient | None:
        patient = here.whose(group.whose)
        if patient is not None and patient.pk not in here.closed:
            return patient
        for one in group.everything:
            self._report.refuse(one.KIND, one.origin.spot, NOWHERE if patient is None else CLOSED)
        return None

    def _refuse_all(self, group: Group, person: Person, reason: str) -> None:
        for one in group.everything:
            text = reason if one is person else OF_REFUSED.format(person.origin.spot)
            self._report.refuse(one.KIND, one.origin.spot, text)

    def _say_what_was_kept(self) -> None:
        """Name the fields that somebody here wrote, and when."""
        changed = _last_changes(self._work.kept_rows)
        for kind, number, spot, names in self._work.kept:
            words = ", ".join(name.replace("_", " ") for name in sorted(names))
            when = changed.get((kind, number), "entered here")
            self._report.say(Remark.KEPT, spot, f"says otherwise; {when}.", words)


def _last_changes(rows: Sequence[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Return when each row was last changed by a person, as the trail has it."""
    found: dict[tuple[str, int], str] = {}
    for kind in {kind for kind, _ in rows}:
        numbers = [number for of, number in rows if of == kind]
        content_type = ContentType.objects.get_for_model(MODELS[kind])
        entries = LogEntry.objects.filter(content_type=content_type, object_id__in=numbers).order_by("pk")
        for number, at in entries.values_list("object_id", "timestamp"):
            found[kind, int(number)] = f"changed here on {timezone.localtime(at):%-d %b %Y %H:%M}"
    return found
