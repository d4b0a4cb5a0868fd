"""``manage.py load_demo``: a made-up hospital to try the product on."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from accounts.demo import PASSWORD, SIGN_INS
from resources.models import Theatre
from scheduling.demo.keeping import BusyError, keep_demo
from scheduling.demo.loading import MOST_THEATRES, NotEmptyError, Progress, is_loaded, load_demo

Lists = list[tuple[date, Theatre]]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        msg = f"{text!r} is not a date like 2026-11-23."
        raise ArgumentTypeError(msg) from None


class Command(BaseCommand):
    """Load the demo hospital once."""

    help = (
        "Load a made-up hospital: theatres, staff, patients, a waiting list, and operations around today. "
        "Runs once; an interrupted load goes on where it stopped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be chosen."""
        parser.add_argument("--date", type=_day, help="the demo's today, YYYY-MM-DD (default: today)")
        parser.add_argument(
            "--theatres",
            type=int,
            default=MOST_THEATRES,
            choices=range(2, MOST_THEATRES + 1),
            metavar="N",
            help=f"how many theatres, 2 to {MOST_THEATRES} (default {MOST_THEATRES})",
        )
        parser.add_argument(
            "--days",
            type=int,
            default=10,
            help="working days back and ahead (default 10)",
        )
        parser.add_argument(
            "--keep",
            action="store_true",
            help="once it is loaded: play what came due since, fill today and two weeks ahead, and go back into the "
            "past until a quarter is there; `serve --demo` does it by itself",
        )
        parser.add_argument(
            "--force",
            action="store_true",
            help="load even where settings forbid the demo",
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Load, then say in one line what there is."""
        if not (getattr(settings, "DEMO_ALLOWED", False) or options["force"]):
            msg = "These settings are for a real hospital: the demo stays out. --force loads it all the same."
            raise CommandError(msg)
        if is_loaded() and not options["keep"]:
            self.stdout.write("The demo hospital is already loaded.")
            return

        def progress(lists: Lists) -> "tqdm[tuple[date, Theatre]]":
            return tqdm(
                lists,
                desc="demo hospital",
                unit="list",
                disable=options["verbosity"] == 0 or None,
            )

        tqdm.monitor_interval = 0  # no thread of its own: the load copies this process
        today = options["date"] or timezone.localdate()
        if options["keep"]:
            self._keep(today, progress)
        else:
            self._load(today, progress, options)

    def _keep(self, today: date, progress: Progress) -> None:
        began = monotonic()
        try:
            booked = keep_demo(today=today, progress=progress)
        except BusyError:
            self.stdout.write("Another process keeps the demo at this moment; nothing to do here.")
            return
        self.stdout.write(f"The demo is up to date: {booked} operations booked, in {monotonic() - began:.0f} s.")

    def _load(self, today: date, progress: Progress, options: dict[str, Any]) -> None:
        began = monotonic()
        try:
            done = load_demo(
                today=today,
                theatres=options["theatres"],
                days=options["days"],
                progress=progress,
            )
        except NotEmptyError as error:
            raise CommandError(str(error)) from None
        for refusal in done.refused:
            self.stderr.write(f"Not booked: {refusal}")
        self.stdout.write(
            f"Loaded the demo hospital: {done.theatres} theatres, {done.staff} staff, "
            f"{done.patients} patients, {done.booked} operations booked, {done.waiting} waiting, "
            f"in {monotonic() - began:.0f} s."
        )
        if options["verbosity"] > 1:
            self.stdout.write("\n".join(f"{role}: {email} / {PASSWORD}" for role, email in SIGN_INS))
