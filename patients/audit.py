"""What django-auditlog keeps of this app."""

from auditlog.registry import auditlog

from patients.models import Allergy, Patient


def register() -> None:
    """Trail the record; contact details are left out, because the trail would keep them for ever."""
    auditlog.register(Patient, exclude_fields=["phone", "email"])
    auditlog.register(Allergy)
