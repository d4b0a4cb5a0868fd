"""What django-auditlog keeps of this app."""

from auditlog.registry import auditlog
from django.db.models import Model

from accounts.encryption.fields import encrypted_fields
from patients.models import (
    Allergy,
    CareTeamMember,
    Condition,
    ContactConsent,
    Document,
    DuplicatePair,
    EmergencyAccess,
    IdentifierSystem,
    ImportRun,
    Medicine,
    NextOfKin,
    PastProcedure,
    Patient,
    PatientBlock,
    PatientIdentifier,
    PatientMerge,
    PatientName,
    PreoperativeAssessment,
    Restriction,
)

INDEXES = ["national_number_index", "phone_index", "token", "value_index", "fingerprint"]
"""Keyed hashes and tokens, which tell a reader of the trail whose record was whose."""


TRAILED = (
    *(Patient, PatientName, PatientIdentifier, NextOfKin, ContactConsent, IdentifierSystem, ImportRun),
    *(Allergy, Condition, Medicine, PastProcedure, PreoperativeAssessment, Document),
    *(CareTeamMember, EmergencyAccess, PatientBlock, Restriction),
    *(PatientMerge, DuplicatePair),
)


UNTRAILED: dict[type[Model], tuple[str, ...]] = {ImportRun: ("done", "total")}
"""How far an import is, which changes every second and says nothing afterwards."""


def register() -> None:
    """Trail the record; what is encrypted is left out, because the trail would keep it in clear, for ever."""
    for model in TRAILED:
        left_out = [*(field.name for field in encrypted_fields(model)), *INDEXES, *UNTRAILED.get(model, ())]
        auditlog.register(model, exclude_fields=left_out)
