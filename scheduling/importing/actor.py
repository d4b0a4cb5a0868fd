"""In whose name a list is imported where nobody says."""

from accounts.models import User
from accounts.role_table import roles_with
from accounts.roles import Role
from scheduling import permissions


class NoActorError(Exception):
    """Nobody in particular would be importing; the message says how to name somebody."""


def find_actor(email: str = "") -> User:
    """Return the person with that address; without one, whoever it can only be.

    That is the one active person who may import or, where several may, the one system
    administrator among them: who else runs commands on the server.
    """
    if email:
        named = User.objects.filter(email__iexact=email.strip()).first()
        if named is None:
            raise NoActorError(f"Nobody signs in as {email}. Check the address given with --actor.")
        return named
    roles = roles_with(permissions.IMPORT)
    people = User.objects.filter(is_active=True, role_assignments__role__in=roles).distinct()
    administrators = people.filter(role_assignments__role=Role.ADMINISTRATOR)
    for candidates in (list(people[:2]), list(administrators[:2])):
        if len(candidates) == 1:
            return candidates[0]
    words = " or ".join(str(Role(role).label).lower() for role in roles)
    if not people.exists():
        raise NoActorError(f"Nobody may import yet. Give somebody the role {words} in the admin first.")
    raise NoActorError(f"Several people may import. Say in whose name, with --actor EMAIL of a {words}.")
