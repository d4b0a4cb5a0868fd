"""Nobody gives a role further than their own reaches, and nobody gives one to themselves."""

from django.core.exceptions import ValidationError

from accounts.grants import Grant, grants_of
from accounts.models import User
from accounts.role_bounds import MANAGE_USERS

OWN_ROLES = "Your own roles are changed by another administrator."
TOO_FAR = "Your own role is limited: choose among the sites and specialties that it names."


def check_grant(granter: User, holder: User, grant: Grant) -> None:
    """Raise :class:`ValidationError` unless ``granter`` may give or change this role of ``holder``.

    A superuser stands for the hospital's own technical keys and may.
    """
    if granter.is_superuser:
        return
    if holder.pk == granter.pk:
        raise ValidationError(OWN_ROLES)
    if not any(own.covers(grant) for own in granter.grants_of(MANAGE_USERS)):
        raise ValidationError(TOO_FAR)


def may_manage(granter: User, holder: User) -> bool:
    """Say whether ``granter`` may change the account of ``holder``: who sets a password could sign in by it."""
    if granter.is_superuser:
        return True
    if holder.is_superuser:
        return False
    own = granter.grants_of(MANAGE_USERS)
    if holder.pk == granter.pk or any(not grant.is_limited for grant in own):
        return True
    return all(any(one.covers(grant) for one in own) for grant in grants_of(holder.pk))
