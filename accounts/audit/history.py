"""What django-auditlog keeps of this app."""

from auditlog.registry import auditlog

from accounts.models import RoleAssignment, RoleCapability, User


def register() -> None:
    """Trail accounts, the roles they hold and what roles may do; never a password hash or a sign-in time."""
    auditlog.register(User, exclude_fields=["password", "last_login"])
    auditlog.register(RoleAssignment, m2m_fields={"sites", "specialties"})
    auditlog.register(RoleCapability)
