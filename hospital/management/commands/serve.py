"""Run the whole site on this machine."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from hospital.addresses import embedded_servers
from hospital.embedded.errors import EmbeddedError
from hospital.embedded.place import ROOT, Place, current_place
from hospital.embedded.using import running
from hospital.processes import Manager
from hospital.serving import Address, ServeError, check_machine, is_answering, only_one, services

START_SECONDS = 60.0


@contextlib.contextmanager
def keeping_the_demo(place: Place) -> Iterator[None]:
    """Bring the demo up to today meanwhile, out of everybody's way; it goes on where it stopped next time."""
    command = [sys.executable, str(ROOT / "manage.py"), "load_demo", "--keep"]
    with (place.logs / "demo.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603  # our own command
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for us; we end it
            preexec_fn=lambda: os.nice(15),  # noqa: PLW1509  # no threads here
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait()


class Command(BaseCommand):
    """``manage.py serve``: pages, live stream, worker, beat and their servers under one manager."""

    help = (
        "Start everything: embedded PostgreSQL and Redis where DATABASE_URL and REDIS_URL are unset, the pages, "
        "the live stream, the Celery worker, beat, and one address in front. Ctrl-C stops all of it."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the command line."""
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, default=8000, help="the port to listen on (default: %(default)s)")
        parser.add_argument("--workers", type=int, default=2, help="web processes (default: %(default)s)")
        parser.add_argument("--demo", action="store_true", help="load the demo hospital into an empty site")

    def handle(self, *_args: object, host: str, port: int, workers: int, demo: bool, **_options: Any) -> None:
        """Run until somebody asks to stop; exit with 1 if the start fails."""
        place, address = current_place(), Address(host, port)
        try:
            with only_one(place, address):
                check_machine(place, address)
                self.serve(place, address, workers, demo=demo)
        except (ServeError, EmbeddedError) as error:
            self.stderr.write(str(error))
            sys.exit(1)
        except KeyboardInterrupt:  # before the manager was there to take it
            self.say("Stopped.")

    def serve(self, place: Place, address: Address, workers: int, *, demo: bool) -> None:
        """Start the servers, prepare the site, start it, and keep all of it running."""
        began = time.monotonic()
        self.say("Starting the database and the queue …")
        with running(place, embedded_servers()) as keeper:
            call_command("prepare", demo=demo, stdout=self.stdout)
            connections.close_all()
            with Manager(place.logs, say=self.say) as manager:
                web, *others, front = services(place, address, workers)
                manager.start(web, front)
                if self.wait(manager, address, place):
                    manager.start(*others)
                    self.welcome(address, place, time.monotonic() - began, demo=demo)
                    with keeping_the_demo(place) if demo else contextlib.nullcontext():
                        manager.run(until=keeper, poll=0.5)
                self.say("Stopping …")
        self.say("Stopped; the data is kept.")

    def wait(self, manager: Manager, address: Address, place: Place) -> bool:
        """Wait until the front answers; return ``False`` if somebody asks to stop before."""
        deadline = time.monotonic() + START_SECONDS

        def is_up() -> bool:
            if time.monotonic() > deadline:
                message = f"The site does not answer. Read the files in {place.logs}."
                raise ServeError(message)
            return is_answering(address)

        return manager.run(until=is_up, poll=0.1)

    def welcome(self, address: Address, place: Place, seconds: float, *, demo: bool) -> None:
        """Print the address and, for the demo, who can sign in."""
        self.say(f"\nOperation Scheduler runs at {address}  (started in {seconds:.1f} s)\n")
        if demo:
            from accounts.demo import PASSWORD, SIGN_INS  # noqa: PLC0415  # production has no demo

            self.say("Sign in as")
            for role, email in SIGN_INS:
                self.say(f"  {role:<24} {email}")
            self.say(f"with the password {PASSWORD}\n")
        self.say(f"Logs: {place.logs}. Ctrl-C stops everything.")

    def say(self, text: str) -> None:
        """Print; a closed terminal is no reason to fail."""
        with contextlib.suppress(OSError):
            self.stdout.write(text)
            self.stdout.flush()
