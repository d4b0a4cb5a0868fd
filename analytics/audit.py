"""What django-auditlog keeps of this app."""

from auditlog.registry import auditlog

from analytics.models import SecurityFinding


def register() -> None:
    """Trail who accepted a finding, until when and why."""
    auditlog.register(SecurityFinding, include_fields=["state", "accepted_until", "accepted_by", "note"])
