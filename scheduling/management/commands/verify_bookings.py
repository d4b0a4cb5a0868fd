"""Check the promise from outside, for ops and for the nightly task."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from scheduling.integrity import find_breaches


class Command(BaseCommand):
    """``manage.py verify_bookings``."""

    help = (
        "Look for anything booked twice, half-written or missing from the history. "
        "Exit code 0: nothing found; 1: something was, named line by line."
    )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Run every check and print what was found."""
        breaches = find_breaches()
        for breach in breaches:
            self.stderr.write(f"{breach.check}: {breach.message}")
        if breaches:
            msg = f"{len(breaches)} found. Keep the database as it is and ask the maintainers."
            raise CommandError(msg)
        self.stdout.write("Nothing is booked twice, half-written or missing from the history.")
