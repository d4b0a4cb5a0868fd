"""The capabilities that this app guards; :mod:`accounts.roles` says who holds them."""

REVIEW_SECURITY = "analytics.review_security"
EXPORT_DEIDENTIFIED = "analytics.export_deidentified"
EXPORT_LIMITED_SET = "analytics.export_limited_set"
