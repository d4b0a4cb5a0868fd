"""The one table that says which role may do what, as it is shipped.

A capability is named ``<app>.<verb>_<noun>``; the app that guards something names it in its own
``permissions.py``. Views ask through :func:`accounts.permissions.requires`, services through
:func:`accounts.permissions.authorise`. A hospital may differ from this table within bounds
(:mod:`accounts.role_bounds`); only its differences are stored, so what a new release adds arrives by itself.
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
    INTEGRATION = "integration", "Integration account"


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
_CHART = frozenset({"patients.change_record"})
_AVAILABILITY = frozenset({"resources.manage_availability"})
_REFERENCE = _AVAILABILITY | {"resources.manage_reference", "scheduling.manage_catalogue"}
_PEOPLE = frozenset({"accounts.manage_users", "accounts.manage_roles"})

DEFAULTS: dict[str, frozenset[str]] = {
    Role.COORDINATOR: _PLACE
    | _RECORD
    | _CHART
    | _AVAILABILITY
    | {"scheduling.override_conflict", "scheduling.import_operations", "scheduling.inspect_operation"}
    | {"scheduling.use_blocks"}
    | {"patients.change_patient", "patients.manage_care_team", "patients.restrict_access", "accounts.manage_roles"}
    | {"patients.export_record", "patients.import_records", "patients.merge_patients", "scheduling.share_view"}
    | {"messaging.settle_delivery"},
    Role.BOOKING_CLERK: _PLACE | {"patients.change_patient", "patients.merge_patients"} | {"messaging.settle_delivery"},
    Role.SURGEON: _REQUEST | _RECORD | _CHART | {"patients.manage_care_team", "scheduling.use_blocks"},
    Role.ANAESTHETIST: _LOOK | _RECORD | _CHART,
    Role.THEATRE_NURSE: _LOOK | _RECORD | _CHART | {"scheduling.assign_resource"},
    Role.WARD_NURSE: _LOOK | _CHART,
    Role.MANAGER: frozenset(
        {"scheduling.view_schedule", "scheduling.manage_displays", "analytics.export_deidentified"}
    ),
    Role.PRIVACY_OFFICER: frozenset(
        {"scheduling.view_schedule", "accounts.view_audit_trail", "analytics.review_security"}
        | {"patients.review_access", "patients.restrict_access", "patients.manage_rights"}
        | {"analytics.export_deidentified", "analytics.export_limited_set"}
    ),
    Role.ADMINISTRATOR: _PEOPLE
    | _REFERENCE
    | {"scheduling.view_schedule", "scheduling.import_operations", "scheduling.manage_displays"}
    | {"patients.import_records", "messaging.manage_templates"},
    Role.INTEGRATION: _PLACE | _RECORD | _CHART | {"patients.change_patient", "patients.import_records"},
}

IDLE_MINUTES: dict[str, int] = {**dict.fromkeys(Role.values, 30), Role.PRIVACY_OFFICER: 15, Role.ADMINISTRATOR: 15}
"""After how many minutes without activity a session ends."""
SHORTEST_IDLE_MINUTES = min(IDLE_MINUTES.values())

WORDS: dict[str, str] = {
    "accounts.manage_roles": "change what roles may do",
    "accounts.manage_users": "manage accounts",
    "accounts.view_audit_trail": "see the audit trail",
    "analytics.export_deidentified": "export figures without patients",
    "analytics.export_limited_set": "export operations with dates for research",
    "analytics.review_security": "review the site's security",
    "messaging.manage_templates": "change the words of messages",
    "messaging.settle_delivery": "decide on messages that did not arrive",
    "patients.add_patient": "add patients",
    "patients.change_patient": "change who a patient is and how to reach them",
    "patients.change_record": "write in patients' records",
    "patients.export_record": "give out copies of records",
    "patients.import_records": "bring patients in from other systems",
    "patients.manage_care_team": "say who belongs to a patient's care team",
    "patients.manage_rights": "decide on patients' rights",
    "patients.merge_patients": "merge two records of one patient",
    "patients.restrict_access": "say who may not see a patient",
    "patients.review_access": "review emergency access",
    "patients.view_patient": "see patients",
    "resources.manage_availability": "enter closures, leave and shifts",
    "resources.manage_reference": "change theatres, people and equipment",
    "scheduling.assign_resource": "change the team of an operation",
    "scheduling.book_operation": "schedule operations",
    "scheduling.cancel_operation": "cancel operations",
    "scheduling.confirm_operation": "confirm operations",
    "scheduling.import_operations": "import operations",
    "scheduling.inspect_operation": "look at operations in the admin",
    "scheduling.manage_catalogue": "change procedures and priorities",
    "scheduling.manage_displays": "set up screens on the walls",
    "scheduling.move_operation": "move operations",
    "scheduling.override_conflict": "go ahead against a warning",
    "scheduling.postpone_operation": "postpone operations",
    "scheduling.record_event": "record what happens in theatre",
    "scheduling.request_operation": "put patients on the waiting list",
    "scheduling.use_blocks": "release theatre time or ask for it",
    "scheduling.share_view": "share views of the waiting list",
    "scheduling.view_operation": "see operations",
    "scheduling.view_schedule": "see the schedule",
}
"""What each capability lets one do, to go after "Your role does not let you"."""
