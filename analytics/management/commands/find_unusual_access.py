"""Look for unusual access by hand."""

from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from analytics.unusual.services import find_unusual


class Command(BaseCommand):
    """``manage.py find_unusual_access``. Beat runs it every night for the day before."""

    help = "Put what stood out on a day into the privacy officer's queue. Run again, it adds nothing twice."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the command line."""
        parser.add_argument("--day", metavar="YYYY-MM-DD", help="a local day; default: yesterday")

    def handle(self, *_args: Any, day: str | None, **_options: Any) -> None:
        """Look, and say how many rows are new."""
        try:
            wanted = date.fromisoformat(day) if day else timezone.localdate() - timedelta(days=1)
        except ValueError as error:
            raise CommandError(f"“{day}” is no day: write it as 2026-11-26.") from error
        if wanted > timezone.localdate():
            raise CommandError(f"{wanted} has not come yet.")
        self.stdout.write(f"{wanted}: {find_unusual(wanted)} new rows.")
