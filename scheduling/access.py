"""Which operations are open to whom: the one place that says so.

A role opens operations at its sites and in its specialties; what it opens beyond that differs by role.
A person's care teams, emergency access and the patients' own blocks come on top (:mod:`patients.access`).
Everything here is a condition for the database: lists, counts, searches and pages ask the same one.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import BooleanField, Case, Exists, OuterRef, Q, Value, When
from django.utils import timezone

from accounts.grants import Grant
from accounts.models import User
from accounts.roles import Role
from patients import permissions as patient_permissions
from patients.access import EVERYTHING, NOTHING, but_confidential, combine, is_blocked
from patients.conditions import holds
from resources.models import StaffMember, Theatre
from scheduling import permissions
from scheduling.querysets import local_midnight

WARD_DAYS = (-1, 14)
"""A ward prepares patients for two weeks ahead and has those of yesterday."""
ELSEWHERE = "Your role is limited to other sites or specialties. Ask a theatre coordinator."
NAMING = frozenset({permissions.VIEW_OPERATION, patient_permissions.VIEW})
"""What a role has to hold to know whose operation it is."""


def listed(user: User, capability: str = permissions.VIEW_OPERATION) -> Q:
    """Return the operations that lists show to ``user``; of a confidential patient's only that there is one."""
    if not user.can(capability):
        return NOTHING
    grants = user.grants_of(capability)
    if capability == permissions.VIEW_OPERATION:
        grants = tuple(grant for grant in grants if grant.capabilities >= NAMING)
    return combine(user, _reach(user, grants, capability), "patient_id") if grants else NOTHING


def opened(user: User, capability: str = permissions.VIEW_OPERATION) -> Q:
    """Return the operations that ``user`` may open, or, by another capability, work on."""
    if not user.can(capability):
        return NOTHING
    return but_confidential(user, listed(user, capability), _close(user), "patient__")


def shown_nameless(user: User) -> Q:
    """Return the operations that ``user`` sees on the schedule without knowing whose they are."""
    grants = [grant for grant in user.grants_of(permissions.VIEW_SCHEDULE) if not grant.capabilities >= NAMING]
    return _reach(user, grants, permissions.VIEW_SCHEDULE) if grants else NOTHING


def flag(condition: Q) -> Case:
    """Return a condition as a column."""
    return Case(When(condition, then=Value(True)), default=Value(False), output_field=BooleanField())  # noqa: FBT003


def patients_by_role(user: User) -> Q:
    """Return the patients whom roles open: by an operation, or, to those who list, by having none yet."""
    from scheduling.models import Operation  # noqa: PLC0415  # whose queryset asks this module

    grants = user.grants_of(patient_permissions.VIEW)
    reach = _reach(user, grants, patient_permissions.VIEW)
    if not grants or reach == EVERYTHING:
        return reach if grants else NOTHING
    theirs = Operation.objects.filter(patient=OuterRef("pk"))
    found = Q(Exists(theirs.filter(reach)))
    return found | ~Q(Exists(theirs)) if any(grant.role not in REACH for grant in grants) else found


def parts_of_reach(user: User, capability: str) -> list[Q] | None:
    """Return conditions that together are the operations which roles open, each of which an index answers.

    ``None`` where a role opens all operations, or patients without any.
    """
    parts: list[Q] = []
    for grant in user.grants_of(capability):
        if grant.role not in REACH:
            return None
        if grant.role == Role.SURGEON:
            limits = _limits(grant)
            theirs = holds("specialty_id", _MY_SPECIALTY, user.pk)
            parts.append(theirs if limits == EVERYTHING else theirs & limits)
            parts.append(holds("lead_surgeon_id", _IS_ME, user.pk))
            parts.append(holds("pk", _TEAMS_OF, user.pk))
            parts.append(holds("pk", _ASKED_BY, "requested", user.pk))
        else:
            parts.append(_by(user, grant, capability))
    return parts


def patients_restricted_by(user: User) -> Q:
    """Return the patients of whom ``user`` may say who sees them: within the role's limits, never against a block."""
    from scheduling.models import Operation  # noqa: PLC0415

    grants = user.grants_of(patient_permissions.RESTRICT)
    reach = _reach(user, grants, patient_permissions.RESTRICT)
    if reach != EVERYTHING:
        reach = Q(Exists(Operation.objects.filter(reach, patient=OuterRef("pk"))))
    return reach & ~is_blocked(user) & Q(merged_into=None)


def patients_close(user: User) -> Q:
    """Return the patients whose confidential record is open to ``user`` without a reason."""
    from scheduling.models import Operation  # noqa: PLC0415

    close = _close(user)
    return close if close == EVERYTHING else Q(Exists(Operation.objects.filter(close, patient=OuterRef("pk"))))


def patients_treated(user: User) -> Q:
    """Return the patients whose operation ``user`` leads or is on the team of."""
    from scheduling.models import Operation  # noqa: PLC0415

    return Q(Exists(Operation.objects.filter(treated_by(user), patient=OuterRef("pk"))))


def demand_place(
    actor: User, capability: str, *, theatre_id: int | None = None, specialty_id: int | None = None
) -> None:
    """Raise :class:`PermissionDenied` unless a role of ``actor`` with ``capability`` reaches the place."""
    grants = [g for g in actor.grants_of(capability) if not g.specialties or specialty_id in {None, *g.specialties}]
    if any(not grant.sites or theatre_id is None for grant in grants):
        return
    site = Theatre.objects.filter(pk=theatre_id or 0).values_list("site", flat=True).first()
    if not any(site in grant.sites for grant in grants):
        raise PermissionDenied(ELSEWHERE)


def staff_within(actor: User, capability: str) -> Q:
    """Return the people whom a role of ``actor`` with ``capability`` reaches: those of its sites and specialties.

    Who has no site, or no specialty, belongs to the whole hospital: roles with such a limit do not reach them.
    """
    found = NOTHING
    for grant in actor.grants_of(capability):
        if not grant.is_limited:
            return EVERYTHING
        here = Q(pk__in=StaffMember.objects.filter(site__in=grant.sites).values("pk")) if grant.sites else EVERYTHING
        if grant.specialties:
            theirs = Q(pk__in=StaffMember.objects.filter(specialties__in=grant.specialties).values("pk"))
            here = theirs if here == EVERYTHING else here & theirs
        found |= here
    return found


def _reach(user: User, grants: Iterable[Grant], capability: str) -> Q:
    found = NOTHING
    for grant in grants:
        part = _by(user, grant, capability)
        if part == EVERYTHING:
            return EVERYTHING
        found |= part
    return found


def _by(user: User, grant: Grant, capability: str) -> Q:
    special = REACH.get(grant.role)
    limits = _limits(grant)
    return special(user, limits, capability) if special else limits


def _limits(grant: Grant) -> Q:
    within = EVERYTHING
    if grant.specialties:
        within = Q(specialty__in=grant.specialties)
    if grant.sites:
        here = holds("theatre_id", _AT_SITES, sorted(grant.sites))
        within = here if within == EVERYTHING else within & here
    return within


_AT_SITES = "{0} IS NULL OR {0} IN (SELECT resource_ptr_id FROM resources_theatre WHERE site_id = ANY (%s))"
_IS_ME = "{} IN (SELECT resource_ptr_id FROM resources_staffmember WHERE user_id = %s)"
_ON_TEAM = """
    EXISTS (SELECT FROM scheduling_reservation AS held
            WHERE held.operation_id = {} AND held.active AND held.resource_id IN (
                SELECT resource_ptr_id FROM resources_staffmember WHERE user_id = %s))
"""
_ASKED = """
    EXISTS (SELECT FROM scheduling_operationchange AS change
            WHERE change.operation_id = {} AND change.verb = %s AND change.actor_id = %s)
"""
_MY_SPECIALTY = """
    {} IN (SELECT practised.specialty_id FROM resources_staffmember_specialties AS practised
           JOIN resources_staffmember AS member ON member.resource_ptr_id = practised.staffmember_id
           WHERE member.user_id = %s)
"""


_TEAMS_OF = """
    {} IN (SELECT held.operation_id FROM scheduling_reservation AS held
           JOIN resources_staffmember AS member ON member.resource_ptr_id = held.resource_id
           WHERE held.active AND member.user_id = %s)
"""
_ASKED_BY = """
    {} IN (SELECT change.operation_id FROM scheduling_operationchange AS change
           WHERE change.verb = %s AND change.actor_id = %s)
"""


def mine(user: User) -> Q:
    """Return the operations that ``user`` leads, is on the team of, or asked for."""
    return treated_by(user) | holds("pk", _ASKED, "requested", user.pk)


def treated_by(user: User) -> Q:
    """Return the operations that ``user`` leads or is on the team of."""
    return holds("lead_surgeon_id", _IS_ME, user.pk) | holds("pk", _ON_TEAM, user.pk)


def _of_surgeon(user: User, limits: Q, capability: str) -> Q:
    if capability == patient_permissions.MANAGE_CARE_TEAM:
        return mine(user)
    theirs = holds("specialty_id", _MY_SPECIALTY, user.pk)
    # The column first: PostgreSQL asks the parts of an OR in this order, and the others look into other tables.
    return (theirs if limits == EVERYTHING else theirs & limits) | mine(user)


def _of_ward(user: User, limits: Q, capability: str) -> Q:  # noqa: ARG001  # one shape for every role
    today = timezone.localdate()
    first, last = (today + timedelta(days=days) for days in WARD_DAYS)
    window = Q(period__overlap=DateTimeTZRange(local_midnight(first), local_midnight(last + timedelta(days=1))))
    return window if limits == EVERYTHING else window & limits


REACH: dict[str, Callable[[User, Q, str], Q]] = {Role.SURGEON: _of_surgeon, Role.WARD_NURSE: _of_ward}
"""What a role opens where its limits alone do not say; the others open all within their limits."""


def _close(user: User) -> Q:
    """Return the operations of patients whom ``user`` coordinates or treats."""
    coordinating = [grant for grant in user.grants if grant.role == Role.COORDINATOR]
    reach = _reach(user, coordinating, permissions.VIEW_OPERATION)
    return EVERYTHING if reach == EVERYTHING else reach | mine(user)
