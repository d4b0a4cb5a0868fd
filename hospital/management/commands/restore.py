"""Restore a backup beside the running site."""

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from hospital.backups.errors import BackupError
from hospital.backups.restoring import erase_again, find_faults, restore
from patients.rights.tombstones import TombstoneFileError


class Command(BaseCommand):
    """``manage.py restore``. The database of the running site is never touched."""

    help = "Restore a backup into a database of its own, and compare it with what was saved."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the command line."""
        parser.add_argument("file", type=Path, help="the backup; its manifest lies beside it")
        parser.add_argument("--into", required=True, metavar="DATABASE", help="the database to make")
        parser.add_argument("--yes", action="store_true", help="drop that database first if it is there")
        parser.add_argument("--no-owner", action="store_true", help="give everything to the role that restores")

    def handle(self, *_args: Any, file: Path, into: str, yes: bool, no_owner: bool, **_options: Any) -> None:
        """Restore, compare, and say what to do next."""
        began = time.monotonic()
        try:
            manifest = restore(file, into=into, replace=yes, owners=not no_owner)
            faults = find_faults(into, manifest)
            again = erase_again(into)
        except (BackupError, TombstoneFileError, OSError) as error:
            raise CommandError(str(error)) from error
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            raise CommandError(f"Restored into “{into}” with {len(faults)} faults. Keep the former database.")
        rows, seconds = sum(manifest.counts.values()), time.monotonic() - began
        self.stdout.write(f"{rows} rows of {manifest.made_at} are in “{into}”, in {seconds:.1f} s. Nothing is missing.")
        if again:
            self.stdout.write(f"{again} records that were erased since the backup were erased again.")
        if again is None:
            self.stdout.write("It is of an older version: run migrate, then apply_retention --yes, before it is used.")
        self.stdout.write("Next: stop the site, point DATABASE_URL at it, and start again.")
