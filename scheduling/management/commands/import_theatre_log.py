"""``manage.py import_theatre_log``: book a hospital's past or coming list from a file."""

from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from time import perf_counter
from typing import Any

from auditlog.context import set_actor
from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser, DjangoHelpFormatter
from django.db import DatabaseError
from tqdm import tqdm

from accounts.models import User
from scheduling.conflicts import SchedulingConflictError
from scheduling.importing.actor import NoActorError, find_actor
from scheduling.importing.case import ImportFileError
from scheduling.importing.mapping import COLUMNS, REQUIRED, Mapping, load_mapping
from scheduling.importing.reading import Reading, read_cases
from scheduling.importing.report import Report
from scheduling.services.importing import Imported, import_cases

NOTHING_WRITTEN = "Nothing was written."
EPILOG = "\n".join(
    [
        "columns, with the headers that are recognised (* has to be there):",
        *(f"  {name}{'*' * (name in REQUIRED)}: {', '.join(titles)}" for name, titles in COLUMNS.items()),
        "",
        "exit code: 0 the file was worked through, the report says what became of each row;",
        "  1 nothing was written: a wrong file, no row that can be read, nobody to act, or a failure.",
        "docs/importing.md has the mapping file and the rules.",
    ]
)


class _Formatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Keeps the lines of the epilog."""


class Command(BaseCommand):
    """Book a list, or say why not."""

    help = (
        "Import a hospital's past or coming theatre list from a CSV file: all rows that may stand, in one "
        "transaction. Safe to run again: cases that are there already are left as they are."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Add the table of columns to the help."""
        return super().create_parser(prog_name, subcommand, epilog=EPILOG, formatter_class=_Formatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        """Say what can be chosen."""
        parser.add_argument("file", type=Path, help="the list, a CSV file with a header line")
        parser.add_argument(
            "--dry-run", action="store_true", help="check everything, print the same report, write nothing"
        )
        parser.add_argument(
            "--actor",
            default="",
            metavar="EMAIL",
            help="in whose name (default: the only one who may import, or the only system administrator)",
        )
        parser.add_argument(
            "--mapping", type=Path, metavar="FILE", help="TOML or JSON: this hospital's columns and dates"
        )
        parser.add_argument(
            "--no-new-theatres", action="store_true", help="refuse cases in theatres that are not there yet"
        )
        parser.add_argument("--report", type=Path, metavar="FILE", help="write the whole report as .json or .csv too")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Read, book, report."""
        began = perf_counter()
        path: Path = options["file"]
        try:
            _check_report(options["report"])
            mapping = load_mapping(options["mapping"]) if options["mapping"] else Mapping()
            reading = read_cases(path, mapping)
            actor = find_actor(options["actor"])
            done = self._import(actor, reading, mapping, options)
        except (ImportFileError, NoActorError, PermissionDenied) as error:
            raise CommandError(f"{error} {NOTHING_WRITTEN}") from error
        except (SchedulingConflictError, DatabaseError) as error:
            first = str(error).strip().partition("\n")[0]
            raise CommandError(f"The import failed and can be run again: {first} {NOTHING_WRITTEN}") from error
        report = Report(
            source=path.name,
            dry_run=options["dry_run"],
            done=done,
            unreadable=reading.unreadable,
            seconds=perf_counter() - began,
        )
        self._tell(report, options["report"])
        if not reading.cases:
            raise CommandError(f"No row of {path.name} can be read. {NOTHING_WRITTEN}")

    def _import(self, actor: User, reading: Reading, mapping: Mapping, options: dict[str, Any]) -> Imported:
        source = options["file"].name
        with (
            set_actor(actor),
            tqdm(
                total=len(reading.cases),
                desc=source,
                unit="case",
                disable=options["verbosity"] == 0 or None,
            ) as bar,
        ):
            return import_cases(
                actor=actor,
                cases=reading.cases,
                source=source,
                mapping=mapping,
                new_theatres=not options["no_new_theatres"],
                dry_run=options["dry_run"],
                advance=bar.update,
            )

    def _tell(self, report: Report, path: Path | None) -> None:
        for line in report.lines():
            self.stdout.write(line)
        if path:
            try:
                report.write(path)
            except ImportFileError as error:
                self.stderr.write(str(error))


def _check_report(path: Path | None) -> None:
    """Find out before the import, not after it, that the report can't be written."""
    if path is None:
        return
    if path.suffix.lower() not in {".csv", ".json"}:
        raise ImportFileError("The report's name has to end in .csv or .json.")
    if not path.absolute().parent.is_dir() or path.is_dir():
        raise ImportFileError(f"The report can't be written to {path}: there is no such folder.")
