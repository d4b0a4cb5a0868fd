"""Bring the database and the static files to this version of the code."""

import time
from typing import Any

from django.core.management import CommandParser, call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

from accounts.audit import partitions, role
from accounts.models import User
from scheduling.demo.loading import is_unfinished


class Command(BaseCommand):
    """``manage.py prepare``: what comes between installing and serving. Safe to run again."""

    help = "Migrate the database, collect the static files and, with --demo, load the demo hospital into an empty site."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the command line."""
        parser.add_argument("--demo", action="store_true", help="load the demo hospital if nobody can sign in yet")
        parser.add_argument("--no-static", action="store_true", help="leave the static files alone")

    def handle(self, *_args: object, demo: bool, no_static: bool, **_options: Any) -> None:
        """Do what is not done yet, and sum it up."""
        began = time.monotonic()
        self.refuse_without_rights()
        done = self.migrate()
        self.keep_record()
        if not no_static:
            call_command("collectstatic", interactive=False, verbosity=0)
        if demo and load_demo_once():
            done += ", demo hospital loaded"
        self.stdout.write(f"Prepared in {time.monotonic() - began:.1f} s: {done}.")

    def refuse_without_rights(self) -> None:
        """Say in words that the application's role can't change tables."""
        if "role=" in connections[DEFAULT_DB_ALIAS].settings_dict["OPTIONS"].get("options", ""):
            message = "Preparing needs the owner of the tables: unset DATABASE_ROLE for this command alone."
            raise CommandError(message)

    def keep_record(self) -> None:
        """Have partitions for the coming months, and the role that can only add to the audit record."""
        partitions.ensure()
        try:
            role.prepare()
        except role.RoleError as error:
            self.stderr.write(f"{error} Until then nothing may run with DATABASE_ROLE={role.ROLE}.")

    def migrate(self) -> str:
        """Apply what is missing and say so."""
        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if missing:
            self.stdout.write(f"Migrating the database: {len(missing)} steps.")
            call_command("migrate", interactive=False, verbosity=0)
        return f"{len(missing)} migrations applied" if missing else "database up to date"


def load_demo_once() -> bool:
    """Load the demo hospital, or what an interrupted load left out; say whether that was done.

    A site where somebody else can sign in already is left alone.
    """
    if "load_demo" not in get_commands() or (User.objects.exists() and not is_unfinished()):
        return False
    call_command("load_demo")
    return True
