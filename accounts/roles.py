"""The one table that says which role may do what.

A capability is named ``<app>.<verb>_<noun>``; the app that guards something names it in its own
``permissions.py``. Views ask through :func:`accounts.permissions.requires`, services through
:func:`accounts.permissions.authorise`; both read this table and nothing else.
"""

from django.db import models


class Role(models.TextChoices):
    """What a person does in the hospital; one person may hold several."""

    COORDINATOR = "coordinator", "Theatre coordinator"
    BOOKING_CLERK = "booking_clerk", "Booking clerk"
    SURGEON = "surgeon", "Surgeon"
    ANAESTHETIST = "anaesthetist", "Anaesthetist"
    THEATRE_NURSE = "theatre_nurse", "Theatre nurse"
    WARD_NURSE = "ward_nurse", "Ward nurse"
    MANAGER = "manager", "Department manager"
    PRIVACY_OFFICER = "privacy_officer", "Privacy officer"
    ADMINISTRATOR = "administrator", "System administrator"


_LOOK = frozenset({"scheduling.view_schedule", "scheduling.view_operation", "patients.view_patient"})
_REQUEST = _LOOK | {"scheduling.request_operation", "patients.add_patient"}
_PLACE = _REQUEST | {
    "scheduling.book_operation",
    "scheduling.move_operation",
    "scheduling.postpone_operation",
    "scheduling.cancel_operation",
    "scheduling.assign_resource",
    "scheduling.confirm_operation",
}
_RECORD = frozenset({"scheduling.record_event"})
_AVAILABILITY = frozenset({"resources.manage_availability"})
_REFERENCE = _AVAILABILITY | {"resources.manage_reference", "scheduling.manage_catalogue", "accounts.manage_users"}

CAPABILITIES: dict[str, frozenset[str]] = {
    Role.COORDINATOR: _PLACE
    | _RECORD
    | _AVAILABILITY
    | {"scheduling.override_conflict", "scheduling.import_operations", "scheduling.inspect_operation"}
    | {"patients.change_patient"},
    Role.BOOKING_CLERK: _PLACE | {"patients.change_patient"},
    Role.SURGEON: _REQUEST | _RECORD,
    Role.ANAESTHETIST: _LOOK | _RECORD,
    Role.THEATRE_NURSE: _LOOK | _RECORD | {"scheduling.assign_resource"},
    Role.WARD_NURSE: _LOOK,
    Role.MANAGER: _LOOK | {"scheduling.override_conflict"},
    Role.PRIVACY_OFFICER: frozenset({"scheduling.view_schedule", "accounts.view_audit_trail"}),
    Role.ADMINISTRATOR: _REFERENCE | {"scheduling.view_schedule", "scheduling.import_operations"},
}


def capabilities_of(roles: frozenset[str]) -> frozenset[str]:
    """Return everything that the holder of ``roles`` may do."""
    return frozenset().union(*(CAPABILITIES.get(role, frozenset()) for role in roles))
