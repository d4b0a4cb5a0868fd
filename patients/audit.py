"""What django-auditlog keeps of this app."""

from auditlog.registry import auditlog

from accounts.encryption.fields import encrypted_fields
from patients.models import Allergy, CareTeamMember, EmergencyAccess, Patient, PatientBlock, Restriction

INDEXES = ["national_number_index", "token"]
"""Keyed hashes and tokens, which tell a reader of the trail whose record was whose."""


def register() -> None:
    """Trail the record; what is encrypted is left out, because the trail would keep it in clear, for ever."""
    for model in (Patient, Allergy, CareTeamMember, EmergencyAccess, PatientBlock, Restriction):
        auditlog.register(model, exclude_fields=[*(field.name for field in encrypted_fields(model)), *INDEXES])
