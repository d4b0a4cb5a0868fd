"""Who is on a patient's care team, and who could join it."""

from django.db.models import QuerySet

from accounts.models import RoleAssignment, User
from accounts.role_table import roles_with
from patients import permissions
from patients.models import Patient


def care_team(patient: Patient) -> QuerySet[User]:
    """Return those who were put on the team and still work here, by name."""
    members = patient.care_team.filter(permission__codename=permissions.CARE_TEAM).values("user")
    return User.objects.filter(pk__in=members, is_active=True)


def who_may_join() -> QuerySet[User]:
    """Return the colleagues whose role lets them see patients."""
    holders = RoleAssignment.objects.in_force().filter(role__in=roles_with(permissions.VIEW)).values("user")
    return User.objects.filter(pk__in=holders, is_active=True)
