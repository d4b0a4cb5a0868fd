"""Let go what is kept no longer."""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from patients.rights.erasing import NotTheOwnerError, erase_due, erase_ordered, erase_risen
from patients.rights.models import Erasure
from patients.rights.retention import KINDS, RECORD, delete_old, due_records, older_than, schedule
from patients.rights.tombstones import TombstoneFileError, bury, risen


class Command(BaseCommand):
    """``manage.py apply_retention``, run as the owner of the tables; best every night."""

    help = (
        "Erase records whose time is over or whose erasure was ordered, delete other data past its time, and erase "
        "again what a restored backup brought back. Without --yes it only counts. Stopped, it goes on where it was."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the command line."""
        parser.add_argument("--yes", action="store_true", help="do it; without this, nothing is changed")
        parser.add_argument("--batch", type=int, default=500, help="rows of one step (default: 500)")

    def handle(self, *_args: Any, yes: bool, batch: int, **options: Any) -> None:
        """Count, and do it if told to."""
        if batch < 1:
            raise CommandError("--batch needs at least 1.")
        try:
            counts = self._count()
            if yes:
                self._apply(counts, batch, quiet=options["verbosity"] == 0)
            else:
                self.stdout.write("Nothing was changed. Say --yes to do it.")
        except (NotTheOwnerError, TombstoneFileError) as error:
            raise CommandError(str(error)) from error

    def _count(self) -> dict[str, int]:
        now, rules = timezone.now(), schedule()
        counts = {RECORD: due_records(now).count()}
        counts |= {kind.code: older_than(kind, now).count() for kind in KINDS if kind.due}
        for kind in KINDS:
            if kind.code in counts:
                rule = rules[kind.code]
                self.stdout.write(f"{kind.title}: {counts[kind.code]} past {rule.years} years ({rule.source})")
        self.stdout.write(f"Erasures ordered: {Erasure.objects.filter(state='ordered').count()}")
        self.stdout.write(f"Erased before and back from a backup: {risen().count()}")
        return counts

    def _apply(self, counts: dict[str, int], batch: int, *, quiet: bool) -> None:
        bury()  # what an earlier run could not write down any more
        again = erase_risen()
        done = [order.state for order in erase_ordered()]
        erased = self._walk(erase_due(batch), "records", counts[RECORD], quiet=quiet)
        now = timezone.now()
        for kind in KINDS:
            if kind.due:
                gone = self._walk(delete_old(kind, now, batch), kind.code, counts[kind.code], quiet=quiet)
                self.stdout.write(f"{kind.title}: {gone} deleted.")
        self.stdout.write(
            f"{erased} records erased, {done.count('done')} more as ordered, {done.count('refused')} orders refused, "
            f"{again} erased again."
        )

    def _walk(self, steps: Iterator[int], name: str, total: int, *, quiet: bool) -> int:
        done = 0
        with tqdm(total=total, desc=name, disable=quiet or None) as bar:
            for rows in steps:
                done += rows
                bar.update(rows)
        return done
