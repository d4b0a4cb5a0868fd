"""How far a hospital may change the table of roles. These bounds come with the release and are not editable."""

from collections.abc import Iterable

from accounts.roles import DEFAULTS, WORDS, Role

MANAGE_ROLES = "accounts.manage_roles"
MANAGE_USERS = "accounts.manage_users"

FIXED: dict[str, frozenset[str]] = {
    Role.ADMINISTRATOR: frozenset({MANAGE_USERS, MANAGE_ROLES}),
    Role.PRIVACY_OFFICER: frozenset(
        {"accounts.view_audit_trail", "analytics.review_security", "patients.review_access"}
    ),
}
"""What a role can't lose: somebody must be left who lets people in, and somebody who watches."""

NEVER_GIVEN = frozenset({MANAGE_ROLES})
"""What no role gets beyond those that are shipped with it."""

_WATCHING = frozenset({"accounts.view_audit_trail", "analytics.review_security", "patients.review_access"})
APART: dict[str, frozenset[str]] = {MANAGE_USERS: _WATCHING, MANAGE_ROLES: _WATCHING}
"""Duties that no role has together: who lets people in does not judge what they did."""

_SEE = frozenset({"scheduling.view_operation"})
_COMMANDS = frozenset(f"scheduling.{verb}_operation" for verb in ("book", "move", "postpone", "cancel", "confirm"))
NEEDS: dict[str, frozenset[str]] = {
    "scheduling.view_operation": frozenset({"patients.view_patient", "scheduling.view_schedule"}),
    "scheduling.override_conflict": _COMMANDS | {"scheduling.assign_resource"},
    "scheduling.request_operation": _SEE,
    "scheduling.assign_resource": _SEE,
    "scheduling.record_event": _SEE,
    "scheduling.share_view": _SEE,
    "patients.manage_care_team": _SEE,
    "patients.change_patient": frozenset({"patients.view_patient"}),
    "patients.change_record": frozenset({"patients.view_patient"}),
    "patients.add_patient": frozenset({"patients.view_patient"}),
    "messaging.settle_delivery": frozenset({"patients.view_patient"}),
    "patients.export_record": frozenset({"patients.view_patient"}),
    "patients.merge_patients": frozenset({"patients.change_patient", "patients.view_patient"}) | _SEE,
    **dict.fromkeys(_COMMANDS, _SEE),
}
"""What a capability is of no use without."""


def may_be_given(role: str, capability: str) -> bool:
    """Say whether a hospital may ever add ``capability`` to ``role``; an integration account gets nothing."""
    return capability in WORDS and capability not in NEVER_GIVEN and role in DEFAULTS and role != Role.INTEGRATION


def problems(held: Iterable[str]) -> list[str]:
    """Return, in sentences, why no role may hold just these capabilities; none when one may."""
    held = frozenset(held)
    found = [
        f"Nobody may both {WORDS[one]} and {WORDS[other]}: leave one of them to another role."
        for one, others in APART.items()
        if one in held
        for other in sorted(others & held)
    ]
    for capability in sorted(held & NEEDS.keys()):
        if lacking := sorted(NEEDS[capability] - held):
            words = ", ".join(f"“{WORDS[one]}”" for one in lacking)
            found.append(f"“{WORDS[capability].capitalize()}” needs {words} as well: tick both, or neither.")
    return found


def capabilities_of(role: str, given: Iterable[str] = (), taken: Iterable[str] = ()) -> frozenset[str]:
    """Return what ``role`` may do where a hospital gave and took the named capabilities.

    What this release does not know, or lets nobody give or take, does not count, however it was stored.
    """
    added = {capability for capability in given if may_be_given(role, capability)}
    return DEFAULTS.get(role, frozenset()) - (set(taken) - FIXED.get(role, frozenset())) | added
