"""Check the audit record, for ops, for an auditor, and for the nightly task."""

from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from accounts.audit.anchors import anchors
from accounts.audit.verifying import Scope, count_links, verify


class Command(BaseCommand):
    """``manage.py verify_audit``."""

    help = (
        "Look for rows of the audit record that were removed, changed, inserted or cut off, and name each. "
        "Exit code 0: nothing found; 1: something was."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the command line."""
        parser.add_argument("--from", dest="since", type=_day, metavar="YYYY-MM-DD", help="sealed on this day or later")
        parser.add_argument("--until", type=_day, metavar="YYYY-MM-DD", help="sealed on this day or before")
        parser.add_argument("--quiet", action="store_true", help="no progress bar, nothing said if nothing is found")

    def handle(
        self, *_args: object, since: datetime | None, until: datetime | None, quiet: bool, **_options: Any
    ) -> None:
        """Read the chain, print what was found."""
        scope = Scope(since, until + timedelta(days=1) if until else None)
        count = read = 0
        with tqdm(total=count_links(scope), unit=" links", disable=quiet or None) as bar:
            for finding in verify(scope, seen=bar.update):
                bar.write(str(finding), file=self.stderr)
                count += 1
            read = bar.n
        if count:
            message = f"{count} found. Keep the database and the anchor file as they are and tell the privacy officer."
            raise CommandError(message)
        if not quiet:
            kept = sum(1 for _ in anchors())
            compared = f"{kept} anchors agree" if kept else "there is no anchor to compare the end with"
            self.stdout.write(
                f"Nothing removed, changed or inserted in {read or count_links(scope)} links; {compared}."
            )


def _day(text: str) -> datetime:
    return timezone.make_aware(datetime.strptime(text, "%Y-%m-%d"))  # noqa: DTZ007  # made aware at once
