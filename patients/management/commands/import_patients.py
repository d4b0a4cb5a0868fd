"""``manage.py import_patients``: a list of patients from CSV, or taking an import back."""

from pathlib import Path
from time import perf_counter
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from accounts.commanding import NoActorError, find_actor, in_name_of
from accounts.models import User
from patients import permissions
from patients.importing.csv.columns import DATE_FORMATS, FIELDS, Layout, fitting_formats, guess, plain
from patients.importing.csv.tables import Table, open_table
from patients.importing.report import ImportFileError, printed, totals, write
from patients.importing.runs import begin, carry_out
from patients.importing.sources import from_paths
from patients.importing.undoing import undo_import
from patients.management.commands.import_fhir import NOTHING_WRITTEN, SOME_REFUSED, check_report
from patients.models import ImportKind, ImportRun


class Command(BaseCommand):
    """Import a list, or take an import back."""

    help = (
        "Import a list of patients from a CSV file with a header line, or undo a whole import. Columns are known by "
        "their headers, or named with --map. Safe to run again. Exit code: 0 all was worked through, 2 something was "
        "refused or could not be undone, 1 nothing was written."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Say what can be chosen."""
        parser.add_argument("file", nargs="?", type=Path, help="the list, a CSV file with a header line")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="FIELD=HEADER",
            help=f"which column is which; an empty header leaves a field out. Fields: {', '.join(FIELDS)}",
        )
        parser.add_argument("--date-format", default="", choices=["", *DATE_FORMATS], help="how dates are written")
        parser.add_argument("--encoding", default="", help="utf-8, utf-16, cp1252 … (default: found out)")
        parser.add_argument("--delimiter", default="", help="what separates the values (default: found out)")
        parser.add_argument("--dry-run", action="store_true", help="check everything, print the report, write nothing")
        parser.add_argument("--report", type=Path, metavar="FILE", help="write the whole report as .json or .csv too")
        parser.add_argument("--actor", default="", metavar="EMAIL", help="in whose name (default: whoever it must be)")
        parser.add_argument("--source", default="csv", metavar="NAME", help="the system that the list is from")
        parser.add_argument("--undo", type=int, metavar="NUMBER", help="take this import back, whatever its kind")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Import or undo, and say what came of it."""
        if (options["file"] is None) == (options["undo"] is None):
            raise CommandError(f"Name a file, or an import with --undo. {NOTHING_WRITTEN}")
        try:
            check_report(options["report"])
            actor = find_actor(options["actor"], permissions.IMPORT)
            with in_name_of(actor):
                if options["undo"] is not None:
                    self._undo(actor, options["undo"])
                else:
                    self._import(actor, options)
        except (ImportFileError, NoActorError, PermissionDenied) as error:
            raise CommandError(f"{error} {NOTHING_WRITTEN}") from error

    def _undo(self, actor: User, number: int) -> None:
        try:
            run = undo_import(actor=actor, run_id=number)
        except ImportRun.DoesNotExist as error:
            raise CommandError(f"There is no import {number}. {NOTHING_WRITTEN}") from error
        except ValidationError as error:
            raise CommandError(f"{' '.join(error.messages)} {NOTHING_WRITTEN}") from error
        kept = run.undo_report["kept"]
        for one in kept:
            self.stdout.write(f"Patient {one['patient']} stays: {' '.join(one['reasons'])}")
        self.stdout.write(f"Import {number} was undone for {run.undo_report['done']:,} patients.")
        if kept:
            raise CommandError(f"{len(kept):,} patients stay as they are.", returncode=SOME_REFUSED)

    def _import(self, actor: User, options: dict[str, Any]) -> None:
        began = perf_counter()
        sources = from_paths([options["file"]])
        table = open_table(sources[0], encoding=options["encoding"], delimiter=options["delimiter"])
        layout = _layout(table, options)
        layout.check(table.header)
        run = begin(
            actor=actor,
            kind=ImportKind.CSV,
            title=sources[0].name,
            dry_run=options["dry_run"],
            source=options["source"],
            options=layout.as_json(),
        )
        with tqdm(desc="import", unit="row", disable=options["verbosity"] == 0 or None) as bar:
            carry_out(actor=actor, run=run, sources=sources, advance=bar.update)
        for line in printed(run.report, dry_run=run.dry_run, seconds=perf_counter() - began):
            self.stdout.write(line)
        self.stdout.write(f"This is import {run.pk}: --undo {run.pk} takes it back.")
        if options["report"]:
            write(run.report, options["report"])
        if refused := totals(run.report)["refused"]:
            raise CommandError(f"{refused:,} refused; the report above says why.", returncode=SOME_REFUSED)


def _layout(table: Table, options: dict[str, Any]) -> Layout:
    """Return which column is which: as the headers say, changed by what was named."""
    columns = guess(table.header)
    places = {plain(title): at for at, title in enumerate(table.header)}
    for named in options["map"]:
        name, _, title = named.partition("=")
        if name not in FIELDS:
            raise ImportFileError(f"{name!r} is no field. Fields are: {', '.join(FIELDS)}.")
        columns.pop(name, None)
        if title and plain(title) not in places:
            raise ImportFileError(f"The file has no column {title!r}; it has {', '.join(map(repr, table.header))}.")
        if title:
            columns = {key: at for key, at in columns.items() if at != places[plain(title)]}
            columns[name] = places[plain(title)]
    return Layout(
        columns=columns,
        date_format=options["date_format"] or _date_format(table, columns),
        encoding=table.encoding,
        delimiter=table.delimiter,
    )


def _date_format(table: Table, columns: dict[str, int]) -> str:
    """Return the one format in which all dates of the first rows can be read; which of several is not guessed."""
    at = [columns[name] for name in ("date_of_birth", "deceased_on") if name in columns]
    texts = [text for row in table.first(200) for place in at if (text := row[place].strip())]
    found = fitting_formats(texts) if texts else ["iso"]
    if len(found) != 1:
        examples = "; ".join(f"{code}: {words}" for code, (_, words) in DATE_FORMATS.items())
        raise ImportFileError(f"Say how dates are written, with --date-format: {examples}.")
    return found[0]
