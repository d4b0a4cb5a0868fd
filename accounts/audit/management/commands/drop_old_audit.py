"""Retention: drop whole months of the record that are older than the rule."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.audit.anchors import drop_anchor
from accounts.audit.partitions import drop, older_than

LEAST_YEARS = 6
"""HIPAA, 45 CFR 164.316(b)(2): documentation is kept for six years."""


class Command(BaseCommand):
    """``manage.py drop_old_audit``, run as the owner of the tables."""

    help = "Drop the months of the audit record that are older than the rule, and write into the chain that they were."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the command line."""
        parser.add_argument("--older-than-years", type=int, default=LEAST_YEARS, help="default and least: %(default)s")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be dropped")

    def handle(self, *_args: object, older_than_years: int, dry_run: bool, **_options: Any) -> None:
        """Drop and say what was dropped."""
        if older_than_years < LEAST_YEARS:
            message = f"The record is kept for {LEAST_YEARS} years at least."
            raise CommandError(message)
        month = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        parts = list(older_than(month.replace(year=month.year - older_than_years)))
        for part in parts:
            if dry_run:
                self.stdout.write(f"Would drop {part.name}.")
            else:
                self.stdout.write(f"Dropped {part.name} with {drop(part)} rows.")
        if parts and not dry_run:
            drop_anchor()
        if not parts:
            self.stdout.write("Nothing is old enough.")
