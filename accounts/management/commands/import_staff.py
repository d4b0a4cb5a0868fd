"""``manage.py import_staff``: the accounts of a whole hospital from a file."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from tqdm import tqdm

from accounts.importing import StaffFileError, read_staff
from accounts.invitations import invite, is_awaited
from accounts.letters import LetterError
from accounts.models import User
from accounts.people import Person, PersonError, change_person, create_person

T = TypeVar("T")
NOTHING_WRITTEN = "Nothing was written."


class Command(BaseCommand):
    """Make or change the accounts that a file names."""

    help = (
        "Make accounts from a CSV file with the columns email, given_name, family_name and roles (separated by "
        "semicolons; quote the cell where semicolons separate the columns too). All lines are checked first, and "
        "one wrong line stops everything. Safe to run again: an account that exists gets the file's names and, "
        "where the file has a column for them, exactly its roles. Accounts that the file does not name stay as "
        "they are, and one that is switched off stays off."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be chosen."""
        parser.add_argument("file", type=Path, help="the list, a CSV file in UTF-8 with a header line")
        parser.add_argument("--dry-run", action="store_true", help="check everything, say what would be done")
        parser.add_argument(
            "--invite", action="store_true", help="send the link that sets a password to those who never signed in"
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Read, write, invite, count."""
        people = self._read(options["file"])
        try:
            users, counts = self._write(people, options)
        except PersonError as error:
            raise CommandError(f"{error} {NOTHING_WRITTEN}") from error
        said = "Would make" if options["dry_run"] else "Made"
        self.stdout.write(
            f"{said} {counts['new']} new, {counts['changed']} changed, {counts['same']} left as they are; "
            f"{sum(not user.is_active for user in users)} of them switched off."
        )
        if options["invite"]:
            self._invite([user for user in users if is_awaited(user)], options)

    def _read(self, path: Path) -> list[Person]:
        try:
            found = read_staff(path)
        except StaffFileError as error:
            raise CommandError(f"{error} {NOTHING_WRITTEN}") from error
        for line, reason in found.wrong:
            self.stderr.write(f"line {line}: {reason}")
        if found.wrong:
            lines = len({line for line, _ in found.wrong})
            raise CommandError(f"{lines} of the lines can't be read. {NOTHING_WRITTEN} Mend them and run it again.")
        return found.people

    def _write(self, people: list[Person], options: dict[str, Any]) -> tuple[list[User], Counter[str]]:
        known = {user.email.lower(): user for user in User.objects.all()}
        users, counts = [], Counter[str]()
        with transaction.atomic():
            for person in _bar(people, "accounts", options):
                user = known.get(person.email)
                if user is None:
                    user = create_person(actor=None, person=person)
                    counts["new"] += 1
                else:
                    counts["changed" if change_person(actor=None, user=user, person=person) else "same"] += 1
                users.append(user)
            transaction.set_rollback(options["dry_run"])
        return users, counts

    def _invite(self, users: list[User], options: dict[str, Any]) -> None:
        if options["dry_run"]:
            self.stdout.write(f"Would invite {len(users)}.")
            return
        sent = 0
        for user in _bar(users, "invitations", options):
            try:
                invite(actor=None, user=user)
            except LetterError as error:
                message = f"Invited {sent} of {len(users)}; the accounts are there. {error}"
                raise CommandError(message) from error
            sent += 1
        self.stdout.write(f"Invited {sent}.")


def _bar(items: Iterable[T], title: str, options: dict[str, Any]) -> Iterable[T]:
    bar: Iterable[T] = tqdm(items, desc=title, unit="person", leave=False, disable=options["verbosity"] == 0 or None)
    return bar
