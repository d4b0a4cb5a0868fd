"""In whose name a command runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from auditlog.context import set_actor
from django.core.management.base import CommandError

from accounts.audit import who
from accounts.models import User
from accounts.role_table import roles_with
from accounts.roles import Role


class NoActorError(Exception):
    """Nobody in particular would be importing; the message says how to name somebody."""


def actor_named(email: str) -> User:
    """Return the active person who signs in with ``email``; raises :class:`CommandError` with what to do."""
    found = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    if found is None:
        raise CommandError(f"Nobody signs in as {email}. Check the address given with --actor.")
    return found


def find_actor(email: str, capability: str) -> User:
    """Return the person with that address; without one, whoever it can only be.

    That is the one active person who holds ``capability`` or, where several do, the one system
    administrator among them: who else runs commands on the server.
    """
    if email:
        named = User.objects.filter(email__iexact=email.strip()).first()
        if named is None:
            raise NoActorError(f"Nobody signs in as {email}. Check the address given with --actor.")
        return named
    roles = roles_with(capability)
    people = User.objects.filter(is_active=True, role_assignments__role__in=roles).distinct()
    administrators = people.filter(role_assignments__role=Role.ADMINISTRATOR)
    for candidates in (list(people[:2]), list(administrators[:2])):
        if len(candidates) == 1:
            return candidates[0]
    words = " or ".join(str(Role(role).label).lower() for role in roles)
    if not people.exists():
        raise NoActorError(f"Nobody may import yet. Give somebody the role {words} in the admin first.")
    raise NoActorError(f"Several people may import. Say in whose name, with --actor EMAIL of a {words}.")


@contextmanager
def in_name_of(actor: User) -> Iterator[None]:
    """Let a command or task write as ``actor``, in both trails."""
    author = who.current() or who.Who(source="")
    with set_actor(actor), who.acting(replace(author, actor=lambda: actor.pk)):
        yield
