"""Who may see one patient's record, beside what roles open."""

from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from patients.models import EmergencyAccess, Patient, PatientBlock, Restriction
from resources.models import StaffMember
from scheduling.models import Operation, Reservation
from scheduling.selectors.care_team import care_team
from scheduling.status import MOVABLE, Status

HISTORY_SIZE = 50
"""How many steps of the history the page shows, the latest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A colleague who is kept away, and the patient's operations that are still theirs."""

    block: PatientBlock
    operations: list[Operation]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientAccess:
    """Everything the page shows."""

    care_team: list[User]
    kept_away: list[Kept]
    emergencies: list[EmergencyAccess]
    history: list[Restriction]


def patient_access(patient: Patient) -> PatientAccess:
    """Return who may and who may not see the record now, and how that came about."""
    now = timezone.now()
    blocks = list(patient.blocks.select_related("user"))
    theirs = _operations_of(patient, [block.user_id for block in blocks])
    running = patient.emergency_accesses.filter(began__lte=now, ends__gt=now)
    return PatientAccess(
        care_team=list(care_team(patient)),
        kept_away=[Kept(block=block, operations=theirs.get(block.user_id, [])) for block in blocks],
        emergencies=list(running.select_related("actor")),
        history=list(patient.restrictions.select_related("actor", "user")[:HISTORY_SIZE]),
    )


def who_may_be_blocked(actor: User, patient: Patient) -> list[User]:
    """Return the colleagues who could be kept away, by name."""
    already = patient.blocks.values("user")
    return list(User.objects.filter(is_active=True).exclude(pk__in=already).exclude(pk=actor.pk))


def _operations_of(patient: Patient, users: list[int]) -> dict[int, list[Operation]]:
    """Return, by account, the operations to come that the person leads or is on the team of."""
    people = dict(StaffMember.objects.filter(user__in=users).values_list("pk", "user"))
    if not people:
        return {}
    open_ones = Operation.objects.filter(patient=patient, status__in=(*MOVABLE, Status.REQUESTED, Status.WAITING))
    team = Reservation.objects.filter(active=True, resource__in=people).values("operation")
    rows = (
        open_ones.filter(Q(lead_surgeon__in=people) | Q(pk__in=team)).select_related("theatre").order_by("period", "pk")
    )
    held = Reservation.objects.filter(active=True, resource__in=people, operation__in=rows)
    named = set(held.values_list("operation", "resource")) | {(row.pk, row.lead_surgeon_id) for row in rows}
    found: dict[int, list[Operation]] = {}
    for row in rows:
        for user in sorted({people[who] for at, who in named if at == row.pk and who in people}):
            found.setdefault(user, []).append(row)
    return found
