"""Put somebody on the team of a session, take them off, and give the team to the session's operations."""

from collections import Counter
from dataclasses import dataclass

from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from patients.access import NotOnCareTeamError
from resources.models import Resource, SessionStaff, StaffMember, TheatreSession, Unavailability
from scheduling import permissions
from scheduling.access import demand_place
from scheduling.conflicts import SchedulingConflictError
from scheduling.conflicts.rules_hard import PROFESSIONS
from scheduling.models import Operation, OperationStaff, Reservation
from scheduling.period import Period
from scheduling.querysets import OperationQuerySet
from scheduling.selectors.masking import masked_for
from scheduling.services.errors import NotPossibleError, SchedulingError
from scheduling.services.locking import command
from scheduling.services.staffing import assign_resource
from scheduling.status import MOVABLE

GONE = "This session or this person does not exist any more. Go back to the schedule."


def add_to_team(*, actor: User, session_id: int, person_id: int) -> SessionStaff:
    """Put somebody on a session's team; nobody is on two teams at one time.

    Raises :class:`NotPossibleError` where the person is away, has left, or is on a team somewhere else then.
    """
    authorise(actor, permissions.ASSIGN)
    with command():
        session = _lock_session(actor, session_id)
        list(Resource.objects.select_for_update(no_key=True).filter(pk=person_id).values_list("pk"))
        person = StaffMember.objects.filter(pk=person_id, in_use=True).first()
        if person is None:
            raise NotPossibleError(GONE)
        _demand_free(session, person)
        return SessionStaff.objects.create(session=session, staff_member=person)


def remove_from_team(*, actor: User, session_id: int, person_id: int) -> None:
    """Take somebody off a session's team; operations that hold the person keep them."""
    authorise(actor, permissions.ASSIGN)
    with command():
        session = _lock_session(actor, session_id)
        deleted, _ = SessionStaff.objects.filter(session=session, staff_member=person_id).delete()
        if not deleted:
            raise NotPossibleError("This person is not on the team any more.")


@dataclass(slots=True, kw_only=True)
class Applied:
    """How many posts were filled, and what was not done and why."""

    posts: int
    refused: list[str]


def apply_team(*, actor: User, session_id: int) -> Applied:
    """Fill what the session's operations still lack from its team, each post as a command of its own.

    All the rules are asked, as for any assignment; what one of them speaks against is left out and told.
    """
    authorise(actor, permissions.ASSIGN)
    session = TheatreSession.objects.filter(pk=session_id).first()
    if session is None:
        raise NotPossibleError(GONE)
    demand_place(actor, permissions.ASSIGN, theatre_id=session.theatre_id, specialty_id=session.specialty_id)
    members = list(StaffMember.objects.filter(session_teams__session=session).order_by("name"))
    applied = Applied(posts=0, refused=[])
    for operation in operations_of(session).visible_to(actor, permissions.ASSIGN):
        _staff(actor, operation, members, applied)
    return applied


def operations_of(session: TheatreSession) -> OperationQuerySet:
    """Return the operations that begin in the session and may still change, in order."""
    rows = Operation.objects.filter(theatre=session.theatre_id, status__in=MOVABLE)
    period = Period.of(session.period)
    return rows.filter(period__startswith__gte=period.start, period__startswith__lt=period.end).order_by("period")


def _staff(actor: User, operation: Operation, members: list[StaffMember], applied: Applied) -> None:
    rows = Reservation.objects.filter(operation=operation, active=True)
    held = dict(rows.values_list("resource_id", "role"))
    lacking = Counter(dict(OperationStaff.objects.filter(operation=operation).values_list("role", "quantity")))
    lacking.subtract(held.values())
    version = operation.version
    for role, many in lacking.items():
        able = [one for one in members if one.pk not in held and one.profession in PROFESSIONS.get(role, ())]
        for person in able[: max(0, many)]:
            try:
                done = assign_resource(
                    actor=actor, operation_id=operation.pk, version=version, resource_id=person.pk, role=role
                )
            except SchedulingConflictError as error:
                said = " ".join(conflict.message for conflict in masked_for(actor, error.conflicts))
                applied.refused.append(f"Case {operation.pk}, {person}: {said}")
            except (SchedulingError, NotOnCareTeamError) as error:
                applied.refused.append(f"Case {operation.pk}, {person}: {error}")
            else:
                version, held[person.pk] = done.version, role
                applied.posts += 1


def _lock_session(actor: User, session_id: int) -> TheatreSession:
    session = TheatreSession.objects.select_for_update(no_key=True).filter(pk=session_id).first()
    if session is None:
        raise NotPossibleError(GONE)
    demand_place(actor, permissions.ASSIGN, theatre_id=session.theatre_id, specialty_id=session.specialty_id)
    if Period.of(session.period).end <= timezone.now():
        raise NotPossibleError("This session is over; its team stays as it was.")
    return session


def _demand_free(session: TheatreSession, person: StaffMember) -> None:
    others = SessionStaff.objects.filter(staff_member=person, session__period__overlap=session.period)
    other = others.select_related("session__theatre").first()
    if other and other.session_id == session.pk:
        raise NotPossibleError(f"{person} is on this team already.")
    if other:
        where = f"{other.session.theatre}, {Period.of(other.session.period)}"
        raise NotPossibleError(f"{person} is on another team then: {where}. Take them off that one first.")
    away = Unavailability.objects.filter(resource=person, period__overlap=session.period).first()
    if away:
        raise NotPossibleError(f"{person} is away then. Choose somebody else.")
