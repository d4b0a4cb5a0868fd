"""Make a backup."""

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from hospital.backups.errors import BackupError
from hospital.backups.making import make_backup
from hospital.models import BackupMade


class Command(BaseCommand):
    """``manage.py backup``. The site goes on working meanwhile."""

    help = "Write the whole database into one encrypted file, with a manifest beside it, and read it back."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the command line."""
        parser.add_argument("--out", type=Path, required=True, help="the folder to write into")

    def handle(self, *_args: Any, out: Path, **_options: Any) -> None:
        """Make it, note it, and say where it lies."""
        began = time.monotonic()
        try:
            backup, manifest = make_backup(out)
        except (BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        seconds, rows = time.monotonic() - began, sum(manifest.counts.values())
        BackupMade.objects.create(name=backup.name, size=manifest.size, rows=rows, seconds=seconds)
        self.stdout.write(f"{backup}: {rows} rows, {manifest.size / 1e6:.1f} MB, read back, in {seconds:.1f} s.")
