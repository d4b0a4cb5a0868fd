"""Write a year's operations for analysis."""

import os
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.commanding import actor_named
from analytics.deidentified.services import Files, export_deidentified, export_limited_set


class Command(BaseCommand):
    """``manage.py export_deidentified``."""

    help = (
        "Write a year's operations without the people into FILE (CSV), and beside it FILE with .json: the columns, the "
        "rule, and how many rows tell less. With --limited, dates stay: that takes a data use agreement."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the command line."""
        parser.add_argument("file", type=Path, help="what to write; its name ends in .csv")
        parser.add_argument("--year", type=int, required=True)
        parser.add_argument("--actor", required=True, metavar="EMAIL", help="in whose name")
        parser.add_argument("--limited", action="store_true", help="a limited data set, with dates")
        parser.add_argument("--purpose", default="", help="with --limited: what for")
        parser.add_argument("--recipient", default="", help="with --limited: who gets it")
        parser.add_argument("--agreement", default="", help="with --limited: number of the data use agreement")

    def handle(self, *_args: Any, file: Path, **options: Any) -> None:
        """Make both files, which must not be there yet."""
        if file.suffix.lower() != ".csv":
            raise CommandError("The file's name has to end in .csv.")
        places = (file, file.with_suffix(".json"))
        if there := next((place for place in places if place.exists()), None):
            raise CommandError(f"{there} is there already. Take another name.")
        files = self._make(options)
        for place, text in zip(places, (files.table, files.companion), strict=True):
            _write(place, text)
        self.stdout.write(f"Wrote {file} with {files.rows} operations, and {places[1]} about it.")

    def _make(self, options: dict[str, Any]) -> Files:
        actor, year = actor_named(options["actor"]), options["year"]
        try:
            if not options["limited"]:
                return export_deidentified(actor=actor, year=year)
            told = {name: options[name] for name in ("purpose", "recipient", "agreement")}
            return export_limited_set(actor=actor, year=year, **told)
        except ValidationError as error:
            words = "; ".join(f"--{name}: {' '.join(said)}" for name, said in error.message_dict.items())
            raise CommandError(words) from error
        except PermissionDenied as error:
            raise CommandError(str(error)) from error


def _write(place: Path, text: str) -> None:
    try:
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CommandError(f"{place} can't be written: {error.strerror}.") from error
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
        out.write(text)
