"""What django-auditlog keeps of this app."""

from auditlog.registry import auditlog

from patients.models import Allergy, CareTeamMember, EmergencyAccess, Patient, PatientBlock


def register() -> None:
    """Trail the record; contact details are left out, because the trail would keep them for ever."""
    auditlog.register(Patient, exclude_fields=["phone", "email"])
    auditlog.register(Allergy)
    auditlog.register(CareTeamMember)
    auditlog.register(EmergencyAccess, exclude_fields=["explanation", "note"])
    auditlog.register(PatientBlock, exclude_fields=["note"])
