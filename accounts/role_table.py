"""The table of roles as this hospital has it: reading it, and the one way to change it."""

from collections import defaultdict
from collections.abc import Iterable

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction

from accounts.models import RoleAssignment, RoleCapability, User
from accounts.permissions import authorise
from accounts.role_bounds import FIXED, MANAGE_ROLES, MANAGE_USERS, capabilities_of, may_be_given, problems
from accounts.roles import DEFAULTS, WORDS, Role
from accounts.sessions import end_streams

OWN = "You hold this role yourself. Ask somebody who does not to change it."
LIMITED = "Your own role counts at some sites or in some specialties only; what a role may do counts everywhere."


def role_table() -> dict[str, frozenset[str]]:
    """Return what each role may do, in one query."""
    changes: dict[tuple[str, bool], set[str]] = defaultdict(set)
    for role, capability, given in RoleCapability.objects.values_list("role", "capability", "given"):
        changes[role, given].add(capability)
    return {role: capabilities_of(role, changes[role, True], changes[role, False]) for role in Role.values}


def roles_with(capability: str) -> list[str]:
    """Return the roles that hold ``capability``, in the order of :class:`~accounts.roles.Role`."""
    return [role for role, held in role_table().items() if capability in held]


def change_role(*, actor: User, role: str, give: Iterable[str] = (), take: Iterable[str] = ()) -> frozenset[str]:
    """Give and take capabilities of ``role``; return what it then holds. It counts from the next request.

    Raises :class:`PermissionDenied` for one's own role, :class:`ValidationError` for what the bounds forbid.
    """
    give, take = frozenset(give), frozenset(take)
    demand_role(actor, role)
    if wrong := [*_may_give(actor, role, give), *_may_take(actor, role, take)]:
        raise ValidationError(wrong)
    with transaction.atomic():
        _lock()
        now = (role_table()[role] | give) - take
        if wrong := problems(now):
            raise ValidationError(wrong)
        _store(role, now)
        transaction.on_commit(lambda: end_streams(_holders(role)))
    return now


def reset_role(*, actor: User, role: str) -> frozenset[str]:
    """Bring ``role`` back to what is shipped."""
    now, shipped = role_table()[role], DEFAULTS[role]
    return change_role(actor=actor, role=role, give=shipped - now, take=now - shipped)


def demand_role(actor: User, role: str) -> None:
    """Raise :class:`PermissionDenied` unless ``actor`` may change anything of ``role``."""
    if role not in Role.values:
        raise PermissionDenied("There is no such role.")
    if actor.is_superuser:
        return
    authorise(actor, MANAGE_ROLES)
    if role in actor.roles:
        raise PermissionDenied(OWN)
    if not _holds_everywhere(actor, MANAGE_ROLES):
        raise PermissionDenied(LIMITED)


def may_give(actor: User, role: str, capability: str) -> bool:
    """Say whether ``actor`` may add it: one that they hold without limits themselves, or one that is shipped."""
    if capability in DEFAULTS[role]:
        return True
    return may_be_given(role, capability) and (actor.is_superuser or _holds_everywhere(actor, capability))


def may_take(actor: User, role: str, capability: str) -> bool:
    """Say whether ``actor`` may take it away: administrators any that is not fixed, others what they hold."""
    if capability in FIXED.get(role, frozenset()):
        return False
    return actor.is_superuser or any(_holds_everywhere(actor, held) for held in (MANAGE_USERS, capability))


def _may_give(actor: User, role: str, asked: frozenset[str]) -> list[str]:
    refused = sorted(capability for capability in asked if not may_give(actor, role, capability))
    return [f"You can't give “{WORDS.get(one, one)}” to this role: {_why_not(role, one)}" for one in refused]


def _why_not(role: str, capability: str) -> str:
    if not may_be_given(role, capability):
        return "it stays with the roles that have it."
    return "nobody gives what they lack. Ask a colleague who holds it."


def _may_take(actor: User, role: str, asked: frozenset[str]) -> list[str]:
    refused = sorted(capability for capability in asked if not may_take(actor, role, capability))
    return [f"You can't take “{WORDS.get(one, one)}” away from this role. Ask an administrator." for one in refused]


def _holds_everywhere(actor: User, capability: str) -> bool:
    return any(not grant.is_limited for grant in actor.grants_of(capability))


def _lock() -> None:
    """Let one change of the table wait for the other: the bounds are about all of a role's rows together."""
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {RoleCapability._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")  # noqa: SLF001


def _store(role: str, now: frozenset[str]) -> None:
    """Write what differs from the shipped table, and nothing else; row by row, so that the audit trail hears of it."""
    wanted = dict.fromkeys(now - DEFAULTS[role], True) | dict.fromkeys(DEFAULTS[role] - now, False)
    kept = set()
    for row in RoleCapability.objects.filter(role=role):
        if wanted.get(row.capability) is row.given:
            kept.add(row.capability)
        else:
            row.delete()
    for capability in sorted(wanted.keys() - kept):
        RoleCapability.objects.create(role=role, capability=capability, given=wanted[capability])


def _holders(role: str) -> list[int]:
    return list(RoleAssignment.objects.filter(role=role).values_list("user", flat=True))
