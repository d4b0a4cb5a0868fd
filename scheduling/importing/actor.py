"""In whose name a list is imported where nobody says."""

from accounts import commanding
from accounts.commanding import NoActorError
from accounts.models import User
from scheduling import permissions


def find_actor(email: str = "") -> User:
    """Return the person with that address; without one, whoever it can only be, of those who may import."""
    return commanding.find_actor(email, permissions.IMPORT)


__all__ = ["NoActorError", "find_actor"]
