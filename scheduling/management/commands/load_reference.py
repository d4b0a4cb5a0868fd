"""``manage.py load_reference``: the lists that a new hospital starts from."""

from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from scheduling.reference.loading import load_reference
from scheduling.reference.rows import Row


class Command(BaseCommand):
    """Load specialties, procedures, equipment types, priorities, reasons and the safety checklist."""

    help = (
        "Load the reference lists: specialties, theatre features, equipment types, credentials, "
        "procedures, priorities, reasons for cancelling and for delays, safety checklist. "
        "Rows that exist are left as they are. Safe to run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be chosen."""
        parser.add_argument(
            "--update",
            action="store_true",
            help="set rows that exist back to the files' values",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="say what would be done and write nothing",
        )
        parser.add_argument(
            "--priorities",
            choices=("P", "AU", "both"),
            default="P",
            help="which priority classes to offer: P for England (default), AU for Australia",
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Load, then say in one line what was done."""

        def progress(lines: list[Row], title: str) -> Iterable[Row]:
            quiet = options["verbosity"] == 0 or None
            bar: Iterable[Row] = tqdm(lines, desc=title, unit="row", leave=False, disable=quiet)
            return bar

        chosen = options["priorities"]
        counts = load_reference(
            update=options["update"],
            dry_run=options["dry_run"],
            schemes=("E", "P", "AU") if chosen == "both" else ("E", chosen),
            progress=progress,
        ).values()
        created, updated, kept = (sum(getattr(c, name) for c in counts) for name in ("created", "updated", "kept"))
        done = "Would load" if options["dry_run"] else "Loaded"
        self.stdout.write(f"{done} reference lists: {created} new, {updated} updated, {kept} left as they are.")
