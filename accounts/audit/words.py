"""The record in words: which page it was, what was written."""

from django.apps import apps

PAGES = {
    "scheduling:today": "Day board",
    "scheduling:day": "Day board",
    "scheduling:day-board": "Day board",
    "scheduling:live-board": "Board on the wall",
    "scheduling:families-board": "Board for families",
    "scheduling:display-board": "Screen on a wall",
    "scheduling:display-open": "Screen on a wall",
    "scheduling:displays": "Displays",
    "scheduling:display": "Displays",
    "scheduling:display-renew": "Displays",
    "scheduling:display-revoke": "Displays",
    "scheduling:week": "Week",
    "scheduling:month": "Month",
    "scheduling:blocks-today": "Block schedule",
    "scheduling:blocks": "Block schedule",
    "scheduling:open-time": "Open time",
    "scheduling:releases": "Releases of theatre time",
    "scheduling:time-requests": "Requests for theatre time",
    "scheduling:time-request-answer": "Requests for theatre time",
    "scheduling:lay-out": "Laying out the blocks",
    "scheduling:block-templates": "Block templates",
    "scheduling:block-template-new": "Block template",
    "scheduling:block-template": "Block template",
    "scheduling:session-new": "New session",
    "scheduling:session": "Theatre session",
    "scheduling:session-change": "Theatre session",
    "scheduling:session-end-block": "Theatre session",
    "scheduling:session-release": "Theatre session",
    "scheduling:release-take-back": "Theatre session",
    "scheduling:session-claim": "Theatre session",
    "scheduling:session-offer": "Theatre session",
    "scheduling:session-swap": "Theatre session",
    "scheduling:gap": "Who fits into a gap",
    "scheduling:affected": "Affected operations",
    "scheduling:waiting-list-csv": "Waiting list as a file",
    "scheduling:operation-readiness": "Operation that waits",
    "scheduling:operation-pause": "Operation that waits",
    "scheduling:operation-resume": "Operation that waits",
    "scheduling:theatre-list": "Theatre list",
    "scheduling:list-note": "Theatre list",
    "scheduling:credentials": "Credentials that end",
    "scheduling:kit-list": "Kit to come",
    "scheduling:kit-add": "Kit to come",
    "scheduling:kit-change": "Kit to come",
    "scheduling:kit-state": "Kit to come",
    "scheduling:list-close": "Theatre list",
    "scheduling:list-open": "Theatre list",
    "scheduling:running-late": "Running late",
    "scheduling:waiting-list": "Waiting list",
    "scheduling:waiting-forecast": "Breach forecast",
    "scheduling:waiting-bulk": "Waiting list, several at once",
    "scheduling:bulk-undo": "Waiting list, several at once",
    "scheduling:view-save": "View of the waiting list",
    "scheduling:view-open": "View of the waiting list",
    "scheduling:view-change": "View of the waiting list",
    "scheduling:view-delete": "View of the waiting list",
    "scheduling:patient-find": "Patient search",
    "scheduling:patient-add": "New patient",
    "scheduling:operation-request": "New case",
    "scheduling:emergency-new": "Emergency",
    "scheduling:emergency-place": "Place for an emergency",
    "scheduling:operation-detail": "Page of an operation",
    "scheduling:operation-accept": "Accepting a request",
    "scheduling:operation-book": "Scheduling an operation",
    "scheduling:operation-move": "Moving an operation",
    "scheduling:operation-swap": "Swapping two operations",
    "scheduling:operation-push": "Pushing a list",
    "scheduling:operation-slots": "Free times for an operation",
    "scheduling:operation-preview": "Preview of a plan",
    "scheduling:operation-confirm": "Confirming an operation",
    "scheduling:operation-record": "Day of surgery",
    "scheduling:operation-checklist": "Safety checklist",
    "scheduling:operation-delay": "Day of surgery",
    "scheduling:delay-take-back": "Day of surgery",
    "scheduling:event-correct": "Day of surgery",
    "scheduling:event-take-back": "Day of surgery",
    "scheduling:operation-assign": "Team of an operation",
    "scheduling:operation-release": "Team of an operation",
    "scheduling:operation-postpone": "Postponing an operation",
    "scheduling:operation-cancel": "Cancelling an operation",
    "scheduling:care-team-add": "Care team",
    "scheduling:care-team-remove": "Care team",
    "scheduling:change-undo": "Undoing a change",
    "scheduling:patient-access": "Who may see this record",
    "scheduling:patient-access-find": "Who may see this record",
    "scheduling:patient-confidential": "Who may see this record",
    "scheduling:patient-block": "Who may see this record",
    "scheduling:patient-unblock": "Who may see this record",
    "patients:access-history": "Access history",
    "patients:access-history-csv": "Access history as a file",
    "analytics:limited-export": "Limited data set for research",
    "patients:record-export": "Copy of the record",
    "patients:disclosures-csv": "Accounting of disclosures",
    "patients:rights": "Rights of the patient",
    "patients:rights-restrict": "Restriction of a record",
    "patients:rights-hold": "Legal hold of a record",
    "patients:amendment-ask": "Request to correct a record",
    "patients:amendment-decide": "Decision on a correction",
    "patients:disclosure-record": "Accounting of disclosures",
    "admin:patients_patient_changelist": "List of patients in the admin",
    "admin:patients_patient_change": "Record in the admin",
    "admin:patients_patient_add": "New record in the admin",
    "admin:auditlog_logentry_change": "Trail of changes in the admin",
}
"""Every page that may name a patient, as people call it."""

ACTIONS = {"insert": "added", "update": "changed", "delete": "removed", "truncate": "emptied"}


def page_in_words(view: str) -> str:
    """Return what people call a view; one without words, of an older release perhaps, by its own name."""
    if view in PAGES:
        return PAGES[view]
    if view.startswith("admin:"):
        return "The admin"
    return view.replace("_", " ").replace("-", " ").rpartition(":")[2].capitalize() or "A page"


def table_in_words(table: str) -> str:
    """Return what the rows of a table are."""
    models = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}  # noqa: SLF001
    found = models.get(table)
    return str(found._meta.verbose_name) if found else table  # noqa: SLF001  # Django's public name for it
