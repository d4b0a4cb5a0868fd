"""The capabilities that this app guards; :mod:`accounts.roles` says who holds them."""

VIEW = "patients.view_patient"
ADD = "patients.add_patient"
CHANGE = "patients.change_patient"
MANAGE_CARE_TEAM = "patients.manage_care_team"
REVIEW = "patients.review_access"
VIEW_TRAIL = "accounts.view_audit_trail"
RESTRICT = "patients.restrict_access"
EXPORT_RECORD = "patients.export_record"
MANAGE_RIGHTS = "patients.manage_rights"

CARE_TEAM = "view_patient"
"""Django's permission that django-guardian gives for one patient to each member of the care team."""
