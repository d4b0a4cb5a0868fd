"""The capabilities that this app guards; :mod:`accounts.roles` says who holds them."""

VIEW = "patients.view_patient"
ADD = "patients.add_patient"
CHANGE = "patients.change_patient"
