"""What django-auditlog keeps of this app."""

from auditlog.registry import auditlog

from accounts.encryption.fields import encrypted_fields
from patients.models import (
    Allergy,
    CareTeamMember,
    Condition,
    ContactConsent,
    Document,
    EmergencyAccess,
    IdentifierSystem,
    Medicine,
    NextOfKin,
    PastProcedure,
    Patient,
    PatientBlock,
    PatientIdentifier,
    PatientName,
    PreoperativeAssessment,
    Restriction,
)

INDEXES = ["national_number_index", "phone_index", "token", "value_index", "fingerprint"]
"""Keyed hashes and tokens, which tell a reader of the trail whose record was whose."""


TRAILED = (
    *(Patient, PatientName, PatientIdentifier, NextOfKin, ContactConsent, IdentifierSystem),
    *(Allergy, Condition, Medicine, PastProcedure, PreoperativeAssessment, Document),
    *(CareTeamMember, EmergencyAccess, PatientBlock, Restriction),
)


def register() -> None:
    """Trail the record; what is encrypted is left out, because the trail would keep it in clear, for ever."""
    for model in TRAILED:
        auditlog.register(model, exclude_fields=[*(field.name for field in encrypted_fields(model)), *INDEXES])
