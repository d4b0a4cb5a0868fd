"""What is done with accounts: made, changed, given roles, switched off. The admin and the commands both come here."""

from collections.abc import Collection
from dataclasses import dataclass

from auditlog.models import LogEntry
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.granting import check_grant
from accounts.grants import Grant
from accounts.models import RoleAssignment, User
from accounts.permissions import authorise
from accounts.role_bounds import MANAGE_USERS
from accounts.roles import Role
from accounts.second_factor import forget_factors
from accounts.sessions import end_sessions


class PersonError(Exception):
    """An account can't be as it was asked for; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What somebody's account should say; ``roles`` of ``None`` leaves those that are held."""

    email: str
    given_name: str
    family_name: str
    roles: frozenset[str] | None = None


def create_person(*, actor: User | None, person: Person, opens_admin: bool = False) -> User:
    """Make an account without a password; an invitation opens it.

    ``actor`` is ``None`` where a command does it: who runs commands on the server may do anything.
    A system administrator's account opens the admin whatever ``opens_admin`` says.
    """
    _authorise(actor)
    roles = person.roles or frozenset()
    user = User(email=person.email, given_name=person.given_name, family_name=person.family_name)
    user.is_staff = opens_admin or Role.ADMINISTRATOR in roles
    user.set_unusable_password()
    _check(user)
    with transaction.atomic():
        user.save()
        for role in sorted(roles):
            RoleAssignment.objects.create(user=user, role=role)
    return user


def change_person(*, actor: User | None, user: User, person: Person) -> bool:
    """Set names and roles; return whether anything changed. New roles end the person's sessions."""
    _authorise(actor)
    before = (user.given_name, user.family_name)
    user.given_name, user.family_name = person.given_name, person.family_name
    renamed = before != (user.given_name, user.family_name)
    with transaction.atomic():
        if renamed:
            _check(user)
            user.save(update_fields=["given_name", "family_name"])
        has_new_roles = person.roles is not None and set_roles(actor=actor, user=user, roles=person.roles)
    return renamed or has_new_roles


def set_roles(*, actor: User | None, user: User, roles: Collection[str], among: Collection[str] = Role.values) -> bool:
    """Let ``user`` hold ``roles``, and of those outside ``among`` what is held already; return whether that is new.

    Sessions end as soon as it is written, so nobody works on with what was taken away.
    """
    _authorise(actor)
    held = set(user.role_assignments.values_list("role", flat=True)) & set(among)
    if held == set(roles):
        return False
    if actor == user and Role.ADMINISTRATOR in held - set(roles):
        raise PersonError("Nobody takes away their own administrator role. Ask another administrator.")
    for role in held ^ set(roles):
        _check_grant(actor, user, role)
    with transaction.atomic():
        for gone in user.role_assignments.filter(role__in=held - set(roles)):
            gone.delete()  # one by one: the audit trail hears of it
        for role in sorted(set(roles) - held):
            RoleAssignment.objects.create(user=user, role=role)
        transaction.on_commit(lambda: end_sessions(user))
    for name in ("grants", "capabilities"):
        user.__dict__.pop(name, None)
    return True


def switch_off(*, actor: User | None, user: User) -> bool:
    """Keep somebody from signing in and end their sessions; return whether they could sign in before."""
    _authorise(actor)
    if actor == user:
        raise PersonError("Nobody switches off themselves. Ask another administrator.")
    if not user.is_active:
        return False
    with transaction.atomic():
        user.is_active = False
        user.save(update_fields=["is_active"])
        transaction.on_commit(lambda: end_sessions(user))
    return True


def switch_on(*, actor: User | None, user: User) -> bool:
    """Let somebody sign in again; return whether they could not."""
    _authorise(actor)
    if user.is_active:
        return False
    user.is_active = True
    user.save(update_fields=["is_active"])
    return True


def forget_second_factors(*, actor: User | None, user: User) -> int:
    """Take away all second factors of somebody who has lost them; return how many there were.

    Their sessions end: whoever has the lost telephone or key may be in one. Who has to give a factor sets up
    a new one at the next sign-in. Tell the owner by the letter ``factors_removed`` after commit.
    """
    _authorise(actor)
    if actor == user:
        raise PersonError("Change your own second factors on the page “Second factor”.")
    with transaction.atomic():
        gone = forget_factors(user)
        if gone:
            words = {"second factors": [str(gone), "0"]}
            LogEntry.objects.log_create(user, action=LogEntry.Action.UPDATE, changes=words, actor=actor)
            transaction.on_commit(lambda: end_sessions(user))
    return gone


def find_person(email: str) -> User:
    """Return who signs in with ``email``, however it is capitalised. Raises :class:`PersonError` for nobody."""
    user = User.objects.filter(email__iexact=email.strip()).first()
    if user is None:
        raise PersonError(f"Nobody signs in as {email.strip()}. Check the address.")
    return user


def _check_grant(actor: User | None, user: User, role: str) -> None:
    try:
        if actor is not None:
            check_grant(actor, user, Grant(role=role))
    except ValidationError as error:
        raise PersonError(error.message) from error


def _authorise(actor: User | None) -> None:
    if actor is None or (actor.is_superuser and actor.is_active):
        return
    authorise(actor, MANAGE_USERS)


def _check(user: User) -> None:
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        raise PersonError(" ".join(error.messages)) from error
