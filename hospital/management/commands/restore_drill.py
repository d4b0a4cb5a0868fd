"""Practise the restore."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from hospital.backups.drill import newest, run_drill
from hospital.backups.errors import BackupError
from hospital.backups.making import make_backup


class Command(BaseCommand):
    """``manage.py restore_drill``. Leaves nothing behind but its record."""

    help = "Restore the newest backup of a folder into a scratch database, check it, drop it, and record the result."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the command line."""
        parser.add_argument("--from", dest="folder", type=Path, required=True, help="the folder of the backups")
        parser.add_argument("--fresh", action="store_true", help="make a new backup there first")

    def handle(self, *_args: Any, folder: Path, fresh: bool, **_options: Any) -> None:
        """Practise, and end with exit code 1 if anything is missing."""
        try:
            backup = make_backup(folder)[0] if fresh else newest(folder)
        except (BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        drill = run_drill(backup)
        for fault in drill.faults:
            self.stderr.write(fault)
        if not drill.succeeded:
            raise CommandError(f"{backup.name} could not be restored whole. Make a new backup now and look why.")
        words = f"{drill.rows} rows, {drill.size / 1e6:.1f} MB, in {drill.seconds:.1f} s"
        self.stdout.write(f"{backup.name} was restored and checked: {words}. Nothing is missing; recorded.")
