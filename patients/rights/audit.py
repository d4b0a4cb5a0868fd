"""What django-auditlog keeps of this app."""

from auditlog.registry import auditlog

from accounts.encryption.fields import encrypted_fields
from patients.rights.models import (
    Amendment,
    Disclosure,
    Erasure,
    LegalHold,
    ProcessingRestriction,
    RecordExport,
    RetentionRule,
)


def register() -> None:
    """Trail what was asked and decided; the words of it are encrypted, so they stay out."""
    for model in (Amendment, Disclosure, Erasure, LegalHold, ProcessingRestriction, RecordExport, RetentionRule):
        auditlog.register(model, exclude_fields=[field.name for field in encrypted_fields(model)])
