"""Files that were uploaded: kept encrypted in the database until they are worked through, a day at most.

In the database, because every server and every worker reaches it, and it is backed up and erased as the rest.
"""

import base64
import io
import zlib
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Protocol

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.models import User
from patients.importing.report import ImportFileError
from patients.importing.runs import begin, carry_out, demand_importer
from patients.importing.sources import MEGABYTE, Source, from_bytes
from patients.models import ImportFile, ImportKind, ImportRun, ImportState

LARGEST = 50 * MEGABYTE
"""Bytes of one upload; the proxy allows a little more (Caddyfile). More comes in by the command."""
MOST_FILES = 100
AT_ONCE = 2 * MEGABYTE
"""Bytes up to which an upload is worked through while the browser waits: about a second."""
PART = 4 * MEGABYTE
KEPT = timedelta(days=1)
REPORTS_KEPT = timedelta(days=90)
"""After that only the counts of a report stay: its lines quote what files said, and a file's name may be a person's."""
NAME = 200
TOO_MUCH = f"These are {{}} MB; an upload may have {LARGEST // MEGABYTE}. Use manage.py import_fhir for more."
TOO_MANY = f"At most {MOST_FILES} files at once. Use manage.py import_fhir for more."
NOBODY_WORKS = "No worker can be reached at this moment. Start it again in a minute."
GONE = "The file is no longer kept. Upload it again."
STARTED = "This import was started already."


class Upload(Protocol):
    """A file as Django receives it."""

    name: str | None
    size: int | None

    def read(self) -> bytes:
        """Return all of it."""
        ...


def receive(*, actor: User, kind: str, files: Sequence[Upload], dry_run: bool) -> ImportRun:
    """Keep files and put on record that they came. Raises :class:`ValidationError` for too many or too much."""
    demand_importer(actor)
    size = sum(file.size or 0 for file in files)
    if size > LARGEST:
        raise ValidationError(TOO_MUCH.format(size // MEGABYTE))
    if len(files) > MOST_FILES:
        raise ValidationError(TOO_MANY)
    names = [_name(file) for file in files]
    title = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")  # noqa: PLR2004
    state = ImportState.WAITING if kind == ImportKind.FHIR else ImportState.UPLOADED
    run = begin(actor=actor, kind=kind, title=title, dry_run=dry_run, state=state)
    with transaction.atomic(durable=True):
        for number, file in enumerate(files):
            _keep(run, number, names[number], file.read())
    return run


def _name(file: Upload) -> str:
    plain = (file.name or "file").replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in plain if letter.isprintable())[-NAME:] or "file"


def _keep(run: ImportRun, number: int, name: str, content: bytes) -> None:
    for part, start in enumerate(range(0, len(content) or 1, PART)):
        packed = zlib.compress(content[start : start + PART], 6)
        ImportFile.objects.create(
            run=run,
            name=name,
            size=len(content),
            number=number,
            part=part,
            content=base64.b64encode(packed).decode(),
        )


def kept(run: ImportRun) -> list[Source]:
    """Return the files of an import."""
    rows = ImportFile.objects.filter(run=run).order_by("number", "part")
    found = []
    for _, parts in groupby(rows, key=lambda row: row.number):
        content, name = io.BytesIO(), ""
        for row in parts:
            name = row.name
            content.write(zlib.decompress(base64.b64decode(row.content)))
        found.append(from_bytes(name, content.getvalue()))
    return found


def size_of(run: ImportRun) -> int:
    """Return how many bytes are kept of an import's files, unpacked."""
    return sum(ImportFile.objects.filter(run=run, part=0).values_list("size", flat=True))


def start(*, actor: User, run_id: int) -> ImportRun:
    """Work a small upload through at once; hand over a large one to a worker.

    Raises :class:`ValidationError` where it was started already, its files are gone, or no worker can be reached.
    """
    demand_importer(actor)
    run = _claim(run_id)
    if size_of(run) <= AT_ONCE:
        work_through(run.pk)
    else:
        from patients.tasks import carry_out_import  # noqa: PLC0415  # which asks this module

        try:
            carry_out_import.delay(run.pk)
        except OperationalError as error:
            raise ValidationError(NOBODY_WORKS) from error
    run.refresh_from_db()
    return run


def _claim(run_id: int) -> ImportRun:
    with transaction.atomic(durable=True):
        run = ImportRun.objects.select_for_update().get(pk=run_id)
        if run.state not in (ImportState.UPLOADED, ImportState.WAITING):
            raise ValidationError(STARTED)
        if not run.parts.exists():
            raise ValidationError(GONE)
        run.state = ImportState.WAITING
        run.save(update_fields=["state"])
    return run


def work_through(run_id: int) -> None:
    """Carry an import of kept files out, in the name of who uploaded them; done twice, it changes nothing more."""
    run = ImportRun.objects.select_related("actor").get(pk=run_id)
    if run.state not in (ImportState.WAITING, ImportState.RUNNING):
        return
    try:
        carry_out(actor=run.actor, run=run, sources=kept(run))
    except ImportFileError:
        return  # the run says why
    if not run.dry_run:
        forget([run.pk])


def for_real(*, actor: User, run_id: int) -> ImportRun:
    """Begin the import that a dry run tried, with its files."""
    demand_importer(actor)
    tried = ImportRun.objects.get(pk=run_id)
    if not (tried.dry_run and tried.state == ImportState.DONE and tried.parts.exists()):
        raise ValidationError(GONE)
    run = begin(
        actor=actor,
        kind=tried.kind,
        title=tried.title,
        dry_run=False,
        source=tried.source,
        options=tried.options,
    )
    with transaction.atomic(durable=True):
        ImportFile.objects.filter(run=tried).update(run=run)
    return start(actor=actor, run_id=run.pk)


def forget(runs: Iterable[int]) -> int:
    """Delete what is kept of imports' files; return how many parts."""
    with transaction.atomic():
        return int(ImportFile.objects.filter(run__in=list(runs)).delete()[0])


def forget_old() -> int:
    """Delete the files of imports that nobody went on with, and what old reports say of single records."""
    now = timezone.now()
    for run in ImportRun.objects.filter(created_at__lt=now - REPORTS_KEPT).exclude(title=""):
        run.title, run.report = "", run.report | {"lines": []}
        with transaction.atomic():
            run.save(update_fields=["title", "report"])
    old = ImportRun.objects.filter(parts__isnull=False, created_at__lt=now - KEPT)
    return forget(old.values_list("pk", flat=True).distinct())
