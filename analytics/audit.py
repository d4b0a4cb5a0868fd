"""What django-auditlog keeps of this app."""

from auditlog.registry import auditlog

from analytics.models import DataExport, SecurityFinding, UnusualAccess


def register() -> None:
    """Trail who accepted a finding, until when and why."""
    auditlog.register(SecurityFinding, include_fields=["state", "accepted_until", "accepted_by", "note"])
    auditlog.register(UnusualAccess, include_fields=["outcome", "reviewed_by"], exclude_fields=["note"])
    auditlog.register(DataExport)
