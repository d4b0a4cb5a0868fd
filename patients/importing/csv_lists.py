"""A list that was uploaded: what its columns seem to be, and trying it with what somebody says they are."""

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import User
from patients.importing.csv.columns import Layout, fitting_formats, guess
from patients.importing.csv.tables import Table, open_table
from patients.importing.runs import begin, demand_importer
from patients.importing.uploads import GONE, STARTED, kept, start
from patients.models import ImportFile, ImportRun, ImportState

SHOWN = 5
"""Rows of the preview."""
LOOKED_AT = 200
"""Rows from which the format of dates is proposed."""


def table_of(run: ImportRun, encoding: str = "") -> Table:
    """Return the list. Raises :class:`ValidationError` once it is gone, ``ImportFileError`` for no list."""
    sources = kept(run)
    if not sources:
        raise ValidationError(GONE)
    return open_table(sources[0], encoding=encoding or run.options.get("encoding", ""))


def guesses(run: ImportRun, table: Table) -> tuple[dict[str, int], str]:
    """Return which column each field is, as was said before or as the headers say, and the one format of all dates.

    Where the dates of the first rows could be read in two ways, none is proposed.
    """
    if run.options.get("columns"):
        return run.options["columns"], run.options.get("date_format", "")
    found = guess(table.header)
    at = [found[name] for name in ("date_of_birth", "deceased_on") if name in found]
    texts = [row[place].strip() for row in table.first(LOOKED_AT) for place in at]
    formats = fitting_formats([text for text in texts if text])
    return found, formats[0] if len(formats) == 1 else ""


def try_list(*, actor: User, run_id: int, layout: Layout) -> ImportRun:
    """Try a list as a dry run; one that was tried before is tried again as another run."""
    demand_importer(actor)
    run = ImportRun.objects.get(pk=run_id)
    if run.state == ImportState.UPLOADED:
        with transaction.atomic(durable=True):
            run.options, run.dry_run = layout.as_json(), True
            run.save(update_fields=["options", "dry_run"])
        return start(actor=actor, run_id=run.pk)
    if not run.dry_run or run.is_open:
        raise ValidationError(STARTED)
    again = begin(actor=actor, kind=run.kind, title=run.title, dry_run=True, options=layout.as_json())
    with transaction.atomic(durable=True):
        ImportFile.objects.filter(run=run).update(run=again)
    return start(actor=actor, run_id=again.pk)
