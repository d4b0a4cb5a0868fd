"""The capabilities that this app guards; :mod:`accounts.roles` says who holds them."""

REVIEW_SECURITY = "analytics.review_security"
