"""The capabilities that this app guards; :mod:`accounts.roles` says who holds them."""

REFERENCE = "resources.manage_reference"
AVAILABILITY = "resources.manage_availability"
