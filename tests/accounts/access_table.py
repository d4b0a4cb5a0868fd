"""Who may open what, written down by hand: nothing here is read from the code that it checks.

``C`` coordinator, ``B`` booking clerk, ``S`` surgeon, ``A`` anaesthetist, ``T`` theatre nurse,
``W`` ward nurse, ``M`` manager, ``P`` privacy officer, ``D`` administrator. An integration account and
a visitor who has not signed in open nothing.
"""

from typing import NamedTuple

ROLES = {
    "C": "coordinator",
    "B": "booking_clerk",
    "S": "surgeon",
    "A": "anaesthetist",
    "T": "theatre_nurse",
    "W": "ward_nurse",
    "M": "manager",
    "P": "privacy_officer",
    "D": "administrator",
}


class Row(NamedTuple):
    """The roles; what GET and POST (empty, on a case that waits) then answer, ``None`` for 405; HEAD too or not.

    ``of_patient``: the address is about one patient, or one screen, and a colleague limited to another specialty gets
    403.
    """

    roles: str
    get: int | None
    post: int | None
    head: bool
    of_patient: bool


PAGES: dict[str, Row] = {
    "scheduling:today": Row("CBSATWMPD", 200, None, True, False),
    "scheduling:day": Row("CBSATWMPD", 200, None, True, False),
    "scheduling:day-board": Row("CBSATWMPD", 200, None, True, False),
    "scheduling:week": Row("CBSATWMPD", 200, None, True, False),
    "scheduling:month": Row("CBSATWMPD", 200, None, True, False),
    "scheduling:live-board": Row("CBSATWMPD", 200, None, True, False),
    "scheduling:families-board": Row("CBSATWMPD", 200, None, True, False),
    "scheduling:blocks-today": Row("CBSATWMPD", 200, None, True, False),
    "scheduling:blocks": Row("CBSATWMPD", 200, None, True, False),
    "scheduling:open-time": Row("CBSATWMPD", 200, None, True, False),
    "scheduling:releases": Row("CBSATWMPD", 200, None, True, False),
    "scheduling:time-requests": Row("CS", 200, 422, False, False),
    "scheduling:time-request-answer": Row("CS", None, 302, False, False),
    "scheduling:lay-out": Row("CD", 200, 422, False, False),
    "scheduling:block-templates": Row("CD", 200, None, True, False),
    "scheduling:block-template-new": Row("CD", 200, 422, False, False),
    "scheduling:block-template": Row("CD", 200, 422, False, False),
    "scheduling:session-new": Row("CD", 200, 422, False, False),
    "scheduling:session": Row("CBSATWMPD", 200, None, True, False),
    "scheduling:session-change": Row("CD", None, 422, False, False),
    "scheduling:session-end-block": Row("CD", None, 302, False, False),
    "scheduling:session-release": Row("CS", None, 422, False, False),
    "scheduling:release-take-back": Row("CS", None, 302, False, False),
    "scheduling:session-claim": Row("CS", None, 422, False, False),
    "scheduling:session-offer": Row("CS", None, 422, False, False),
    "scheduling:session-swap": Row("CS", None, 422, False, False),
    "scheduling:displays": Row("MD", 200, 422, False, False),
    "scheduling:display": Row("MD", 200, None, True, True),
    "scheduling:display-renew": Row("MD", None, 200, False, True),
    "scheduling:display-revoke": Row("MD", None, 302, False, True),
    "scheduling:gap": Row("CB", 404, None, True, False),
    "scheduling:affected": Row("CBT", 200, 302, False, False),
    "scheduling:credentials": Row("CBT", 200, None, True, False),
    "scheduling:kit-list": Row("CBSATW", 200, None, True, False),
    "scheduling:kit-add": Row("CBT", None, 422, False, True),
    "scheduling:kit-change": Row("CBT", None, 422, False, True),
    "scheduling:kit-state": Row("CBT", None, 422, False, True),
    "scheduling:roster": Row("CBSATWMPD", 200, None, True, False),
    "scheduling:shift-new": Row("CD", 200, 422, False, False),
    "scheduling:shift-edit": Row("CD", 200, 422, False, True),
    "scheduling:shift-move": Row("CD", None, 422, False, True),
    "scheduling:shift-remove": Row("CD", None, 422, False, True),
    "scheduling:roster-undo": Row("CD", None, 302, False, False),
    "scheduling:roster-lay-out": Row("CD", 200, 422, False, False),
    "scheduling:absence-new": Row("CD", 200, 422, False, False),
    "scheduling:session-team": Row("CBT", 200, 302, False, False),
    "scheduling:waiting-list-csv": Row("CBSATW", 200, None, True, False),
    "scheduling:operation-readiness": Row("CB", None, 422, False, True),
    "scheduling:operation-pause": Row("CB", None, 422, False, True),
    "scheduling:operation-resume": Row("CB", None, 422, False, True),
    "scheduling:theatre-list": Row("CBSATWMPD", 200, None, True, False),
    "scheduling:list-note": Row("CB", None, 302, False, False),
    "scheduling:list-close": Row("CB", None, 409, False, False),
    "scheduling:list-open": Row("C", None, 422, False, False),
    "scheduling:running-late": Row("CBSATW", 200, None, True, False),
    "scheduling:waiting-list": Row("CBSATW", 200, 200, False, False),
    "scheduling:waiting-forecast": Row("CBSATW", 200, None, True, False),
    "scheduling:waiting-bulk": Row("CB", None, 422, False, False),
    "scheduling:bulk-undo": Row("CB", None, 404, False, False),
    "scheduling:view-save": Row("CBSATW", 200, 422, False, False),
    "scheduling:view-open": Row("CBSATW", 302, None, True, False),
    "scheduling:view-change": Row("CBSATW", 404, 404, False, False),
    "scheduling:view-delete": Row("CBSATW", None, 404, False, False),
    "scheduling:patient-find": Row("CBSATW", 200, 200, False, False),
    "scheduling:patient-add": Row("CBS", 200, 422, False, False),
    "scheduling:patient": Row("CBSATW", 200, None, True, True),
    "scheduling:patient-access-find": Row("CP", 200, 422, False, False),
    "scheduling:patient-access": Row("CP", 200, None, True, True),
    "scheduling:patient-confidential": Row("CP", None, 422, False, True),
    "scheduling:patient-block": Row("CP", None, 422, False, True),
    "scheduling:patient-unblock": Row("CP", None, 422, False, True),
    "scheduling:emergency-new": Row("CB", 200, 422, False, False),
    "scheduling:emergency-place": Row("CB", 409, 422, False, True),
    "scheduling:operation-request": Row("CBS", 200, 200, False, False),
    "scheduling:operation-swap": Row("CB", 409, 422, False, True),
    "scheduling:operation-detail": Row("CBSATW", 200, None, True, True),
    "scheduling:operation-accept": Row("CB", None, 422, False, True),
    "scheduling:operation-book": Row("CB", 200, 422, False, True),
    "scheduling:operation-move": Row("CB", 409, 422, False, True),
    "scheduling:operation-slots": Row("CBSATW", 200, None, True, True),
    "scheduling:operation-preview": Row("CBSATW", None, 200, False, True),
    "scheduling:operation-push": Row("CB", 409, 422, False, True),
    "scheduling:operation-confirm": Row("CB", None, 422, False, True),
    "scheduling:operation-record": Row("CSAT", None, 422, False, True),
    "scheduling:operation-checklist": Row("CSAT", 409, 409, False, True),
    "scheduling:operation-delay": Row("CSAT", None, 422, False, True),
    "scheduling:delay-take-back": Row("CSAT", None, 409, False, True),
    "scheduling:event-correct": Row("CSAT", None, 422, False, True),
    "scheduling:event-take-back": Row("CSAT", None, 422, False, True),
    "scheduling:operation-assign": Row("CBT", None, 422, False, True),
    "scheduling:operation-release": Row("CBT", None, 422, False, True),
    "scheduling:operation-postpone": Row("CB", 409, 422, False, True),
    "scheduling:operation-cancel": Row("CB", 200, 422, False, True),
    "scheduling:care-team-add": Row("CS", None, 302, False, True),
    "scheduling:care-team-remove": Row("CS", None, 302, False, True),
    "scheduling:change-undo": Row("CBSATW", None, 409, False, True),
    "patients:record-card": Row("CBSATW", 302, None, True, True),
    "patients:record-history": Row("CBSATW", 200, None, True, True),
    "patients:none-known": Row("CSATW", None, 302, False, True),
    "patients:chart-add": Row("CSATW", 200, 422, False, True),
    "patients:chart-change": Row("CSATW", 200, 422, False, True),
    "patients:chart-take-back": Row("CSATW", None, 302, False, True),
    "patients:chart-put-back": Row("CSATW", None, 302, False, True),
    "patients:person-add": Row("CB", 200, 422, False, True),
    "patients:person-change": Row("CB", 200, 422, False, True),
    "patients:person-take-back": Row("CB", None, 302, False, True),
    "patients:details-change": Row("CB", 200, 422, False, True),
    "patients:emergency-begin": Row("CBSATW", 302, 302, False, False),
    "patients:emergency-end": Row("CBSATW", None, 302, False, False),
    "patients:access-find": Row("P", 200, 422, False, False),
    "patients:access-history": Row("P", 200, None, True, False),
    "patients:access-history-csv": Row("P", 200, None, True, False),
    "patients:record-export": Row("C", 302, 302, False, False),
    "patients:rights": Row("P", 200, None, True, False),
    "patients:rights-restrict": Row("P", None, 422, False, False),
    "patients:rights-unrestrict": Row("P", None, 302, False, False),
    "patients:rights-hold": Row("P", None, 422, False, False),
    "patients:rights-unhold": Row("P", None, 302, False, False),
    "patients:amendment-ask": Row("P", None, 422, False, False),
    "patients:amendment-decide": Row("P", None, 422, False, False),
    "patients:erasure-ask": Row("P", None, 302, False, False),
    "patients:erasure-withdraw": Row("P", None, 302, False, False),
    "patients:retention": Row("P", 200, 422, False, False),
    "audit:activity": Row("P", 200, None, True, False),
    "analytics:deidentified-export": Row("MP", 200, 422, False, False),
    "analytics:limited-export": Row("P", 302, 302, False, False),
    "analytics:unusual-list": Row("P", 200, None, True, False),
    "analytics:unusual-review": Row("P", None, 422, False, False),
    "patients:disclosure-record": Row("P", None, 422, False, False),
    "patients:disclosures-csv": Row("P", 200, None, True, False),
    "patients:review-list": Row("P", 200, None, True, False),
    "patients:review-decide": Row("P", None, 409, False, False),
    "analytics:security": Row("P", 200, None, False, False),
    "analytics:security-run": Row("P", None, 302, False, False),
    "analytics:security-report": Row("P", 200, None, False, False),
    "analytics:finding-accept": Row("P", None, 422, False, False),
    "analytics:finding-reopen": Row("P", None, 302, False, False),
}


class AdminRow(NamedTuple):
    """Who, with the mark for the admin, looks at, adds, changes and deletes rows of a kind."""

    look: str
    add: str
    change: str
    delete: str


_LIST = AdminRow("CD", "D", "D", "D")
_TIMES = AdminRow("CD", "CD", "CD", "CD")
_HISTORY = AdminRow("C", "", "", "")

ADMIN: dict[str, AdminRow] = {
    "accounts.rolecapability": AdminRow("CD", "", "", ""),
    "accounts.user": AdminRow("D", "D", "D", ""),
    "auditlog.logentry": AdminRow("P", "", "", ""),
    "patients.patient": AdminRow("CB", "CB", "CB", ""),
    "resources.bed": _LIST,
    "resources.blocktemplate": _TIMES,
    "resources.holiday": _TIMES,
    "resources.openingexception": _TIMES,
    "resources.releaserule": _TIMES,
    "resources.rosterassignment": _TIMES,
    "resources.rosterpattern": _TIMES,
    "resources.shiftkind": _TIMES,
    "resources.surgeongroup": _TIMES,
    "resources.teamneed": _TIMES,
    "resources.credential": _LIST,
    "resources.equipmentitem": _LIST,
    "resources.equipmenttype": _LIST,
    "resources.feature": _LIST,
    "resources.grade": _LIST,
    "resources.resource": AdminRow("CD", "", "", ""),
    "resources.shift": _TIMES,
    "resources.site": _LIST,
    "resources.specialty": _LIST,
    "resources.staffmember": _LIST,
    "resources.theatre": _LIST,
    "resources.unavailability": _TIMES,
    "scheduling.cancellationreason": _LIST,
    "scheduling.checklistitem": _LIST,
    "scheduling.delayreason": _LIST,
    "scheduling.listclosing": _LIST,
    "scheduling.operation": _HISTORY,
    "scheduling.operationchange": _HISTORY,
    "scheduling.operationevent": _HISTORY,
    "scheduling.priority": _LIST,
    "scheduling.procedure": _LIST,
    "scheduling.reservation": _HISTORY,
}
