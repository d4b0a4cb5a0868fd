"""Who may see a patient: the parts of the answer that belong to the patient.

Roles see patients through operations, which this app does not know: the scheduling app adds its part by
:func:`let_in`. The care team, emergency access and a patient's own block are asked here, wherever the
patient stands (``patient`` is the field that holds the patient's number).
"""

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, Q, Value
from django.utils import timezone

from accounts.models import User
from patients import permissions
from patients.conditions import holds

EVERYTHING = Q(Value(True, output_field=BooleanField()))  # noqa: FBT003  # SQL's TRUE; an empty Q would vanish in an OR
NOTHING = Q(Value(False, output_field=BooleanField()))  # noqa: FBT003

Reach = Callable[[User], Q]
_by_role: list[Reach] = []
_intimate: list[Reach] = []
_treating: list[Reach] = []


class NotOnCareTeamError(PermissionDenied):
    """The patient is outside what the actor may see, but for an emergency."""

    def __init__(self, patient_id: int) -> None:
        super().__init__("You are not on this patient's care team.")
        self.patient_id = patient_id


def let_in(*, by_role: Reach, intimate: Reach, treating: Reach) -> None:
    """Add which patients roles open, which of these even where the record is confidential, and whom one treats."""
    _by_role.append(by_role)
    _intimate.append(intimate)
    _treating.append(treating)


def by_role(user: User) -> Q:
    """Return which patients the roles of ``user`` open."""
    return _any(_by_role, user)


def intimate(user: User) -> Q:
    """Return which patients ``user`` treats or coordinates, so that confidential ones are open too."""
    return _any(_intimate, user)


def treating(user: User) -> Q:
    """Return which patients ``user`` treats, by what other apps know; the care team comes on top."""
    return _any(_treating, user)


def _any(rules: list[Reach], user: User) -> Q:
    found = NOTHING
    for rule in rules:
        found |= rule(user)
    return found


# These three are sets that do not depend on the row: PostgreSQL reads each once and looks rows up in it, where an
# EXISTS in an OR would be asked again for every row.
_CARE_TEAM = """
    {} IN (SELECT member.content_object_id FROM patients_careteammember AS member
           JOIN auth_permission AS permission ON permission.id = member.permission_id
           WHERE member.user_id = %s AND permission.codename = %s)
"""
_EMERGENCY = "{} IN (SELECT patient_id FROM patients_emergencyaccess WHERE actor_id = %s AND began <= %s AND ends > %s)"
_BLOCKED = "{} IN (SELECT patient_id FROM patients_patientblock WHERE user_id = %s)"


def on_care_team(user: User, patient: str = "pk") -> Q:
    """Return the patients on whose care team ``user`` was put."""
    return holds(patient, _CARE_TEAM, user.pk, permissions.CARE_TEAM)


def in_emergency(user: User, patient: str = "pk") -> Q:
    """Return the patients to whom ``user`` has emergency access at this moment."""
    now = timezone.now()
    return holds(patient, _EMERGENCY, user.pk, now, now)


def is_blocked(user: User, patient: str = "pk") -> Q:
    """Return the patients who asked that ``user`` shall not see them."""
    return holds(patient, _BLOCKED, user.pk)


def combine(user: User, roles: Q, patient: str = "pk") -> Q:
    """Return what ``roles`` and the care team open, but for blocks; in an emergency all of it."""
    team, blocked = on_care_team(user, patient), is_blocked(user, patient)
    opened = EVERYTHING if roles == EVERYTHING else roles | team
    return (opened & ~blocked) | in_emergency(user, patient)


def but_confidential(user: User, opened: Q, close: Q, patient: str = "") -> Q:
    """Return ``opened`` without confidential records, but for those ``close`` to the person.

    ``patient`` is the way from the row to its patient: ``"patient__"``, or empty for the patient itself.
    """
    number = f"{patient}pk" if not patient else "patient_id"
    known = close | on_care_team(user, number) | in_emergency(user, number)
    return opened & (Q(**{f"{patient}confidential": False}) | known)
