"""``manage.py create_staff``: one account, and the letter that opens it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.invitations import invite
from accounts.letters import LetterError
from accounts.people import Person, PersonError, create_person
from accounts.roles import Role


class Command(BaseCommand):
    """Make one account."""

    help = (
        "Make an account for one person. It has no password: with --invite the person gets a link by e-mail "
        "to choose one; without, they use “Forgot your password?” on the sign-in page."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be chosen."""
        parser.add_argument("email", help="the address by which the person signs in")
        parser.add_argument("--given", required=True, metavar="NAME", help="given name")
        parser.add_argument("--family", required=True, metavar="NAME", help="family name")
        parser.add_argument(
            "--role",
            action="append",
            default=[],
            choices=Role.values,
            metavar="ROLE",
            help=f"what the person does; can be given more than once: {', '.join(Role.values)}",
        )
        parser.add_argument("--admin", action="store_true", help="a system administrator: the role, and the admin")
        parser.add_argument("--invite", action="store_true", help="send the link that sets a password")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Make the account, then say what it may do."""
        roles = frozenset([*options["role"], *([Role.ADMINISTRATOR.value] if options["admin"] else [])])
        if not roles:
            raise CommandError(f"Give at least one --role ({', '.join(Role.values)}) or --admin. Nothing was written.")
        person = Person(
            email=options["email"].strip().lower(),
            given_name=options["given"].strip(),
            family_name=options["family"].strip(),
            roles=roles,
        )
        try:
            user = create_person(actor=None, person=person)
        except PersonError as error:
            raise CommandError(f"{error} Nothing was written.") from error
        named = ", ".join(str(Role(role).label) for role in sorted(roles))
        self.stdout.write(f"Made an account for {user.email}: {named}.")
        if options["invite"]:
            try:
                invite(actor=None, user=user)
            except LetterError as error:
                raise CommandError(f"The account is there, but not invited: {error}") from error
            self.stdout.write("The invitation is on its way.")
