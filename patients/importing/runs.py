"""One import from beginning to end: who may, what is read by whom, how far it is, what it says of itself."""

import logging
from collections.abc import Callable, Iterator, Sequence
from time import monotonic
from typing import Any, Protocol

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from patients import permissions
from patients.importing.csv.columns import Layout
from patients.importing.csv.reading import CsvReader
from patients.importing.fhir.context import Systems
from patients.importing.fhir.reading import FhirReader
from patients.importing.incoming import Batch
from patients.importing.report import ImportFileError, Report, totals
from patients.importing.sources import Source
from patients.importing.writing import Writer
from patients.models import IdentifierSystem, ImportKind, ImportRun, ImportState

logger = logging.getLogger(__name__)
TITLE = 200
SECONDS_BETWEEN = 1.0
"""How often it is noted how far an import is."""
NO_SYSTEM = (
    "No system is configured as the one that gives our MRN, and the first number of a patient is never taken for it. "
    "Name it in the admin under “Identifier systems”, or once with --mrn-system URI."
)
LIMITED = "Your role is limited to some sites or specialties, and an import reaches all patients. Ask a colleague."
BROKEN = "The import stopped: something is wrong with this program, not with the file. Tell who runs it the number {}."


class Reader(Protocol):
    """What reads files of one sort."""

    report: Report

    def batches(self, sources: Sequence[Source]) -> Iterator[Batch]:
        """Yield what to write."""
        ...


def demand_importer(actor: User) -> None:
    """Raise :class:`PermissionDenied` unless ``actor`` may import, and into the whole hospital."""
    authorise(actor, permissions.IMPORT)
    if all(grant.is_limited for grant in actor.grants_of(permissions.IMPORT)):
        raise PermissionDenied(LIMITED)


def begin(
    *,
    actor: User,
    kind: str,
    title: str,
    dry_run: bool,
    source: str = "",
    state: str = ImportState.WAITING,
    options: dict[str, Any] | None = None,
) -> ImportRun:
    """Put on record that an import is to be made."""
    demand_importer(actor)
    with transaction.atomic(durable=True):
        return ImportRun.objects.create(
            kind=kind,
            title=title[:TITLE],
            dry_run=dry_run,
            actor=actor,
            source=source[:TITLE],
            state=state,
            options=options or {},
        )


def carry_out(
    *, actor: User, run: ImportRun, sources: Sequence[Source], advance: Callable[[int], object] = lambda _: None
) -> ImportRun:
    """Read the files and write what may stand; each batch is a transaction of its own. Safe to repeat.

    Raises :class:`ImportFileError` where nothing could be read at all. The run says the same.
    """
    demand_importer(actor)
    try:
        reader = _reader(run)
        _set(run, state=ImportState.RUNNING, done=0)
        _work(actor, run, reader, sources, advance)
    except ImportFileError as error:
        _fail(run, str(error))
        raise
    except Exception:
        logger.exception("Import %s stopped.", run.pk)
        _fail(run, BROKEN.format(run.pk))
        raise
    return run


def _work(
    actor: User, run: ImportRun, reader: Reader, sources: Sequence[Source], advance: Callable[[int], object]
) -> None:
    writer = Writer(actor=actor, run=run, report=reader.report)
    noted, told = monotonic(), 0
    for batch in reader.batches(sources):
        writer.write(batch)
        advance(batch.size)
        told += batch.size
        if monotonic() - noted > SECONDS_BETWEEN:
            noted = monotonic()
            ImportRun.objects.filter(pk=run.pk).update(done=told)
    report = reader.report.as_json()
    _set(
        run,
        state=ImportState.DONE,
        done=report["entries"],
        total=report["entries"],
        finished_at=timezone.now(),
        counts=totals(report),
        report=report,
    )


def _reader(run: ImportRun) -> Reader:
    report = Report()
    if run.kind == ImportKind.FHIR:
        systems = Systems.load()
        if not systems.ours:
            raise ImportFileError(NO_SYSTEM)
        return FhirReader(systems=systems, report=report, source=run.source)
    return CsvReader(layout=layout_of(run.options), report=report, source=run.source or "csv")


def layout_of(options: dict[str, Any]) -> Layout:
    """Return how a CSV file is to be read, as it was kept with the import."""
    names = ("columns", "date_format", "encoding", "delimiter")
    return Layout(**{name: options[name] for name in names if name in options})


def _fail(run: ImportRun, words: str) -> None:
    report = Report().as_json() | {"failure": words}
    _set(run, state=ImportState.FAILED, finished_at=timezone.now(), report=report)


def _set(run: ImportRun, **values: Any) -> None:
    for name, value in values.items():
        setattr(run, name, value)
    with transaction.atomic(durable=True):
        run.save(update_fields=[*values])


def configure_mrn_system(*, actor: User, uri: str, name: str = "MRN") -> IdentifierSystem:
    """Say, the first time, whose numbers are our MRNs. Raises :class:`ImportFileError` where that is said already."""
    demand_importer(actor)
    with transaction.atomic(durable=True):
        ours = IdentifierSystem.objects.select_for_update().filter(is_ours=True).first()
        if ours is not None and ours.uri != uri:
            raise ImportFileError(f"{ours.uri} gives our MRN here. Change that in the admin, if it is wrong.")
        if ours is None:
            ours, _ = IdentifierSystem.objects.update_or_create(
                uri=uri, defaults={"is_ours": True}, create_defaults={"is_ours": True, "name": name}
            )
    return ours
