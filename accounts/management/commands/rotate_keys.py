"""Bring everything encrypted under today's key, while the site works."""

from argparse import ArgumentParser
from time import sleep
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts.encryption.keyring import current_name, names
from accounts.encryption.places import CLEAR, Place, all_places, counts_by_key, renew_all

WALKS = 5
"""How often rows that somebody else is writing are looked at again, a second apart."""


class Command(BaseCommand):
    """``manage.py rotate_keys``."""

    help = (
        "Put every encrypted value under the first key of FIELD_KEYS. Runs while the site works; stopped, it goes on "
        "where it was when it is started again. Afterwards it says which keys can leave FIELD_KEYS."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Let one only look, and say how many rows are locked at once."""
        parser.add_argument("--dry-run", action="store_true", help="count what is under which key, and change nothing")
        parser.add_argument("--batch", type=int, default=500, help="rows of one transaction (default: 500)")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Walk through every place, then count again what is under which key."""
        if options["batch"] < 1:
            raise CommandError("--batch needs at least 1.")
        if not options["dry_run"]:
            self._renew(options["batch"], quiet=options["verbosity"] == 0)
        counts = {place: counts_by_key(place) for place in all_places()}
        for place, found in counts.items():
            words = ", ".join(f"{number} under {key}" for key, number in sorted(found.items())) or "nothing"
            self.stdout.write(f"{place.table} {place.name}: {words}")
        self._conclude({key for found in counts.values() for key in found})

    def _renew(self, batch: int, *, quiet: bool) -> None:
        for place in all_places():
            for _ in range(WALKS):
                left = _left(place)
                if not left:
                    break
                with tqdm(total=left, desc=f"{place.table} {place.name}", disable=quiet or None) as bar:
                    for rows in renew_all(place, batch=batch):
                        bar.update(rows)
                if _left(place):
                    sleep(1)

    def _conclude(self, used: set[str]) -> None:
        """Say what may go; exit code 1 while anything is not under today's key."""
        unused = [name for name in names() if name not in used and name != current_name()]
        if unused:
            self.stdout.write(
                f"Nothing is under {', '.join(unused)}. Restart every process with today's key first; if this command "
                "then says so again, take it out of FIELD_KEYS, and keep it as long as backups made before today."
            )
        left = sorted(used - {current_name()})
        if left:
            msg = f"Not everything is under today's key, {current_name()}: there is still {', '.join(left)}."
            if lost := set(left) - {*names(), CLEAR}:
                msg += f" FIELD_KEYS lacks {', '.join(sorted(lost))}: put it back."
            raise CommandError(msg)
        self.stdout.write(f"Everything is under today's key, {current_name()}.")


def _left(place: Place) -> int:
    return sum(number for key, number in counts_by_key(place).items() if key != current_name())
