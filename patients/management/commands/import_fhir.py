"""``manage.py import_fhir``: patients and their records from files of FHIR R4."""

from pathlib import Path
from time import perf_counter
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser, DjangoHelpFormatter
from tqdm import tqdm

from accounts.commanding import NoActorError, find_actor, in_name_of
from accounts.models import User
from patients import permissions
from patients.importing.report import ImportFileError, printed, totals, write
from patients.importing.runs import begin, carry_out, configure_mrn_system
from patients.importing.sources import from_paths
from patients.models import IdentifierSystem, ImportKind, ImportRun

NOTHING_WRITTEN = "Nothing was written."
SOME_REFUSED = 2
EPILOG = """exit code: 0 all of it was worked through and nothing refused; 2 something was refused, and the report says
what, why and where; 1 nothing was written: no file that can be opened, no MRN system, nobody to act, or a failure.
docs/importing.md has the rules."""


class Command(BaseCommand):
    """Import, or say why not."""

    help = (
        "Import patients, allergies, conditions, medicines, procedures and surgical orders from FHIR R4: Bundles "
        "(.json) and NDJSON, files or folders. Each Bundle, and of NDJSON each patient, is written whole or not at "
        "all. Safe to run again: what is here already stays as it is, what is newer there is updated."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Add the exit codes to the help."""
        return super().create_parser(
            prog_name, subcommand, epilog=EPILOG, formatter_class=DjangoHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        """Say what can be chosen."""
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file, or a folder of them")
        parser.add_argument("--dry-run", action="store_true", help="check everything, print the report, write nothing")
        parser.add_argument("--report", type=Path, metavar="FILE", help="write the whole report as .json or .csv too")
        parser.add_argument("--actor", default="", metavar="EMAIL", help="in whose name (default: whoever it must be)")
        parser.add_argument("--mrn-system", default="", metavar="URI", help="name, once, whose numbers are our MRNs")
        parser.add_argument("--yes", action="store_true", help="do not ask whether --mrn-system is meant")
        parser.add_argument(
            "--source", default="", metavar="NAME", help="the sending system, where its files do not name it by address"
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Read, write, report."""
        try:
            check_report(options["report"])
            actor = find_actor(options["actor"], permissions.IMPORT)
            with in_name_of(actor):
                self._configure(actor, options)
                began = perf_counter()
                run = self._import(actor, options)
        except (ImportFileError, NoActorError, PermissionDenied) as error:
            raise CommandError(f"{error} {NOTHING_WRITTEN}") from error
        for line in printed(run.report, dry_run=run.dry_run, seconds=perf_counter() - began):
            self.stdout.write(line)
        if options["report"]:
            write(run.report, options["report"])
        if refused := totals(run.report)["refused"]:
            raise CommandError(f"{refused:,} refused; the report above says why.", returncode=SOME_REFUSED)

    def _configure(self, actor: User, options: dict[str, Any]) -> None:
        uri = options["mrn_system"].strip()
        if not uri or IdentifierSystem.objects.filter(uri=uri, is_ours=True).exists():
            return
        question = f"From now on {uri} gives our MRN: patients are found by its numbers. Is that right? [y/N] "
        if not options["yes"] and input(question).strip().lower() not in ("y", "yes"):
            raise ImportFileError("Stopped, as you wished.")
        configure_mrn_system(actor=actor, uri=uri)

    def _import(self, actor: User, options: dict[str, Any]) -> ImportRun:
        sources = from_paths(options["paths"])
        title = ", ".join(source.name for source in sources[:3]) + (" …" if len(sources) > 3 else "")  # noqa: PLR2004
        run = begin(
            actor=actor,
            kind=ImportKind.FHIR,
            title=title,
            dry_run=options["dry_run"],
            source=options["source"],
        )
        hidden = options["verbosity"] == 0 or None
        with tqdm(desc="import", unit="entry", disable=hidden) as bar:
            return carry_out(actor=actor, run=run, sources=sources, advance=bar.update)


def check_report(path: Path | None) -> None:
    """Find out before the import, not after it, that the report can't be written."""
    if path is None:
        return
    if path.suffix.lower() not in {".csv", ".json"}:
        raise ImportFileError("The report's name has to end in .csv or .json.")
    if not path.absolute().parent.is_dir() or path.is_dir():
        raise ImportFileError(f"The report can't be written to {path}: there is no such folder.")
